-- The same tables as for PostgreSQL; see there what they are for.

-- +goose Up

CREATE TABLE revocation (
  hash     BLOB NOT NULL PRIMARY KEY,
  key_name TEXT NOT NULL,
  uid      TEXT NOT NULL,
  revision INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  cut      INTEGER NOT NULL
) STRICT;

CREATE TABLE replaced_lineage (
  lineage     TEXT PRIMARY KEY,
  revision    INTEGER NOT NULL,
  actor       TEXT NOT NULL,
  replaced_at INTEGER NOT NULL
) STRICT;
