-- +goose Up

-- How far a change of the configuration has come that is tried on some nodes first: one row, which is written only in the
-- place of what it was decided from.
CREATE TABLE rollout (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  written BIGINT NOT NULL,
  record  TEXT NOT NULL
);
