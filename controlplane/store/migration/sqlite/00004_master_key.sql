-- +goose Up

CREATE TABLE master_key (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  key_id    TEXT    NOT NULL,
  since     INTEGER NOT NULL,
  chosen_by TEXT    NOT NULL
) STRICT;

ALTER TABLE replica ADD COLUMN master_keys TEXT NOT NULL DEFAULT '';

-- Older programs cannot read secrets that are sealed under master keys this way.
UPDATE schema_support SET oldest = 4 WHERE id = 1;
