-- The same tables as for PostgreSQL; see there what they are for.

-- +goose Up

CREATE TABLE usage_minute (
  bucket        INTEGER NOT NULL,
  group_name    TEXT    NOT NULL,
  provider      TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_hour (
  bucket        INTEGER NOT NULL,
  group_name    TEXT    NOT NULL,
  provider      TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_key_hour (
  bucket        INTEGER NOT NULL,
  api_key       TEXT    NOT NULL,
  group_name    TEXT    NOT NULL,
  provider      TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, api_key, group_name, provider, model, outcome, status, shard)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_key_hour_by_key ON usage_key_hour (api_key, bucket);
