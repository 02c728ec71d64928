-- The same tables as for PostgreSQL; see there what they are for.

-- +goose Up

CREATE TABLE import_run (
  id           TEXT    NOT NULL PRIMARY KEY,
  provider_uid TEXT    NOT NULL,
  provider     TEXT    NOT NULL,
  start_us     INTEGER NOT NULL,
  record       BLOB    NOT NULL
) STRICT;
CREATE INDEX import_run_by_start ON import_run (start_us, id);
CREATE INDEX import_run_by_provider ON import_run (provider, start_us, id);
CREATE INDEX import_run_by_provider_uid ON import_run (provider_uid, start_us, id);

CREATE TABLE import_schedule (
  provider_uid TEXT    NOT NULL PRIMARY KEY,
  last_us      INTEGER NOT NULL,
  failures     INTEGER NOT NULL
) STRICT;
