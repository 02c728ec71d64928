-- +goose Up

-- Nearly all calls end ok, with 200: an index of all outcomes and statuses costs each of them and finds what the list by time finds as well.
DROP INDEX call_by_outcome;
DROP INDEX call_by_status;
CREATE INDEX call_by_outcome ON call (outcome, start_us, id, group_name, api_key, status) WHERE outcome <> 'ok';
CREATE INDEX call_by_status  ON call (status, start_us, id, group_name, api_key, outcome) WHERE status <> 200;
