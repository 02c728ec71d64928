-- +goose Up
ALTER TABLE token ADD COLUMN role INTEGER NOT NULL DEFAULT 3; -- of tokens from before: they could do everything
