-- The same tables as for PostgreSQL; see there what they are for.

-- +goose Up

CREATE TABLE call_total (
  id     TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64 AND instr(id, char(0)) = 0),
  node   TEXT    NOT NULL,
  bucket INTEGER NOT NULL,
  record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_total_by_bucket ON call_total (bucket);

CREATE TABLE call_gap (
  id     TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64 AND instr(id, char(0)) = 0),
  node   TEXT    NOT NULL,
  to_us  INTEGER NOT NULL,
  record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_gap_by_end  ON call_gap (to_us, id);
CREATE INDEX call_gap_by_node ON call_gap (node, to_us, id);

CREATE TABLE call_refused (
  id     TEXT    NOT NULL PRIMARY KEY,
  kind   TEXT    NOT NULL,
  node   TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_refused_by_time ON call_refused (at, id);
