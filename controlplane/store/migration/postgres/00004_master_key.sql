-- +goose Up

-- The master key that secrets are sealed under from now on, by its id. The key itself is never here.
CREATE TABLE master_key (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  key_id    TEXT   NOT NULL,
  since     BIGINT NOT NULL,
  chosen_by TEXT   NOT NULL
);

-- Ids of the master keys that the replica was given, with commas between them.
ALTER TABLE replica ADD COLUMN master_keys TEXT NOT NULL DEFAULT '';

-- Older programs cannot read secrets that are sealed under master keys this way.
UPDATE schema_support SET oldest = 4 WHERE id = 1;
