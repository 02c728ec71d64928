package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Alerts keeps what people are alerted of, and what they were sent.
type Alerts struct{ db *DB }

// NewAlerts is the Alerts of a database.
func NewAlerts(db *DB) *Alerts { return &Alerts{db} }

// Alerts reads all that are remembered.
func (s *Alerts) Alerts(ctx context.Context) ([]alerts.Tracked, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx,
		`SELECT event, subject, version, severity, openings, clear_us, told, record FROM alert ORDER BY event, subject`)
	all, err := collect(rows, err, func(rows *sql.Rows) (alerts.Tracked, error) {
		t := alerts.Tracked{Alert: &adminv1.Alert{}}
		var (
			clear  sql.NullInt64
			told   string
			record []byte
		)
		if err := rows.Scan(&t.Event, &t.Subject, &t.Version, &t.Severity, &t.Openings, &clear, &told, &record); err != nil {
			return t, err
		}
		if clear.Valid {
			t.ClearSince = fromMicros(clear.Int64)
		}
		t.Told = strings.Fields(told)
		return t, proto.Unmarshal(record, t.Alert)
	})
	return all, s.db.failed(err, "read alerts")
}

// ChangeAlerts writes alerts and the notices of what happened.
func (s *Alerts) ChangeAlerts(ctx context.Context, changed []alerts.Tracked, notices []alerts.Notice) error {
	rows := make([][]any, len(notices))
	for i, n := range notices {
		record, err := proto.Marshal(n.Alert)
		if err != nil {
			return fmt.Errorf("encode an alert: %w", err)
		}
		rows[i] = []any{n.ID, n.ChannelUID, micros(n.At), record}
	}
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, t := range changed {
			if err := changeAlert(ctx, tx, t); err != nil {
				return err
			}
		}
		return insert(ctx, tx, `INSERT INTO alert_notice (id, channel_uid, at_us, record) VALUES `, rows, ``)
	})
	return s.db.failed(err, "write alerts")
}

func changeAlert(ctx context.Context, tx *sql.Tx, t alerts.Tracked) error {
	record, err := proto.Marshal(t.Alert)
	if err != nil {
		return fmt.Errorf("encode an alert: %w", err)
	}
	resolved := sql.NullInt64{Int64: micros(t.Alert.GetEndTime().AsTime()), Valid: !t.Firing()}
	fields := []any{t.Version + 1, t.Severity, t.Openings, nullTime(t.ClearSince), resolved, strings.Join(t.Told, "\n"), record, t.Event, t.Subject}
	var result sql.Result
	if t.Version == 0 {
		result, err = tx.ExecContext(ctx,
			`INSERT INTO alert (version, severity, openings, clear_us, resolved_us, told, record, event, subject)
			 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (event, subject) DO NOTHING`, fields...)
	} else {
		result, err = tx.ExecContext(ctx,
			`UPDATE alert SET version = $1, severity = $2, openings = $3, clear_us = $4, resolved_us = $5, told = $6, record = $7
			 WHERE event = $8 AND subject = $9 AND version = $10`, append(fields, t.Version)...)
	}
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errs.Newf(errs.Conflict, "another replica has changed the alert in the meantime")
}

func nullTime(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: micros(t), Valid: !t.IsZero()}
}

// ExpireAlerts forgets what is old.
func (s *Alerts) ExpireAlerts(ctx context.Context, resolved, delivered time.Time) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, forget := range []struct {
			statement string
			args      []any
		}{
			{`DELETE FROM alert WHERE resolved_us < $1`, []any{micros(resolved)}},
			{`DELETE FROM alert_delivery WHERE create_us < $1 AND next_us IS NULL`, []any{micros(delivered)}},
			{`DELETE FROM alert_delivery WHERE next_us IS NULL AND id IN (SELECT id FROM (
			    SELECT id, row_number() OVER (PARTITION BY channel_uid ORDER BY create_us DESC, id DESC) AS place FROM alert_delivery) AS numbered
			  WHERE place > $1)`, []any{alerts.KeptDeliveries}},
			{`DELETE FROM alert_notice WHERE id IN (SELECT id FROM (
			    SELECT id, row_number() OVER (PARTITION BY channel_uid ORDER BY id DESC) AS place FROM alert_notice) AS numbered
			  WHERE place > $1)`, []any{alerts.KeptNotices}},
		} {
			if _, err := tx.ExecContext(ctx, forget.statement, forget.args...); err != nil {
				return err
			}
		}
		return nil
	})
	return s.db.failed(err, "forget old alerts")
}
