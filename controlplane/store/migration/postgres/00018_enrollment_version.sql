-- +goose Up

-- Counts the changes of what replicas follow every second: whoever reads the same number has what there is. Triggers
-- count, so that a replica of an earlier build does too. They do before anything is changed, so that all who change
-- it take this row's lock first and none waits for another in a circle.
CREATE TABLE enrollment_version (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version BIGINT NOT NULL
);
INSERT INTO enrollment_version (id, version) VALUES (1, 1);

-- +goose StatementBegin
CREATE FUNCTION count_enrollment_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE enrollment_version SET version = version + 1 WHERE id = 1;
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER count_change BEFORE INSERT OR UPDATE OR DELETE ON node_identity
  FOR EACH STATEMENT EXECUTE FUNCTION count_enrollment_change();
CREATE TRIGGER count_change BEFORE INSERT OR UPDATE OR DELETE ON join_token
  FOR EACH STATEMENT EXECUTE FUNCTION count_enrollment_change();
