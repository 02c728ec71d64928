-- Times are microseconds since the Unix epoch, UTC. Keys sort by bytes, whatever the
-- locale of the database.

-- +goose Up

-- One row. Whoever commits a configuration holds it locked, so commit order is revision order.
CREATE TABLE config_version (
  id       SMALLINT PRIMARY KEY CHECK (id = 1),
  revision BIGINT   NOT NULL,
  lineage  TEXT     NOT NULL
);

-- A hash over all changes up to each revision: two databases with the same one have the same past.
CREATE TABLE revision_history (
  revision BIGINT NOT NULL PRIMARY KEY,
  hash     BYTEA NOT NULL
);

-- Lineages that config_version.lineage took the place of, when an admin adopted the database.
CREATE TABLE replaced_lineage (
  lineage     TEXT PRIMARY KEY,
  revision    BIGINT NOT NULL,
  actor       TEXT NOT NULL,
  replaced_at BIGINT NOT NULL
);

-- The present state of the configuration.
CREATE TABLE resource (
  kind       TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  uid        TEXT   NOT NULL UNIQUE,
  revision   BIGINT NOT NULL,
  spec       JSON   NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (kind, name)
);

-- Every change, in order. One commit is one revision and may hold several lines.
CREATE TABLE change (
  revision BIGINT  NOT NULL,
  position INTEGER NOT NULL,
  at       BIGINT  NOT NULL,
  actor    TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  uid      TEXT    NOT NULL,
  op       TEXT    NOT NULL,
  before   JSON,
  after    JSON,
  PRIMARY KEY (revision, position)
);

CREATE TABLE secret (
  ref        TEXT COLLATE "C" PRIMARY KEY,
  ciphertext BYTEA  NOT NULL,
  created_at BIGINT NOT NULL,
  unused_at  BIGINT -- of a credential: since when no document refers to it; null: one does
);

-- Secrets of API keys that are not accepted any more, each with the last reason. A row goes
-- when a key has the secret again, which one that was revoked never does.
CREATE TABLE revocation (
  hash     BYTEA PRIMARY KEY,
  key_name TEXT NOT NULL,
  uid      TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  cut      SMALLINT NOT NULL
);

-- The password of the console that an admin has set: what argon2id makes of it.
CREATE TABLE account (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  salt       BYTEA  NOT NULL,
  verifier   BYTEA  NOT NULL,
  version    BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);

