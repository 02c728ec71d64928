-- The same tables as for PostgreSQL; see there what they are for. Times are microseconds
-- since the Unix epoch, UTC.

-- +goose Up

CREATE TABLE config_version (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  lineage  TEXT    NOT NULL
) STRICT;

CREATE TABLE resource (
  kind       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  uid        TEXT    NOT NULL UNIQUE,
  revision   INTEGER NOT NULL,
  spec       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT;

CREATE TABLE change (
  revision INTEGER NOT NULL,
  position INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  actor    TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  uid      TEXT    NOT NULL,
  op       TEXT    NOT NULL,
  before   TEXT,
  after    TEXT,
  PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
  ref        TEXT    NOT NULL PRIMARY KEY,
  ciphertext BLOB    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- NUL in text is refused here because PostgreSQL refuses it: both engines agree.
CREATE TABLE call (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node       TEXT    NOT NULL,
  start_us   INTEGER NOT NULL,
  group_name TEXT    NOT NULL,
  api_key    TEXT    NOT NULL,
  outcome    TEXT    NOT NULL,
  status     INTEGER NOT NULL,
  record     BLOB    NOT NULL,
  CHECK (instr(id, char(0)) + instr(node, char(0)) + instr(group_name, char(0))
    + instr(api_key, char(0)) + instr(outcome, char(0)) = 0)
) STRICT;
CREATE INDEX call_by_start   ON call (start_us, id);
CREATE INDEX call_by_group   ON call (group_name, start_us, id);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id);
CREATE INDEX call_by_outcome ON call (outcome, start_us, id);
CREATE INDEX call_by_status  ON call (status, start_us, id);

CREATE TABLE call_provider (
  provider TEXT    NOT NULL CHECK (instr(provider, char(0)) = 0),
  start_us INTEGER NOT NULL,
  call_id  TEXT    NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  PRIMARY KEY (provider, start_us, call_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_provider_by_call ON call_provider (call_id);

CREATE TABLE session (
  hash       BLOB    NOT NULL PRIMARY KEY,
  username   TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE token (
  name       TEXT    NOT NULL PRIMARY KEY,
  hash       BLOB    NOT NULL UNIQUE,
  last_four  TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER            -- null: never
) STRICT;
