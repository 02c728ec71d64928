-- +goose Up

-- The trace of the change that led to the revision, as W3C Trace Context writes it; empty: it was not traced.
ALTER TABLE config_version ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
