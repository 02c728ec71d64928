package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// AlertQueues says for whom notices wait.
func (s *Alerts) AlertQueues(ctx context.Context) ([]alerts.Queue, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx,
		`SELECT channel_uid, MIN(at_us), EXISTS (SELECT 1 FROM alert_delivery WHERE alert_delivery.channel_uid = alert_notice.channel_uid AND next_us IS NOT NULL)
		 FROM alert_notice GROUP BY channel_uid ORDER BY channel_uid`)
	queues, err := collect(rows, err, func(rows *sql.Rows) (q alerts.Queue, err error) {
		var oldest int64
		err = rows.Scan(&q.ChannelUID, &oldest, &q.Sending)
		q.Oldest = fromMicros(oldest)
		return q, err
	})
	return queues, s.db.failed(err, "read what waits for alert channels")
}

// CollectNotices makes one delivery of all that waits for a channel.
func (s *Alerts) CollectNotices(ctx context.Context, channelUID string, form func([]alerts.Notice) alerts.Delivery) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		notices, err := takeNotices(ctx, tx, channelUID)
		if err != nil || len(notices) == 0 {
			return err
		}
		d := form(notices)
		n, err := insertDelivery(ctx, tx, d, ` ON CONFLICT DO NOTHING`)
		if err == nil && n == 0 {
			return errPending
		}
		return err
	})
	if errors.Is(err, errPending) {
		return nil
	}
	return s.db.failed(err, "collect alerts")
}

// errPending rolls a collection back: another message to the channel is under way.
var errPending = errors.New("a message is already being sent")

func takeNotices(ctx context.Context, tx *sql.Tx, channelUID string) ([]alerts.Notice, error) {
	rows, err := tx.QueryContext(ctx, `DELETE FROM alert_notice WHERE channel_uid = $1 RETURNING id, at_us, record`, channelUID)
	notices, err := collect(rows, err, func(rows *sql.Rows) (alerts.Notice, error) {
		n := alerts.Notice{ChannelUID: channelUID, Alert: &adminv1.Alert{}}
		var (
			at     int64
			record []byte
		)
		if err := rows.Scan(&n.ID, &at, &record); err != nil {
			return n, err
		}
		n.At = fromMicros(at)
		return n, proto.Unmarshal(record, n.Alert)
	})
	slices.SortFunc(notices, func(a, b alerts.Notice) int { return strings.Compare(a.ID, b.ID) })
	return notices, err
}

// DropNotices forgets what waits for a channel.
func (s *Alerts) DropNotices(ctx context.Context, channelUID string) error {
	_, err := s.db.exec(ctx, `DELETE FROM alert_notice WHERE channel_uid = $1`, channelUID)
	return s.db.failed(err, "drop alerts")
}

// DueDeliveries lists the pending ones whose next attempt is due.
func (s *Alerts) DueDeliveries(ctx context.Context, now time.Time) ([]alerts.Delivery, error) {
	due, err := s.deliveries(ctx, `WHERE next_us <= $1 ORDER BY next_us, id`, micros(now))
	return due, s.db.failed(err, "read due alert messages")
}

// ClaimDelivery notes one more attempt.
func (s *Alerts) ClaimDelivery(ctx context.Context, id string, attempts int32, until time.Time) (bool, error) {
	n, err := s.db.exec(ctx, `UPDATE alert_delivery SET attempts = attempts + 1, next_us = $1 WHERE id = $2 AND attempts = $3 AND next_us IS NOT NULL`,
		micros(until), id, attempts)
	return n == 1, s.db.failed(err, "claim an alert message")
}

// EndAttempt writes how a delivery stands after its last claimed attempt.
func (s *Alerts) EndAttempt(ctx context.Context, d alerts.Delivery) error {
	record, err := recordOf(d)
	if err != nil {
		return err
	}
	_, err = s.db.exec(ctx, `UPDATE alert_delivery SET state = $1, next_us = $2, record = $3 WHERE id = $4 AND attempts = $5 AND next_us IS NOT NULL`,
		int32(d.GetState()), nextAttempt(d), record, d.GetId(), d.GetAttempts())
	return s.db.failed(err, "note how an alert message went")
}

// RecordDelivery stores a delivery that is over.
func (s *Alerts) RecordDelivery(ctx context.Context, d alerts.Delivery) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := insertDelivery(ctx, tx, d, ``)
		return err
	})
	return s.db.failed(err, "store an alert message")
}

// Deliveries lists deliveries, newest first.
func (s *Alerts) Deliveries(ctx context.Context, f alerts.Filter) ([]alerts.Delivery, error) {
	var (
		where []string
		args  []any
	)
	given := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.Channel != "" {
		given(`channel = ?`, f.Channel)
	}
	if f.State != 0 {
		given(`state = ?`, int32(f.State))
	}
	if f.Before != (alerts.Position{}) {
		given(`(create_us, id) < (?, ?)`, f.Before.CreateUS, f.Before.ID)
	}
	rest := ""
	if len(where) > 0 {
		rest = `WHERE ` + strings.Join(where, ` AND `)
	}
	args = append(args, f.Limit)
	all, err := s.deliveries(ctx, rest+fmt.Sprintf(` ORDER BY create_us DESC, id DESC LIMIT $%d`, len(args)), args...)
	return all, s.db.failed(err, "list alert messages")
}

// deliveries reads those that the rest of the query selects.
func (s *Alerts) deliveries(ctx context.Context, rest string, args ...any) ([]alerts.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT channel_uid, attempts, record FROM alert_delivery `+rest, args...)
	return collect(rows, err, func(rows *sql.Rows) (alerts.Delivery, error) {
		d := alerts.Delivery{AlertDelivery: &adminv1.AlertDelivery{}}
		var (
			attempts int32
			record   []byte
		)
		if err := rows.Scan(&d.ChannelUID, &attempts, &record); err != nil {
			return d, err
		}
		err := proto.Unmarshal(record, d.AlertDelivery)
		d.Attempts = attempts // a claim does not write the record
		return d, err
	})
}

func insertDelivery(ctx context.Context, tx *sql.Tx, d alerts.Delivery, rest string) (int64, error) {
	record, err := recordOf(d)
	if err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx,
		`INSERT INTO alert_delivery (id, channel_uid, channel, create_us, state, attempts, next_us, record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`+rest,
		d.GetId(), d.ChannelUID, d.GetChannel(), micros(d.GetCreateTime().AsTime()), int32(d.GetState()), d.GetAttempts(), nextAttempt(d), record)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func nextAttempt(d alerts.Delivery) sql.NullInt64 {
	return sql.NullInt64{Int64: micros(d.GetNextAttemptTime().AsTime()), Valid: d.GetNextAttemptTime() != nil}
}

func recordOf(d alerts.Delivery) ([]byte, error) {
	record, err := proto.Marshal(d.AlertDelivery)
	if err != nil {
		return nil, fmt.Errorf("encode alert message %q: %w", d.GetId(), err)
	}
	return record, nil
}
