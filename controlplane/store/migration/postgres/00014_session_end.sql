-- +goose Up

-- When the session ends however much it is used; 0: seven days after it began.
ALTER TABLE session ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0;