CREATE TABLE session (
  hash       BYTEA  PRIMARY KEY,
  username   TEXT   NOT NULL,
  version    BIGINT NOT NULL, -- of the password it was begun with; 0: none was set
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE sign_in_failure (
  hash      BYTEA  NOT NULL PRIMARY KEY, -- of an account, a network or a device
  count     INTEGER NOT NULL,
  since_at  BIGINT  NOT NULL,
  until_at  BIGINT  NOT NULL,
  forget_at BIGINT  NOT NULL
);
CREATE INDEX sign_in_failure_by_end ON sign_in_failure (forget_at);

CREATE TABLE token (
  name        TEXT COLLATE "C" PRIMARY KEY,
  hash        BYTEA  NOT NULL UNIQUE,
  last_four   TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT,           -- null: never
  read_bodies INTEGER NOT NULL -- 1: may read bodies of calls
);

-- How nodes enroll: tokens, which node used which, and the one key that each name stands
-- for. A token's key is sealed like every other secret.
CREATE TABLE join_token (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  sealed_key BYTEA   NOT NULL,
  note       TEXT    NOT NULL,
  created_by TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  expires_at BIGINT  NOT NULL,
  max_uses   INTEGER NOT NULL,
  node       TEXT    NOT NULL, -- the only one that may join with it; empty: any
  uses       INTEGER NOT NULL DEFAULT 0 CHECK (uses <= max_uses)
);

CREATE TABLE join_token_use (
  token_id TEXT COLLATE "C" NOT NULL REFERENCES join_token (id) ON DELETE CASCADE,
  use      INTEGER NOT NULL,
  node     TEXT COLLATE "C" NOT NULL,
  at       BIGINT  NOT NULL,
  PRIMARY KEY (token_id, use)
);

CREATE TABLE node_identity (
  node       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  key_hash   BYTEA  NOT NULL,
  token_id   TEXT   NOT NULL,
  joined_at  BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,              -- null: it is not
  revoked_by TEXT   NOT NULL DEFAULT ''
);

-- What control-plane replicas tell each other: who lives, the nodes that are connected to
-- each, and orders for nodes that are connected to another one.
CREATE TABLE replica (
  id      TEXT COLLATE "C" PRIMARY KEY,
  beat    BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
) WITH (fillfactor = 50);

-- boot_id and opened name the stream that the line comes from: a line of an older stream is
-- never written over that of a newer one. drain_boot is the start of the node that is to drain.
CREATE TABLE node (
  name       TEXT COLLATE "C" PRIMARY KEY,
  replica    TEXT   NOT NULL,
  boot_id    TEXT   NOT NULL,
  opened     BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  drain_boot TEXT   NOT NULL DEFAULT '',
  record     BYTEA  NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE node_order (
  id         TEXT COLLATE "C" PRIMARY KEY,
  node       TEXT   NOT NULL,
  expires_at BIGINT NOT NULL,
  taken_by   TEXT   NOT NULL DEFAULT '',
  what       JSON   NOT NULL
);

-- How imports of providers' models went, of each provider the last few; record is a
-- trunkline.admin.v1.ImportRun. What imports changed is in the change log.
CREATE TABLE import_run (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  provider_uid TEXT COLLATE "C" NOT NULL,
  provider     TEXT COLLATE "C" NOT NULL,
  start_us     BIGINT NOT NULL,
  record       BYTEA  NOT NULL
);
CREATE INDEX import_run_by_start ON import_run (start_us, id);
CREATE INDEX import_run_by_provider ON import_run (provider, start_us, id);
CREATE INDEX import_run_by_provider_uid ON import_run (provider_uid, start_us, id);

-- When each provider was imported by its schedule last, and how often in a row that failed.
CREATE TABLE import_schedule (
  provider_uid TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  last_us      BIGINT  NOT NULL,
  failures     INTEGER NOT NULL
);

-- What calls are searched by, beside the whole record. PostgreSQL refuses NUL in text by
-- itself; a row without id, or with one that no node makes, is refused here.
--
-- Calls are kept by day, so that old ones are dropped with their table instead of being deleted
-- row by row. A row of a day that has no table of its own is in the default one. What is unique
-- holds the day's column too: a call is the same call when both id and start are.
CREATE TABLE call (
  id          TEXT COLLATE "C" NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
  node        TEXT    NOT NULL,
  start_us    BIGINT  NOT NULL,
  group_name  TEXT COLLATE "C" NOT NULL,
  api_key     TEXT COLLATE "C" NOT NULL,
  outcome     TEXT COLLATE "C" NOT NULL,
  status      INTEGER NOT NULL,
  record      BYTEA   NOT NULL,
  model       TEXT COLLATE "C" NOT NULL, -- the upstream one that answered
  stream      INTEGER NOT NULL,
  duration_us BIGINT NOT NULL,
  stored_us   BIGINT  NOT NULL, -- for those who follow along
  failed_over INTEGER NOT NULL, -- 1: it took more than one attempt
  cost_pico   BIGINT  NOT NULL, -- pico-USD
  attempt_outcomes TEXT COLLATE "C" NOT NULL, -- of all attempts, each once, between spaces: " busy ok "
  -- What the client said of the call; empty where it said nothing.
  client_id   TEXT COLLATE "C" NOT NULL DEFAULT '',
  incoming_id TEXT COLLATE "C" NOT NULL DEFAULT '',
  end_user    TEXT COLLATE "C" NOT NULL DEFAULT '',
  metadata    TEXT COLLATE "C" NOT NULL DEFAULT '', -- key=value, each between separators of units
  PRIMARY KEY (start_us, id)
) PARTITION BY RANGE (start_us);
CREATE TABLE call_default PARTITION OF call DEFAULT;
CREATE INDEX call_by_id      ON call (id);
CREATE INDEX call_by_outcome ON call (outcome, start_us, id);
CREATE INDEX call_by_status  ON call (status, start_us, id);
-- The columns behind the position are tested in the index, before the row is fetched.
CREATE INDEX call_by_group   ON call (group_name, start_us, id, outcome, status);
CREATE INDEX call_by_api_key ON call (api_key, start_us, id, outcome, status);
CREATE INDEX call_failed      ON call (start_us, id, group_name, api_key, outcome, status) WHERE outcome <> 'ok';
CREATE INDEX call_failed_over ON call (start_us, id, group_name, api_key, outcome, status) WHERE failed_over = 1;
-- Few calls have these.
CREATE INDEX call_by_client_id   ON call (client_id, start_us, id) WHERE client_id <> '';
CREATE INDEX call_by_incoming_id ON call (incoming_id, start_us, id) WHERE incoming_id <> '';
CREATE INDEX call_by_end_user    ON call (end_user, start_us, id) WHERE end_user <> '';
-- Rows lie in this order, so an index of a few pages is enough.
CREATE INDEX call_by_stored  ON call USING BRIN (stored_us) WITH (pages_per_range = 32, autosummarize = on);

-- Each provider that answered or failed a call, with what else calls are searched by. Without
-- a reference to call: a day's rows go with the day's table.
CREATE TABLE call_provider (
  provider    TEXT COLLATE "C" NOT NULL,
  start_us    BIGINT  NOT NULL,
  call_id     TEXT COLLATE "C" NOT NULL,
  group_name  TEXT COLLATE "C" NOT NULL,
  api_key     TEXT COLLATE "C" NOT NULL,
  outcome     TEXT COLLATE "C" NOT NULL,
  status      INTEGER NOT NULL,
  node        TEXT    NOT NULL,
  model       TEXT COLLATE "C" NOT NULL,
  stream      INTEGER NOT NULL,
  duration_us BIGINT  NOT NULL,
  failed_over INTEGER NOT NULL,
  cost_pico   BIGINT  NOT NULL,
  attempt_outcomes TEXT COLLATE "C" NOT NULL -- of the attempts on this provider
) PARTITION BY RANGE (start_us);
CREATE TABLE call_provider_default PARTITION OF call_provider DEFAULT;
CREATE INDEX call_provider_by_provider ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status);
CREATE INDEX call_provider_failed      ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status) WHERE outcome <> 'ok';
CREATE INDEX call_provider_failed_over ON call_provider (provider, start_us, call_id, group_name, api_key, outcome, status) WHERE failed_over = 1;

