-- What nodes sent instead of calls they could not keep, and what could not be stored.

-- +goose Up

-- Sums over calls, already added to the sums of usage: the id keeps them from being added
-- twice, and a recount counts them with the calls.
CREATE TABLE call_total (
  id     TEXT COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node   TEXT   NOT NULL,
  bucket BIGINT NOT NULL,
  record BYTEA  NOT NULL
);
CREATE INDEX call_total_by_bucket ON call_total (bucket);

-- Times of which a node has no record of some calls.
CREATE TABLE call_gap (
  id     TEXT COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node   TEXT COLLATE "C" NOT NULL,
  to_us  BIGINT NOT NULL,
  record BYTEA  NOT NULL
);
CREATE INDEX call_gap_by_end  ON call_gap (to_us, id);
CREATE INDEX call_gap_by_node ON call_gap (node, to_us, id);

-- Records that were put aside. The id is one that fits, whatever the node sent.
CREATE TABLE call_refused (
  id     TEXT COLLATE "C" PRIMARY KEY,
  kind   TEXT   NOT NULL,
  node   TEXT   NOT NULL,
  at     BIGINT NOT NULL,
  reason TEXT   NOT NULL,
  record BYTEA  NOT NULL
);
CREATE INDEX call_refused_by_time ON call_refused (at, id);
