-- +goose Up
-- The oldest schema version whose programs may still use this database. A migration that only adds
-- leaves it alone; one that takes away what older programs use raises it to its own number.
CREATE TABLE schema_support (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  oldest INTEGER NOT NULL
) STRICT;
INSERT INTO schema_support (id, oldest) VALUES (1, 3);