-- Sums over calls that nodes sent instead of calls they could not keep, already added to the
-- sums of usage: the id keeps them from being added twice, and the check of the sums counts
-- them with the calls.
CREATE TABLE call_total (
  id     TEXT COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node   TEXT   NOT NULL,
  bucket BIGINT NOT NULL,
  record BYTEA  NOT NULL
);
CREATE INDEX call_total_by_bucket ON call_total (bucket);

-- What was stored of a node last: its number grows with each batch, so that a node which has seen a
-- higher one tells that the database was set back.
CREATE TABLE call_receipt (
  node      TEXT    NOT NULL PRIMARY KEY,
  number    BIGINT NOT NULL,
  stored_us BIGINT NOT NULL
);

-- Times of which a node has no record of some calls.
CREATE TABLE call_gap (
  id     TEXT COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  node   TEXT COLLATE "C" NOT NULL,
  to_us  BIGINT NOT NULL,
  record BYTEA  NOT NULL
);
CREATE INDEX call_gap_by_end  ON call_gap (to_us, id);
CREATE INDEX call_gap_by_node ON call_gap (node, to_us, id);

-- Records that were put aside. The id is one that fits, whatever the node sent.
CREATE TABLE call_refused (
  id     TEXT COLLATE "C" PRIMARY KEY,
  kind   TEXT   NOT NULL,
  node   TEXT   NOT NULL,
  at     BIGINT NOT NULL,
  reason TEXT   NOT NULL,
  record BYTEA  NOT NULL
);
CREATE INDEX call_refused_by_time ON call_refused (at, id);

