-- Sums over calls, written in the transaction that stores the calls. A shard belongs to
-- some of the nodes, so that nodes that report at the same time rarely wait for each other;
-- whoever reads adds the shards up. The amount of money is cost_micro micro-USD and
-- cost_pico (0 to 999999) pico-USD. Histograms are in a form of our own.

-- +goose Up

-- Per minute, for graphs of hours and days; kept 90 days.
CREATE TABLE usage_minute (
  bucket        BIGINT  NOT NULL,
  group_name    TEXT COLLATE "C" NOT NULL,
  provider      TEXT COLLATE "C" NOT NULL,
  model         TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA  NOT NULL,
  first_token   BYTEA  NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) WITH (fillfactor = 80);

-- Per hour; kept two years.
CREATE TABLE usage_hour (
  bucket        BIGINT  NOT NULL,
  group_name    TEXT COLLATE "C" NOT NULL,
  provider      TEXT COLLATE "C" NOT NULL,
  model         TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA  NOT NULL,
  first_token   BYTEA  NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) WITH (fillfactor = 80);

-- Per hour and API key; kept two years.
CREATE TABLE usage_key_hour (
  bucket        BIGINT  NOT NULL,
  api_key       TEXT COLLATE "C" NOT NULL,
  group_name    TEXT COLLATE "C" NOT NULL,
  provider      TEXT COLLATE "C" NOT NULL,
  model         TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA  NOT NULL,
  first_token   BYTEA  NOT NULL,
  PRIMARY KEY (bucket, api_key, group_name, provider, model, outcome, status, shard)
) WITH (fillfactor = 80);
CREATE INDEX usage_key_hour_by_key ON usage_key_hour (api_key, bucket);
