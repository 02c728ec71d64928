-- +goose Up
-- Who signed in, read what is confidential and changed what. Each hash is over the event and the hash before.
CREATE TABLE audit_event (
  sequence   INTEGER NOT NULL PRIMARY KEY,
  at         INTEGER NOT NULL, -- microseconds
  actor      TEXT NOT NULL,
  role       TEXT NOT NULL,
  address    TEXT NOT NULL,
  action     TEXT NOT NULL,
  targets    TEXT NOT NULL, -- one a line
  revision   INTEGER NOT NULL,
  outcome    TEXT NOT NULL,
  count      INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  detail     TEXT NOT NULL,
  hash       BLOB NOT NULL
) STRICT;
CREATE INDEX audit_event_actor ON audit_event (actor, sequence);
CREATE INDEX audit_event_action ON audit_event (action, sequence);
CREATE INDEX audit_event_at ON audit_event (at, sequence);

-- Where the chain ends, and what retention removed last. Whoever adds an event locks this row.
CREATE TABLE audit_head (
  id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence        INTEGER NOT NULL,
  hash            BLOB NOT NULL,
  anchor_sequence INTEGER NOT NULL,
  anchor_hash     BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (id, sequence, hash, anchor_sequence, anchor_hash)
VALUES (1, 0, zeroblob(32), 0, zeroblob(32));

