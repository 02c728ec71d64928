-- Times are microseconds since the Unix epoch, UTC. Keys sort by bytes, whatever the
-- locale of the database.

-- +goose Up

-- One row. Whoever commits a configuration holds it locked, so commit order is revision order.
CREATE TABLE config_version (
  id       SMALLINT PRIMARY KEY CHECK (id = 1),
  revision BIGINT   NOT NULL,
  lineage  TEXT     NOT NULL
);

-- The present state of the configuration.
CREATE TABLE resource (
  kind       TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  uid        TEXT   NOT NULL UNIQUE,
  revision   BIGINT NOT NULL,
  spec       JSON   NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (kind, name)
);

-- Every change, in order. One commit is one revision and may hold several lines.
CREATE TABLE change (
  revision BIGINT  NOT NULL,
  position INTEGER NOT NULL,
  at       BIGINT  NOT NULL,
  actor    TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  uid      TEXT    NOT NULL,
  op       TEXT    NOT NULL,
  before   JSON,
  after    JSON,
  PRIMARY KEY (revision, position)
);

CREATE TABLE secret (
  ref        TEXT COLLATE "C" PRIMARY KEY,
  ciphertext BYTEA  NOT NULL,
  created_at BIGINT NOT NULL
);

-- What calls are searched by, beside the whole record. PostgreSQL refuses NUL in text by
-- itself; a row without id, or with one that no node makes, is refused here.
CREATE TABLE call (
  id         TEXT COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node       TEXT    NOT NULL,
  start_us   BIGINT  NOT NULL,
  group_name TEXT COLLATE "C" NOT NULL,
  api_key    TEXT COLLATE "C" NOT NULL,
  outcome    TEXT COLLATE "C" NOT NULL,
  status     INTEGER NOT NULL,
  record     BYTEA   NOT NULL
);
CREATE INDEX call_by_start   ON call (start_us, id);
CREATE INDEX call_by_group   ON call (group_name, start_us, id);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id);
CREATE INDEX call_by_outcome ON call (outcome, start_us, id);
CREATE INDEX call_by_status  ON call (status, start_us, id);

-- Each provider that answered or failed a call.
CREATE TABLE call_provider (
  provider TEXT COLLATE "C" NOT NULL,
  start_us BIGINT NOT NULL,
  call_id  TEXT COLLATE "C" NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  PRIMARY KEY (provider, start_us, call_id)
);
CREATE INDEX call_provider_by_call ON call_provider (call_id);

CREATE TABLE session (
  hash       BYTEA  PRIMARY KEY,
  username   TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE token (
  name       TEXT COLLATE "C" PRIMARY KEY,
  hash       BYTEA  NOT NULL UNIQUE,
  last_four  TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT            -- null: never
);
