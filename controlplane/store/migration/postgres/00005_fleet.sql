-- What control-plane replicas tell each other: who lives, the nodes that are connected to
-- each, and orders for nodes that are connected to another one.

-- +goose Up

CREATE TABLE replica (
  id      TEXT COLLATE "C" PRIMARY KEY,
  beat    BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
) WITH (fillfactor = 50);

-- boot_id and opened name the stream that the line comes from: a line of an older stream is
-- never written over that of a newer one. drain_boot is the start of the node that shall drain.
CREATE TABLE node (
  name       TEXT COLLATE "C" PRIMARY KEY,
  replica    TEXT   NOT NULL,
  boot_id    TEXT   NOT NULL,
  opened     BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  drain_boot TEXT   NOT NULL DEFAULT '',
  record     BYTEA  NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE node_order (
  id         TEXT COLLATE "C" PRIMARY KEY,
  node       TEXT   NOT NULL,
  expires_at BIGINT NOT NULL,
  taken_by   TEXT   NOT NULL DEFAULT '',
  what       JSON   NOT NULL
);
