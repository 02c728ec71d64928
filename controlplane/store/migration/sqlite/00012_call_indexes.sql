-- +goose Up

-- Nearly all calls end ok, with 200: an index of all outcomes and statuses costs each of them and finds what the list by time finds as well.
DROP INDEX call_by_outcome;
DROP INDEX call_by_status;
CREATE INDEX call_by_outcome ON call (outcome, start_us, id, group_name, api_key, status) WHERE outcome <> 'ok';
CREATE INDEX call_by_status  ON call (status, start_us, id, group_name, api_key, outcome) WHERE status <> 200;

-- Without a reference to call, which costs each row a look and each statement a journal: both tables are written and
-- emptied in one transaction.
CREATE TABLE call_provider_new (
  provider    TEXT    NOT NULL CHECK (instr(provider, char(0)) = 0),
  start_us    INTEGER NOT NULL,
  call_id     TEXT    NOT NULL,
  group_name  TEXT    NOT NULL,
  api_key     TEXT    NOT NULL,
  outcome     TEXT    NOT NULL,
  status      INTEGER NOT NULL,
  node        TEXT    NOT NULL,
  model       TEXT    NOT NULL,
  stream      INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  failed_over INTEGER NOT NULL,
  cost_pico   INTEGER NOT NULL,
  attempt_outcomes TEXT NOT NULL, -- of the attempts on this provider
  PRIMARY KEY (provider, start_us, call_id)
) STRICT, WITHOUT ROWID;
INSERT INTO call_provider_new SELECT provider, start_us, call_id, group_name, api_key, outcome, status, node, model, stream, duration_us,
  failed_over, cost_pico, attempt_outcomes FROM call_provider;
DROP TABLE call_provider;
ALTER TABLE call_provider_new RENAME TO call_provider;
CREATE INDEX call_provider_by_start    ON call_provider (start_us, call_id);
CREATE INDEX call_provider_failed      ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status) WHERE outcome <> 'ok';
CREATE INDEX call_provider_failed_over ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status) WHERE failed_over = 1;
