-- +goose Up

-- What people are alerted of, while it fires and for a day after; record is a
-- trunkline.admin.v1.Alert, told the uids of the channels that know, one a line.
CREATE TABLE alert (
  event       TEXT COLLATE "C" NOT NULL,
  subject     TEXT COLLATE "C" NOT NULL,
  version     BIGINT  NOT NULL, -- grows with each change
  severity    BIGINT  NOT NULL,
  openings    INTEGER NOT NULL,
  clear_us    BIGINT, -- while it fires: since when its condition is gone; null: it is not
  resolved_us BIGINT, -- null: it fires
  told        TEXT    NOT NULL,
  record      BYTEA   NOT NULL,
  PRIMARY KEY (event, subject)
);

-- What an alert channel is to be told of; what waits becomes one delivery.
CREATE TABLE alert_notice (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  channel_uid TEXT COLLATE "C" NOT NULL,
  at_us       BIGINT NOT NULL,
  record      BYTEA  NOT NULL -- a trunkline.admin.v1.Alert
);
CREATE INDEX alert_notice_by_channel ON alert_notice (channel_uid, id);

-- Messages to alert channels; record is a trunkline.admin.v1.AlertDelivery.
CREATE TABLE alert_delivery (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  channel_uid TEXT COLLATE "C" NOT NULL,
  channel     TEXT COLLATE "C" NOT NULL,
  create_us   BIGINT  NOT NULL,
  state       INTEGER NOT NULL, -- as AlertDeliveryState numbers it
  attempts    INTEGER NOT NULL,
  next_us     BIGINT, -- of the next attempt; null: there is none
  record      BYTEA   NOT NULL
);
CREATE INDEX alert_delivery_by_create ON alert_delivery (create_us, id);
CREATE INDEX alert_delivery_by_channel ON alert_delivery (channel, create_us, id);
CREATE INDEX alert_delivery_due ON alert_delivery (next_us) WHERE next_us IS NOT NULL;
-- One message under way to a channel at a time.
CREATE UNIQUE INDEX alert_delivery_pending ON alert_delivery (channel_uid) WHERE next_us IS NOT NULL;
