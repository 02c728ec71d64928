-- +goose Up

-- Fingerprints of the authorities that the node trusts, separated by blanks, the one that signed its certificate
-- first; empty: the node has not told.
ALTER TABLE node_identity ADD COLUMN authorities TEXT NOT NULL DEFAULT '';
