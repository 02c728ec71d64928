-- +goose Up

-- Secrets of API keys that are not accepted any more, each with the last reason. A row goes
-- when a key has the secret again, which one that was revoked never does.
CREATE TABLE revocation (
  hash     BYTEA PRIMARY KEY,
  key_name TEXT NOT NULL,
  uid      TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  cut      SMALLINT NOT NULL
);

-- Lineages that config_version.lineage took the place of, when an admin adopted the database.
CREATE TABLE replaced_lineage (
  lineage     TEXT PRIMARY KEY,
  revision    BIGINT NOT NULL,
  actor       TEXT NOT NULL,
  replaced_at BIGINT NOT NULL
);
