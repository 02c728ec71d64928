-- +goose Up

-- Counts the changes of what replicas follow every second: whoever reads the same number has what there is. Triggers
-- count, so that a process of an earlier build does too.
CREATE TABLE enrollment_version (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO enrollment_version (id, version) VALUES (1, 1);

-- +goose StatementBegin
CREATE TRIGGER node_identity_insert BEFORE INSERT ON node_identity BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER node_identity_update BEFORE UPDATE ON node_identity BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER node_identity_delete BEFORE DELETE ON node_identity BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER join_token_insert BEFORE INSERT ON join_token BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER join_token_update BEFORE UPDATE ON join_token BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER join_token_delete BEFORE DELETE ON join_token BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
END;
-- +goose StatementEnd
