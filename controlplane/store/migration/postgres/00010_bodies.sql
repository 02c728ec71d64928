-- Bodies of calls, of groups that keep them: encrypted, each with a key of its own, which
-- the control plane's key wraps. They are apart from calls: most calls have none, and they
-- are kept for a shorter time.

-- +goose Up

CREATE TABLE call_body (
  call_id     TEXT COLLATE "C" PRIMARY KEY,
  api_key     TEXT COLLATE "C" NOT NULL,
  start_us    BIGINT NOT NULL,
  expires_us  BIGINT NOT NULL,
  wrapped_key BYTEA NOT NULL,
  ciphertext  BYTEA NOT NULL
);
CREATE INDEX call_body_by_api_key ON call_body (api_key);
CREATE INDEX call_body_by_start   ON call_body (start_us);
CREATE INDEX call_body_by_expiry  ON call_body (expires_us);

-- Who read which body; kept for two years.
CREATE TABLE call_body_read (
  id      TEXT PRIMARY KEY,
  call_id TEXT COLLATE "C" NOT NULL,
  at_us   BIGINT NOT NULL,
  actor   TEXT NOT NULL
);
CREATE INDEX call_body_read_by_call ON call_body_read (call_id, at_us);
CREATE INDEX call_body_read_by_time ON call_body_read (at_us);

-- Tokens read no bodies unless they are made for it.
ALTER TABLE token ADD COLUMN read_bodies INTEGER NOT NULL DEFAULT 0;
