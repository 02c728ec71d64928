-- +goose Up

-- Id of the distributed trace that the call is part of, 32 hexadecimal digits; empty: of none.
ALTER TABLE call ADD COLUMN trace_id TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX call_by_trace ON call (trace_id, start_us, id) WHERE trace_id <> '';
