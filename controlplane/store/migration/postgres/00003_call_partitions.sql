-- Calls by day, so that old ones are dropped with their table instead of being deleted row
-- by row. A row of a day that has no table of its own is in the default one. What is unique
-- holds the day's column too: a call is the same call when both id and start are.

-- +goose Up

ALTER TABLE call RENAME TO call_before;
ALTER TABLE call_before RENAME CONSTRAINT call_pkey TO call_before_pkey;
ALTER TABLE call_provider RENAME TO call_provider_before;
ALTER TABLE call_provider_before RENAME CONSTRAINT call_provider_pkey TO call_provider_before_pkey;
DROP INDEX call_by_start, call_by_group, call_by_api_key, call_by_outcome, call_by_status, call_provider_by_call;

CREATE TABLE call (
  id         TEXT COLLATE "C" NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
  node       TEXT    NOT NULL,
  start_us   BIGINT  NOT NULL,
  group_name TEXT COLLATE "C" NOT NULL,
  api_key    TEXT COLLATE "C" NOT NULL,
  outcome    TEXT COLLATE "C" NOT NULL,
  status     INTEGER NOT NULL,
  record     BYTEA   NOT NULL,
  PRIMARY KEY (start_us, id)
) PARTITION BY RANGE (start_us);
CREATE TABLE call_default PARTITION OF call DEFAULT;

-- Without a reference to call: a day's rows go with the day's table.
CREATE TABLE call_provider (
  provider TEXT COLLATE "C" NOT NULL,
  start_us BIGINT NOT NULL,
  call_id  TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (provider, start_us, call_id)
) PARTITION BY RANGE (start_us);
CREATE TABLE call_provider_default PARTITION OF call_provider DEFAULT;

-- +goose StatementBegin
DO $$
DECLARE
  day  BIGINT;
  name TEXT;
BEGIN
  -- From 2024 to 9999; other days have no name and stay in the default table.
  FOR day IN SELECT DISTINCT start_us / 86400000000 FROM call_before WHERE start_us / 86400000000 BETWEEN 19723 AND 2932896 LOOP
    name := to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD');
    EXECUTE format('CREATE TABLE %I PARTITION OF call FOR VALUES FROM (%s) TO (%s)',
      'call_' || name, day * 86400000000, (day + 1) * 86400000000);
    EXECUTE format('CREATE TABLE %I PARTITION OF call_provider FOR VALUES FROM (%s) TO (%s)',
      'call_provider_' || name, day * 86400000000, (day + 1) * 86400000000);
  END LOOP;
END
$$;
-- +goose StatementEnd

INSERT INTO call SELECT id, node, start_us, group_name, api_key, outcome, status, record FROM call_before;
INSERT INTO call_provider SELECT provider, start_us, call_id FROM call_provider_before;
DROP TABLE call_provider_before;
DROP TABLE call_before;

CREATE INDEX call_by_id      ON call (id);
CREATE INDEX call_by_group   ON call (group_name, start_us, id);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id);
CREATE INDEX call_by_outcome ON call (outcome, start_us, id);
CREATE INDEX call_by_status  ON call (status, start_us, id);
CREATE INDEX call_provider_by_call ON call_provider (start_us, call_id);
