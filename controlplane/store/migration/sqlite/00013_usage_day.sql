-- +goose Up

-- What usage_hour has, per UTC day: questions about several properties of a month read a twenty-fourth of the rows.
CREATE TABLE usage_day (
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
-- The hours of before are shards of their days: readers add those up.
INSERT INTO usage_day SELECT bucket - bucket % 86400000000, group_name, provider, model, outcome, status, 8 + bucket % 86400000000 / 3600000000 * 8 + shard,
  calls, attempts, failovers, input_tokens, cached_tokens, output_tokens, cost_micro, cost_pico, duration_us, latency, first_token FROM usage_hour;
