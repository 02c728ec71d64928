-- +goose Up

-- Only SQLite has something to do: both engines count the same versions.
SELECT 1;
