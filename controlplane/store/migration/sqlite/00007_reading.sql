-- The same as for PostgreSQL; see there what it is for.

-- +goose Up

CREATE TABLE usage_minute_part (
  bucket        INTEGER NOT NULL,
  property      TEXT NOT NULL,
  value         TEXT NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  ok_calls      INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  saved_calls   INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_hour_part (
  bucket        INTEGER NOT NULL,
  property      TEXT NOT NULL,
  value         TEXT NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  ok_calls      INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  saved_calls   INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_day_part (
  bucket        INTEGER NOT NULL,
  property      TEXT NOT NULL,
  value         TEXT NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  ok_calls      INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  saved_calls   INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) STRICT, WITHOUT ROWID;

ALTER TABLE call ADD COLUMN model       TEXT    NOT NULL DEFAULT '';
ALTER TABLE call ADD COLUMN stream      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN duration_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN stored_us   INTEGER NOT NULL DEFAULT 0;
CREATE INDEX call_by_stored ON call (stored_us);

DROP INDEX call_by_group;
DROP INDEX call_by_api_key;
CREATE INDEX call_by_group   ON call (group_name, start_us, id, outcome, status);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id, outcome, status);

CREATE TABLE call_provider_new (
  provider   TEXT    NOT NULL CHECK (instr(provider, char(0)) = 0),
  start_us   INTEGER NOT NULL,
  call_id    TEXT    NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  group_name TEXT    NOT NULL,
  api_key    TEXT    NOT NULL,
  outcome    TEXT    NOT NULL,
  status     INTEGER NOT NULL,
  node       TEXT    NOT NULL,
  model      TEXT    NOT NULL,
  stream     INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  PRIMARY KEY (provider, start_us, call_id)
) STRICT, WITHOUT ROWID;
INSERT INTO call_provider_new SELECT p.provider, p.start_us, p.call_id, c.group_name, c.api_key, c.outcome, c.status, c.node, '', 0, 0
  FROM call_provider p JOIN call c ON c.id = p.call_id;
DROP TABLE call_provider;
ALTER TABLE call_provider_new RENAME TO call_provider;
CREATE INDEX call_provider_by_call ON call_provider (call_id);
