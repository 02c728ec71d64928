-- +goose Up

-- What new calls add to the sums of usage, a row for each batch, until one replica adds many of them up at once.
CREATE TABLE usage_pending (
  id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  record BYTEA  NOT NULL
);
ALTER TABLE usage_pending ALTER COLUMN record SET STORAGE EXTERNAL; -- it is dense already
