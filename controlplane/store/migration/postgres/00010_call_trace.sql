-- +goose Up

-- Id of the distributed trace that the call is part of, 32 hexadecimal digits; empty: of none.
ALTER TABLE call ADD COLUMN trace_id TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Its index is built by migration 12, which does not keep calls waiting.