-- Bodies of calls, of groups that keep them: encrypted, each with a key of its own, which
-- the control plane's key wraps. They are apart from calls: most calls have none, and they
-- are kept for a shorter time.
CREATE TABLE call_body (
  call_id     TEXT COLLATE "C" PRIMARY KEY,
  api_key     TEXT COLLATE "C" NOT NULL,
  start_us    BIGINT NOT NULL,
  expires_us  BIGINT NOT NULL,
  wrapped_key BYTEA NOT NULL,
  ciphertext  BYTEA NOT NULL
);
CREATE INDEX call_body_by_api_key ON call_body (api_key);
CREATE INDEX call_body_by_start   ON call_body (start_us);
CREATE INDEX call_body_by_expiry  ON call_body (expires_us);

-- Who read which body; kept for two years.
CREATE TABLE call_body_read (
  id      TEXT PRIMARY KEY,
  call_id TEXT COLLATE "C" NOT NULL,
  at_us   BIGINT NOT NULL,
  actor   TEXT NOT NULL
);
CREATE INDEX call_body_read_by_call ON call_body_read (call_id, at_us);
CREATE INDEX call_body_read_by_time ON call_body_read (at_us);

-- Sums over calls, written in the transaction that stores the calls. A shard belongs to
-- some of the nodes, so that nodes that report at the same time rarely wait for each other;
-- whoever reads adds the shards up. The amount of money is cost_micro micro-USD and
-- cost_pico (0 to 999999) pico-USD. Histograms are in a form of our own.
--
-- Per minute, for graphs of hours and days; kept 90 days.
CREATE TABLE usage_minute (
  bucket        BIGINT  NOT NULL,
  group_name    TEXT COLLATE "C" NOT NULL,
  provider      TEXT COLLATE "C" NOT NULL,
  model         TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA  NOT NULL,
  first_token   BYTEA  NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) WITH (fillfactor = 80);

-- Per hour; kept two years.
CREATE TABLE usage_hour (
  bucket        BIGINT  NOT NULL,
  group_name    TEXT COLLATE "C" NOT NULL,
  provider      TEXT COLLATE "C" NOT NULL,
  model         TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA  NOT NULL,
  first_token   BYTEA  NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, status, shard)
) WITH (fillfactor = 80);

-- Per hour and API key; kept two years.
CREATE TABLE usage_key_hour (
  bucket        BIGINT  NOT NULL,
  api_key       TEXT COLLATE "C" NOT NULL,
  group_name    TEXT COLLATE "C" NOT NULL,
  provider      TEXT COLLATE "C" NOT NULL,
  model         TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  status        INTEGER NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA  NOT NULL,
  first_token   BYTEA  NOT NULL,
  PRIMARY KEY (bucket, api_key, group_name, provider, model, outcome, status, shard)
) WITH (fillfactor = 80);
CREATE INDEX usage_key_hour_by_key ON usage_key_hour (api_key, bucket);

-- Sums of one property each (property: '', group, provider, model or outcome; '' is the sum
-- over everything), beside those by every combination: nearly every question is about one
-- property or none, and there are few values of each. Per day there are those of API keys
-- (property api_key) too.
CREATE TABLE usage_minute_part (
  bucket        BIGINT  NOT NULL,
  property      TEXT COLLATE "C" NOT NULL,
  value         TEXT COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  ok_calls      BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  saved_calls   BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA   NOT NULL,
  first_token   BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) WITH (fillfactor = 80);

CREATE TABLE usage_hour_part (
  bucket        BIGINT  NOT NULL,
  property      TEXT COLLATE "C" NOT NULL,
  value         TEXT COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  ok_calls      BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  saved_calls   BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA   NOT NULL,
  first_token   BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) WITH (fillfactor = 80);

