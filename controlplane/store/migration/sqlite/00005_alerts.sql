-- +goose Up

-- What people are alerted of, while it fires and for a day after; record is a
-- trunkline.admin.v1.Alert, told the uids of the channels that know, one a line.
CREATE TABLE alert (
  event       TEXT NOT NULL,
  subject     TEXT NOT NULL,
  version     INTEGER NOT NULL, -- grows with each change
  severity    INTEGER NOT NULL,
  openings    INTEGER NOT NULL,
  clear_us    INTEGER, -- while it fires: since when its condition is gone; null: it is not
  resolved_us INTEGER, -- null: it fires
  told        TEXT    NOT NULL,
  record      BLOB    NOT NULL,
  PRIMARY KEY (event, subject)
) STRICT;

-- What an alert channel is to be told of; what waits becomes one delivery.
CREATE TABLE alert_notice (
  id          TEXT NOT NULL PRIMARY KEY,
  channel_uid TEXT NOT NULL,
  at_us       INTEGER NOT NULL,
  record      BLOB   NOT NULL -- a trunkline.admin.v1.Alert
) STRICT;
CREATE INDEX alert_notice_by_channel ON alert_notice (channel_uid, id);

-- Messages to alert channels; record is a trunkline.admin.v1.AlertDelivery.
CREATE TABLE alert_delivery (
  id          TEXT NOT NULL PRIMARY KEY,
  channel_uid TEXT NOT NULL,
  channel     TEXT NOT NULL,
  create_us   INTEGER NOT NULL,
  state       INTEGER NOT NULL, -- as AlertDeliveryState numbers it
  attempts    INTEGER NOT NULL,
  next_us     INTEGER, -- of the next attempt; null: there is none
  record      BLOB    NOT NULL
) STRICT;
CREATE INDEX alert_delivery_by_create ON alert_delivery (create_us, id);
CREATE INDEX alert_delivery_by_channel ON alert_delivery (channel, create_us, id);
CREATE INDEX alert_delivery_due ON alert_delivery (next_us) WHERE next_us IS NOT NULL;
-- One message under way to a channel at a time.
CREATE UNIQUE INDEX alert_delivery_pending ON alert_delivery (channel_uid) WHERE next_us IS NOT NULL;
