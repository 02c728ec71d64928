-- The same tables as for PostgreSQL; see there what they are for. Times are microseconds
-- since the Unix epoch, UTC.

-- +goose Up

CREATE TABLE config_version (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  lineage  TEXT    NOT NULL
) STRICT;

-- A hash over all changes up to each revision: two databases with the same one have the same past.
CREATE TABLE revision_history (
  revision INTEGER NOT NULL PRIMARY KEY,
  hash     BLOB NOT NULL
) STRICT;

CREATE TABLE replaced_lineage (
  lineage     TEXT PRIMARY KEY,
  revision    INTEGER NOT NULL,
  actor       TEXT NOT NULL,
  replaced_at INTEGER NOT NULL
) STRICT;

CREATE TABLE resource (
  kind       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  uid        TEXT    NOT NULL UNIQUE,
  revision   INTEGER NOT NULL,
  spec       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT;

CREATE TABLE change (
  revision INTEGER NOT NULL,
  position INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  actor    TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  uid      TEXT    NOT NULL,
  op       TEXT    NOT NULL,
  before   TEXT,
  after    TEXT,
  PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
  ref        TEXT    NOT NULL PRIMARY KEY,
  ciphertext BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  unused_at  INTEGER -- of a credential: since when no document refers to it; null: one does
) STRICT;

CREATE TABLE revocation (
  hash     BLOB NOT NULL PRIMARY KEY,
  key_name TEXT NOT NULL,
  uid      TEXT NOT NULL,
  revision INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  cut      INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  salt       BLOB    NOT NULL,
  verifier   BLOB    NOT NULL,
  version    INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
  hash       BLOB    NOT NULL PRIMARY KEY,
  username   TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE sign_in_failure (
  hash      BLOB    NOT NULL PRIMARY KEY, -- of an account, a network or a device
  count     INTEGER NOT NULL,
  since_at  INTEGER NOT NULL,
  until_at  INTEGER NOT NULL,
  forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failure_by_end ON sign_in_failure (forget_at);

CREATE TABLE token (
  name        TEXT    NOT NULL PRIMARY KEY,
  hash        BLOB    NOT NULL UNIQUE,
  last_four   TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER,           -- null: never
  read_bodies INTEGER NOT NULL
) STRICT;

CREATE TABLE join_token (
  id         TEXT    NOT NULL PRIMARY KEY,
  sealed_key BLOB    NOT NULL,
  note       TEXT    NOT NULL,
  created_by TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  max_uses   INTEGER NOT NULL,
  node       TEXT    NOT NULL, -- the only one that may join with it; empty: any
  uses       INTEGER NOT NULL DEFAULT 0 CHECK (uses <= max_uses)
) STRICT;

CREATE TABLE join_token_use (
  token_id TEXT    NOT NULL REFERENCES join_token (id) ON DELETE CASCADE,
  use      INTEGER NOT NULL,
  node     TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (token_id, use)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_identity (
  node       TEXT    NOT NULL PRIMARY KEY,
  key_hash   BLOB    NOT NULL,
  token_id   TEXT    NOT NULL,
  joined_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  revoked_by TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE replica (
  id      TEXT    PRIMARY KEY,
  beat    INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
  name       TEXT    PRIMARY KEY,
  replica    TEXT    NOT NULL,
  boot_id    TEXT    NOT NULL,
  opened     INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  drain_boot TEXT    NOT NULL DEFAULT '',
  record     BLOB    NOT NULL
) STRICT;

CREATE TABLE node_order (
  id         TEXT    PRIMARY KEY,
  node       TEXT    NOT NULL,
  expires_at INTEGER NOT NULL,
  taken_by   TEXT    NOT NULL DEFAULT '',
  what       TEXT    NOT NULL
) STRICT;

CREATE TABLE import_run (
  id           TEXT    NOT NULL PRIMARY KEY,
  provider_uid TEXT    NOT NULL,
  provider     TEXT    NOT NULL,
  start_us     INTEGER NOT NULL,
  record       BLOB    NOT NULL
) STRICT;
CREATE INDEX import_run_by_start ON import_run (start_us, id);
CREATE INDEX import_run_by_provider ON import_run (provider, start_us, id);
CREATE INDEX import_run_by_provider_uid ON import_run (provider_uid, start_us, id);

CREATE TABLE import_schedule (
  provider_uid TEXT    NOT NULL PRIMARY KEY,
  last_us      INTEGER NOT NULL,
  failures     INTEGER NOT NULL
) STRICT;

-- NUL in text is refused here because PostgreSQL refuses it: both engines agree.
CREATE TABLE call (
  id          TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node        TEXT    NOT NULL,
  start_us    INTEGER NOT NULL,
  group_name  TEXT    NOT NULL,
  api_key     TEXT    NOT NULL,
  outcome     TEXT    NOT NULL,
  status      INTEGER NOT NULL,
  record      BLOB    NOT NULL,
  model       TEXT    NOT NULL,
  stream      INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  stored_us   INTEGER NOT NULL,
  failed_over INTEGER NOT NULL,
  cost_pico   INTEGER NOT NULL,
  attempt_outcomes TEXT NOT NULL, -- of all attempts, each once, between spaces: " busy ok "
  -- What the client said of the call; empty where it said nothing.
  client_id   TEXT NOT NULL DEFAULT '',
  incoming_id TEXT NOT NULL DEFAULT '',
  end_user    TEXT NOT NULL DEFAULT '',
  metadata    TEXT NOT NULL DEFAULT '', -- key=value, each between separators of units
  CHECK (instr(id, char(0)) + instr(node, char(0)) + instr(group_name, char(0))
    + instr(api_key, char(0)) + instr(outcome, char(0)) + instr(attempt_outcomes, char(0)) = 0)
) STRICT;
CREATE INDEX call_by_start   ON call (start_us, id);
CREATE INDEX call_by_outcome ON call (outcome, start_us, id);
CREATE INDEX call_by_status  ON call (status, start_us, id);
CREATE INDEX call_by_group   ON call (group_name, start_us, id, outcome, status);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id, outcome, status);
CREATE INDEX call_failed      ON call (start_us, id, group_name, api_key, outcome, status) WHERE outcome <> 'ok';
CREATE INDEX call_failed_over ON call (start_us, id, group_name, api_key, outcome, status) WHERE failed_over = 1;
-- Few calls have these.
CREATE INDEX call_by_client_id   ON call (client_id, start_us, id) WHERE client_id <> '';
CREATE INDEX call_by_incoming_id ON call (incoming_id, start_us, id) WHERE incoming_id <> '';
CREATE INDEX call_by_end_user    ON call (end_user, start_us, id) WHERE end_user <> '';
CREATE INDEX call_by_stored  ON call (stored_us);

CREATE TABLE call_provider (
  provider    TEXT    NOT NULL CHECK (instr(provider, char(0)) = 0),
  start_us    INTEGER NOT NULL,
  call_id     TEXT    NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  group_name  TEXT    NOT NULL,
  api_key     TEXT    NOT NULL,
  outcome     TEXT    NOT NULL,
  status      INTEGER NOT NULL,
  node        TEXT    NOT NULL,
  model       TEXT    NOT NULL,
  stream      INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  failed_over INTEGER NOT NULL,
  cost_pico   INTEGER NOT NULL,
  attempt_outcomes TEXT NOT NULL, -- of the attempts on this provider
  PRIMARY KEY (provider, start_us, call_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_provider_by_call     ON call_provider (call_id);
CREATE INDEX call_provider_failed      ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status) WHERE outcome <> 'ok';
CREATE INDEX call_provider_failed_over ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status) WHERE failed_over = 1;

CREATE TABLE call_total (
  id     TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64 AND instr(id, char(0)) = 0),
  node   TEXT    NOT NULL,
  bucket INTEGER NOT NULL,
  record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_total_by_bucket ON call_total (bucket);

-- What was stored of a node last: its number grows with each batch, so that a node which has seen a
-- higher one tells that the database was set back.
CREATE TABLE call_receipt (
  node      TEXT    NOT NULL PRIMARY KEY,
  number    INTEGER NOT NULL,
  stored_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE call_gap (
  id     TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64 AND instr(id, char(0)) = 0),
  node   TEXT    NOT NULL,
  to_us  INTEGER NOT NULL,
  record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_gap_by_end  ON call_gap (to_us, id);
CREATE INDEX call_gap_by_node ON call_gap (node, to_us, id);

CREATE TABLE call_refused (
  id     TEXT    NOT NULL PRIMARY KEY,
  kind   TEXT    NOT NULL,
  node   TEXT    NOT NULL,
  at     INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_refused_by_time ON call_refused (at, id);

CREATE TABLE call_body (
  call_id     TEXT PRIMARY KEY NOT NULL,
  api_key     TEXT NOT NULL,
  start_us    INTEGER NOT NULL,
  expires_us  INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  ciphertext  BLOB NOT NULL
) STRICT;
CREATE INDEX call_body_by_api_key ON call_body (api_key);
CREATE INDEX call_body_by_start   ON call_body (start_us);
CREATE INDEX call_body_by_expiry  ON call_body (expires_us);

CREATE TABLE call_body_read (
  id      TEXT PRIMARY KEY NOT NULL,
  call_id TEXT NOT NULL,
  at_us   INTEGER NOT NULL,
  actor   TEXT NOT NULL
) STRICT;
CREATE INDEX call_body_read_by_call ON call_body_read (call_id, at_us);
CREATE INDEX call_body_read_by_time ON call_body_read (at_us);

CREATE TABLE usage_minute (
  bucket        INTEGER NOT NULL,
  group_name    TEXT    NOT NULL,
  provider      TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_hour (
  bucket        INTEGER NOT NULL,
  group_name    TEXT    NOT NULL,
  provider      TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_key_hour (
  bucket        INTEGER NOT NULL,
  api_key       TEXT    NOT NULL,
  group_name    TEXT    NOT NULL,
  provider      TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, api_key, group_name, provider, model, outcome, status, shard)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_key_hour_by_key ON usage_key_hour (api_key, bucket);

CREATE TABLE usage_minute_part (
  bucket        INTEGER NOT NULL,
  property      TEXT NOT NULL,
  value         TEXT NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  ok_calls      INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  saved_calls   INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_hour_part (
  bucket        INTEGER NOT NULL,
  property      TEXT NOT NULL,
  value         TEXT NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  ok_calls      INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  saved_calls   INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_day_part (
  bucket        INTEGER NOT NULL,
  property      TEXT NOT NULL,
  value         TEXT NOT NULL,
  shard         INTEGER NOT NULL,
  calls         INTEGER NOT NULL DEFAULT 0,
  ok_calls      INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  failovers     INTEGER NOT NULL DEFAULT 0,
  saved_calls   INTEGER NOT NULL DEFAULT 0,
  input_tokens  INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cost_micro    INTEGER NOT NULL DEFAULT 0,
  cost_pico     INTEGER NOT NULL DEFAULT 0,
  duration_us   INTEGER NOT NULL DEFAULT 0,
  latency       BLOB    NOT NULL,
  first_token   BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_day_part_by_key ON usage_day_part (value, bucket) WHERE property = 'api_key';

CREATE TABLE attempt_minute (
  bucket           INTEGER NOT NULL,
  group_name       TEXT    NOT NULL,
  provider         TEXT    NOT NULL,
  model            TEXT    NOT NULL,
  outcome          TEXT    NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         INTEGER NOT NULL DEFAULT 0,
  ok_attempts      INTEGER NOT NULL DEFAULT 0,
  counted_failures INTEGER NOT NULL DEFAULT 0,
  duration_us      INTEGER NOT NULL DEFAULT 0,
  latency          BLOB    NOT NULL,
  first_token      BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt_hour (
  bucket           INTEGER NOT NULL,
  group_name       TEXT    NOT NULL,
  provider         TEXT    NOT NULL,
  model            TEXT    NOT NULL,
  outcome          TEXT    NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         INTEGER NOT NULL DEFAULT 0,
  ok_attempts      INTEGER NOT NULL DEFAULT 0,
  counted_failures INTEGER NOT NULL DEFAULT 0,
  duration_us      INTEGER NOT NULL DEFAULT 0,
  latency          BLOB    NOT NULL,
  first_token      BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt_day (
  bucket           INTEGER NOT NULL,
  group_name       TEXT    NOT NULL,
  provider         TEXT    NOT NULL,
  model            TEXT    NOT NULL,
  outcome          TEXT    NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         INTEGER NOT NULL DEFAULT 0,
  ok_attempts      INTEGER NOT NULL DEFAULT 0,
  counted_failures INTEGER NOT NULL DEFAULT 0,
  duration_us      INTEGER NOT NULL DEFAULT 0,
  latency          BLOB    NOT NULL,
  first_token      BLOB    NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt_hour_part (
  bucket           INTEGER NOT NULL,
  property         TEXT    NOT NULL,
  value            TEXT    NOT NULL,
  outcome          TEXT    NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         INTEGER NOT NULL DEFAULT 0,
  ok_attempts      INTEGER NOT NULL DEFAULT 0,
  counted_failures INTEGER NOT NULL DEFAULT 0,
  duration_us      INTEGER NOT NULL DEFAULT 0,
  latency          BLOB    NOT NULL,
  first_token      BLOB    NOT NULL,
  PRIMARY KEY (bucket, property, value, outcome, shard)
) STRICT, WITHOUT ROWID;