CREATE TABLE usage_day_part (
  bucket        BIGINT  NOT NULL,
  property      TEXT COLLATE "C" NOT NULL,
  value         TEXT COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  calls         BIGINT  NOT NULL DEFAULT 0,
  ok_calls      BIGINT  NOT NULL DEFAULT 0,
  attempts      BIGINT  NOT NULL DEFAULT 0,
  failovers     BIGINT  NOT NULL DEFAULT 0,
  saved_calls   BIGINT  NOT NULL DEFAULT 0,
  input_tokens  BIGINT  NOT NULL DEFAULT 0,
  cached_tokens BIGINT  NOT NULL DEFAULT 0,
  output_tokens BIGINT  NOT NULL DEFAULT 0,
  cost_micro    BIGINT  NOT NULL DEFAULT 0,
  cost_pico     BIGINT  NOT NULL DEFAULT 0,
  duration_us   BIGINT  NOT NULL DEFAULT 0,
  latency       BYTEA   NOT NULL,
  first_token   BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, shard)
) WITH (fillfactor = 80);
CREATE INDEX usage_day_part_by_key ON usage_day_part (value, bucket) WHERE property = 'api_key';

-- Sums over attempts, also those that failed over, which are no call's last one: by
-- everything together per minute (kept 90 days), hour and day (two years), and of one property
-- (group, provider, model or '' for none) and outcome each per hour. An attempt counts in the
-- minute in which its call arrived.
CREATE TABLE attempt_minute (
  bucket           BIGINT  NOT NULL,
  group_name       TEXT COLLATE "C" NOT NULL,
  provider         TEXT COLLATE "C" NOT NULL,
  model            TEXT COLLATE "C" NOT NULL,
  outcome          TEXT COLLATE "C" NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         BIGINT  NOT NULL DEFAULT 0,
  ok_attempts      BIGINT  NOT NULL DEFAULT 0,
  counted_failures BIGINT  NOT NULL DEFAULT 0,
  duration_us      BIGINT  NOT NULL DEFAULT 0,
  latency          BYTEA   NOT NULL,
  first_token      BYTEA   NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, shard)
) WITH (fillfactor = 80);

CREATE TABLE attempt_hour (
  bucket           BIGINT  NOT NULL,
  group_name       TEXT COLLATE "C" NOT NULL,
  provider         TEXT COLLATE "C" NOT NULL,
  model            TEXT COLLATE "C" NOT NULL,
  outcome          TEXT COLLATE "C" NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         BIGINT  NOT NULL DEFAULT 0,
  ok_attempts      BIGINT  NOT NULL DEFAULT 0,
  counted_failures BIGINT  NOT NULL DEFAULT 0,
  duration_us      BIGINT  NOT NULL DEFAULT 0,
  latency          BYTEA   NOT NULL,
  first_token      BYTEA   NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, shard)
) WITH (fillfactor = 80);

CREATE TABLE attempt_day (
  bucket           BIGINT  NOT NULL,
  group_name       TEXT COLLATE "C" NOT NULL,
  provider         TEXT COLLATE "C" NOT NULL,
  model            TEXT COLLATE "C" NOT NULL,
  outcome          TEXT COLLATE "C" NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         BIGINT  NOT NULL DEFAULT 0,
  ok_attempts      BIGINT  NOT NULL DEFAULT 0,
  counted_failures BIGINT  NOT NULL DEFAULT 0,
  duration_us      BIGINT  NOT NULL DEFAULT 0,
  latency          BYTEA   NOT NULL,
  first_token      BYTEA   NOT NULL,
  PRIMARY KEY (bucket, group_name, provider, model, outcome, shard)
) WITH (fillfactor = 80);

CREATE TABLE attempt_hour_part (
  bucket           BIGINT  NOT NULL,
  property         TEXT COLLATE "C" NOT NULL,
  value            TEXT COLLATE "C" NOT NULL,
  outcome          TEXT COLLATE "C" NOT NULL,
  shard            INTEGER NOT NULL,
  attempts         BIGINT  NOT NULL DEFAULT 0,
  ok_attempts      BIGINT  NOT NULL DEFAULT 0,
  counted_failures BIGINT  NOT NULL DEFAULT 0,
  duration_us      BIGINT  NOT NULL DEFAULT 0,
  latency          BYTEA   NOT NULL,
  first_token      BYTEA   NOT NULL,
  PRIMARY KEY (bucket, property, value, outcome, shard)
) WITH (fillfactor = 80);
