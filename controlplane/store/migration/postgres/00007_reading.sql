-- What the reading side needs to stay fast with a hundred million calls.
--
-- Sums of one property each (property: '', group, provider, model or outcome; '' is the sum
-- over everything), beside those by every combination: nearly every question is about one
-- property or none, and there are few values of each. Per day there are those of API keys
-- (property api_key) too.
-- Nothing is made of calls that were stored before: no version without this was released.

-- +goose Up

CREATE TABLE usage_minute_part (
  bucket        BIGINT  NOT NULL,
  property      TEXT COLLATE "C" NOT NULL,
  value         TEXT COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  ok_calls      BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  saved_calls   BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA   NOT NULL,
  first_token   BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) WITH (fillfactor = 80);

CREATE TABLE usage_hour_part (
  bucket        BIGINT  NOT NULL,
  property      TEXT COLLATE "C" NOT NULL,
  value         TEXT COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  ok_calls      BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  saved_calls   BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA   NOT NULL,
  first_token   BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) WITH (fillfactor = 80);

CREATE TABLE usage_day_part (
  bucket        BIGINT  NOT NULL,
  property      TEXT COLLATE "C" NOT NULL,
  value         TEXT COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  ok_calls      BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  saved_calls   BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA   NOT NULL,
  first_token   BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) WITH (fillfactor = 80);

-- What else calls are searched by. The model is the upstream one that answered.
ALTER TABLE call ADD COLUMN model       TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE call ADD COLUMN stream      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN duration_us BIGINT  NOT NULL DEFAULT 0;

-- When a call was stored, for those who follow along. Rows lie in this order, so an index
-- of a few pages is enough.
ALTER TABLE call ADD COLUMN stored_us   BIGINT  NOT NULL DEFAULT 0;
CREATE INDEX call_by_stored ON call USING BRIN (stored_us) WITH (pages_per_range = 32, autosummarize = on);

-- The columns behind the position are tested in the index, before the row is fetched.
DROP INDEX call_by_group, call_by_api_key;
CREATE INDEX call_by_group   ON call (group_name, start_us, id, outcome, status);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id, outcome, status);

-- A call's provider is found together with what else is searched by, without the call.
ALTER TABLE call_provider DROP CONSTRAINT call_provider_pkey;
DROP INDEX call_provider_by_call; -- rows of a day go with the day's table
ALTER TABLE call_provider ADD COLUMN group_name  TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE call_provider ADD COLUMN api_key     TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE call_provider ADD COLUMN outcome     TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE call_provider ADD COLUMN status      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_provider ADD COLUMN node        TEXT    NOT NULL DEFAULT '';
ALTER TABLE call_provider ADD COLUMN model       TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE call_provider ADD COLUMN stream      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE call_provider ADD COLUMN duration_us BIGINT  NOT NULL DEFAULT 0;
UPDATE call_provider p SET group_name = c.group_name, api_key = c.api_key, outcome = c.outcome, status = c.status, node = c.node
  FROM call c WHERE c.start_us = p.start_us AND c.id = p.call_id;
CREATE INDEX call_provider_by_provider ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status);
