-- How imports of providers' models went, of each provider the last few; record is a
-- trunkline.admin.v1.ImportRun. What imports changed is in the change log.

-- +goose Up

CREATE TABLE import_run (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  provider_uid TEXT COLLATE "C" NOT NULL,
  provider     TEXT COLLATE "C" NOT NULL,
  start_us     BIGINT NOT NULL,
  record       BYTEA  NOT NULL
);
CREATE INDEX import_run_by_start ON import_run (start_us, id);
CREATE INDEX import_run_by_provider ON import_run (provider, start_us, id);
CREATE INDEX import_run_by_provider_uid ON import_run (provider_uid, start_us, id);

-- When each provider was imported by its schedule last, and how often in a row that failed.
CREATE TABLE import_schedule (
  provider_uid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  last_us      BIGINT  NOT NULL,
  failures     INTEGER NOT NULL
);
