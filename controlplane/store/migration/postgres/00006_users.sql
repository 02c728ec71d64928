-- +goose Up

-- The people who sign in. What they know is kept as it can be checked but not told: passwords as argon2id
-- makes them, codes of second factors sealed under the control plane's key.
CREATE TABLE admin_user (
  id           TEXT COLLATE "C" PRIMARY KEY,
  name         TEXT COLLATE "C" NOT NULL UNIQUE,
  role         INTEGER NOT NULL,
  disabled     INTEGER NOT NULL,
  salt         BYTEA,           -- null: no password is set
  verifier     BYTEA,
  version      BIGINT NOT NULL, -- of the password; sessions of another one have ended
  created_at   BIGINT NOT NULL,
  signed_in_at BIGINT,          -- null: never
  totp_key     BYTEA,           -- null: no second factor
  totp_pending BYTEA,           -- a key that is still to be confirmed
  totp_step    BIGINT NOT NULL, -- of the last code: it and those before are used up
  issuer       TEXT COLLATE "C", -- of OpenID Connect; null: not linked
  subject      TEXT COLLATE "C",
  UNIQUE (issuer, subject)
);

-- Hashes of codes that replace a second factor, once each.
CREATE TABLE recovery_code (
  user_id TEXT COLLATE "C" NOT NULL REFERENCES admin_user (id) ON DELETE CASCADE,
  hash    BYTEA NOT NULL,
  PRIMARY KEY (user_id, hash)
);

-- The one account of before, if its password was set in the console, under the name that used it.
INSERT INTO admin_user (id, name, role, disabled, salt, verifier, version, created_at, totp_step)
  SELECT 'first', COALESCE((SELECT username FROM session ORDER BY seen_at DESC LIMIT 1), 'admin'), 3, 0, salt, verifier, version, changed_at, 0 FROM account;
DROP TABLE account;

DROP TABLE session; -- they belong to no user: sign in again
CREATE TABLE session (
  hash       BYTEA  PRIMARY KEY,
  id         TEXT COLLATE "C" NOT NULL UNIQUE,
  user_id    TEXT COLLATE "C" NOT NULL REFERENCES admin_user (id) ON DELETE CASCADE,
  version    BIGINT NOT NULL, -- of the user's when it was begun
  address    TEXT   NOT NULL,
  user_agent TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  proved_at  BIGINT NOT NULL, -- when password and second factor were last asked for
  expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_user ON session (user_id);

ALTER TABLE token ADD COLUMN user_id TEXT COLLATE "C" REFERENCES admin_user (id) ON DELETE CASCADE; -- null: made before there were users
ALTER TABLE token ADD COLUMN used_at BIGINT; -- null: never
CREATE INDEX token_by_user ON token (user_id);

-- Older programs sign in by the account and the sessions of before.
UPDATE schema_support SET oldest = 6;
