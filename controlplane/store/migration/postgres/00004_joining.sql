-- How nodes join: tokens, which node used which, and the one key that each name stands
-- for. A token's key is sealed like every other secret.

-- +goose Up

CREATE TABLE join_token (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  sealed_key BYTEA   NOT NULL,
  note       TEXT    NOT NULL,
  created_by TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  expires_at BIGINT  NOT NULL,
  max_uses   INTEGER NOT NULL,
  uses       INTEGER NOT NULL DEFAULT 0 CHECK (uses <= max_uses)
);

CREATE TABLE join_token_use (
  token_id TEXT COLLATE "C" NOT NULL REFERENCES join_token (id) ON DELETE CASCADE,
  use      INTEGER NOT NULL,
  node     TEXT COLLATE "C" NOT NULL,
  at       BIGINT  NOT NULL,
  PRIMARY KEY (token_id, use)
);

CREATE TABLE node_identity (
  node       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  key_hash   BYTEA  NOT NULL,
  token_id   TEXT   NOT NULL,
  joined_at  BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,              -- null: it is not
  revoked_by TEXT   NOT NULL DEFAULT ''
);
