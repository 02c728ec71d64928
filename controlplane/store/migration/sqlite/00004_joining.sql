-- The same tables as for PostgreSQL; see there what they are for.

-- +goose Up

CREATE TABLE join_token (
  id         TEXT    NOT NULL PRIMARY KEY,
  sealed_key BLOB    NOT NULL,
  note       TEXT    NOT NULL,
  created_by TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  max_uses   INTEGER NOT NULL,
  uses       INTEGER NOT NULL DEFAULT 0 CHECK (uses <= max_uses)
) STRICT;

CREATE TABLE join_token_use (
  token_id TEXT    NOT NULL REFERENCES join_token (id) ON DELETE CASCADE,
  use      INTEGER NOT NULL,
  node     TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (token_id, use)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_identity (
  node       TEXT    NOT NULL PRIMARY KEY,
  key_hash   BLOB    NOT NULL,
  token_id   TEXT    NOT NULL,
  joined_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  revoked_by TEXT    NOT NULL DEFAULT ''
) STRICT;
