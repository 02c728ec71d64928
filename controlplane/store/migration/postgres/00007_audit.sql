-- +goose Up
-- Who signed in, read what is confidential and changed what. Each hash is over the event and the hash before.
CREATE TABLE audit_event (
  sequence   BIGINT NOT NULL PRIMARY KEY,
  at         BIGINT NOT NULL, -- microseconds
  actor      TEXT COLLATE "C" NOT NULL,
  role       TEXT NOT NULL,
  address    TEXT NOT NULL,
  action     TEXT COLLATE "C" NOT NULL,
  targets    TEXT NOT NULL, -- one a line
  revision   BIGINT NOT NULL,
  outcome    TEXT COLLATE "C" NOT NULL,
  count      BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  detail     TEXT NOT NULL,
  hash       BYTEA NOT NULL
);
CREATE INDEX audit_event_actor ON audit_event (actor, sequence);
CREATE INDEX audit_event_action ON audit_event (action, sequence);
CREATE INDEX audit_event_at ON audit_event (at, sequence);

-- Where the chain ends, and what retention removed last. Whoever adds an event locks this row.
CREATE TABLE audit_head (
  id              BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence        BIGINT NOT NULL,
  hash            BYTEA NOT NULL,
  anchor_sequence BIGINT NOT NULL,
  anchor_hash     BYTEA NOT NULL
);
INSERT INTO audit_head (id, sequence, hash, anchor_sequence, anchor_hash)
VALUES (1, 0, '\x0000000000000000000000000000000000000000000000000000000000000000', 0, '\x0000000000000000000000000000000000000000000000000000000000000000');

