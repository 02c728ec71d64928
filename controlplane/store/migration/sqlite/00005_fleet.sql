-- The same tables as for PostgreSQL; see there what they are for.

-- +goose Up

CREATE TABLE replica (
  id      TEXT    PRIMARY KEY,
  beat    INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
  name       TEXT    PRIMARY KEY,
  replica    TEXT    NOT NULL,
  boot_id    TEXT    NOT NULL,
  opened     INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  drain_boot TEXT    NOT NULL DEFAULT '',
  record     BLOB    NOT NULL
) STRICT;

CREATE TABLE node_order (
  id         TEXT    PRIMARY KEY,
  node       TEXT    NOT NULL,
  expires_at INTEGER NOT NULL,
  taken_by   TEXT    NOT NULL DEFAULT '',
  what       TEXT    NOT NULL
) STRICT;
