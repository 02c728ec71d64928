-- +goose Up

-- What new calls add to the sums of usage, a row for each batch, until many of them are added up at once.
CREATE TABLE usage_pending (
  id     INTEGER PRIMARY KEY,
  record BLOB    NOT NULL
) STRICT;
