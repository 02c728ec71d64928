package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
)

// Audit keeps the audit log.
type Audit struct{ db *DB }

// NewAudit is the audit log of a database.
func NewAudit(db *DB) *Audit { return &Audit{db} }

// AppendEvent adds an event in a transaction of its own.
func (s *Audit) AppendEvent(ctx context.Context, e audit.Event) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.db.appendEvent(ctx, tx, &e) })
	if err == nil {
		s.db.logEvent(ctx, e)
	}
	return s.db.failed(err, "write to the audit log")
}

// change is inTx for a change that the audit log tells of: the event of ctx is part of the transaction. Of
// several changes of one event the first one carries it.
func (db *DB) change(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	entry := audit.From(ctx)
	var (
		event   audit.Event
		pending bool
	)
	err := db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := do(ctx, tx); err != nil {
			return err
		}
		if event, pending = entry.Pending(); !pending {
			return nil
		}
		return db.appendEvent(ctx, tx, &event)
	})
	if err == nil && pending {
		entry.Written()
		db.logEvent(ctx, event)
	}
	return err
}

// changeRow is change with one statement, which finds a row or fails with missing.
func (db *DB) changeRow(ctx context.Context, missing error, statement string, args ...any) error {
	return db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 || missing == nil {
			return err
		}
		return missing
	})
}

// appendEvent adds an event to the chain. Other transactions that add one wait from here until this one ends,
// so it comes last in each.
func (db *DB) appendEvent(ctx context.Context, tx *sql.Tx, e *audit.Event) error {
	if e.At.IsZero() {
		e.At = db.now()
	}
	*e = e.Bounded()
	var previous []byte
	err := tx.QueryRowContext(ctx, `UPDATE audit_head SET sequence = sequence + 1 WHERE id = 1 RETURNING sequence, hash`).Scan(&e.Sequence, &previous)
	if err != nil {
		return fmt.Errorf("take the head of the audit log: %w", err)
	}
	if len(previous) != len(e.Hash) {
		return fmt.Errorf("the head of the audit log has a hash of %d bytes", len(previous))
	}
	e.Hash = e.Link(audit.Hash(previous))
	_, err = tx.ExecContext(ctx, `INSERT INTO audit_event (sequence, at, actor, role, address, action, targets, revision, outcome, count, request_id, detail, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.Sequence, micros(e.At), e.Actor, e.Role, e.Address, e.Action, e.TargetText(), int64(e.Revision), e.Outcome, e.Count, e.RequestID, e.Detail, e.Hash[:])
	if err != nil {
		return fmt.Errorf("write to the audit log: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE audit_head SET hash = $1 WHERE id = 1`, e.Hash[:])
	return err
}

// logEvent is the one place that writes events to the log of the process.
func (db *DB) logEvent(ctx context.Context, e audit.Event) {
	db.logger.InfoContext(ctx, "audit event", "sequence", e.Sequence, "action", e.Action, "actor", e.Actor, "address", e.Address,
		"targets", e.Targets[:min(len(e.Targets), loggedTargets)], "revision", e.Revision, "outcome", e.Outcome, "count", e.Count,
		"detail", e.Detail, "request_id", e.RequestID)
}

// loggedTargets is how many targets a log line names.
const loggedTargets = 10

// FailedSignIns counts the sign-ins that failed since a time. One that lacks the code of a second factor yet is none.
func (s *Audit) FailedSignIns(ctx context.Context, since time.Time) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	err = s.db.engine.Reader().QueryRowContext(ctx,
		`SELECT COALESCE(SUM(count), 0) FROM audit_event WHERE at >= $1 AND action = 'Login' AND outcome <> $2 AND detail <> $3`,
		micros(since), audit.OK, audit.CodeMissing).Scan(&n)
	return n, s.db.failed(err, "count failed sign-ins")
}

// NewestEvents lists events, newest first.
func (s *Audit) NewestEvents(ctx context.Context, f audit.Filter) ([]audit.Event, error) {
	return s.events(ctx, f, ` ORDER BY sequence DESC`)
}

// OldestEvents lists events from the oldest on.
func (s *Audit) OldestEvents(ctx context.Context, f audit.Filter) ([]audit.Event, error) {
	return s.events(ctx, f, ` ORDER BY sequence`)
}

func (s *Audit) events(ctx context.Context, f audit.Filter, order string) ([]audit.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	var q search
	for _, c := range []struct{ column, value string }{{"actor", f.Actor}, {"action", f.Action}, {"outcome", f.Outcome}} {
		if c.value != "" {
			q.where(c.column+` = $%d`, c.value)
		}
	}
	if f.Target != "" {
		// What is left without it tells whether it was there, on either engine and with the case that it has.
		whole, end := "\n"+f.Target+"\n", "/"+f.Target+"\n"
		q.where(s.db.engine.Lines(`targets`)+` <> replace(replace(`+s.db.engine.Lines(`targets`)+`, $%d, ''), $%d, '')`, whole, end)
	}
	if !f.From.IsZero() {
		q.where(`at >= $%d`, micros(f.From))
	}
	if !f.To.IsZero() {
		q.where(`at < $%d`, micros(f.To))
	}
	if f.Sequence > 0 {
		q.where(`sequence = $%d`, f.Sequence)
	}
	if f.Before > 0 {
		q.where(`sequence < $%d`, f.Before)
	}
	if f.After > 0 {
		q.where(`sequence > $%d`, f.After)
	}
	rows, err := s.db.engine.Reader().QueryContext(ctx,
		`SELECT sequence, at, actor, role, address, action, targets, revision, outcome, count, request_id, detail, hash FROM audit_event`+
			q.conditions()+order+q.limit(f.Limit), q.args...)
	events, err := collect(rows, err, scanEvent)
	return events, s.db.failed(err, "read the audit log")
}

func scanEvent(rows *sql.Rows) (e audit.Event, err error) {
	var (
		at, revision int64
		targets      string
		hash         []byte
	)
	if err := rows.Scan(&e.Sequence, &at, &e.Actor, &e.Role, &e.Address, &e.Action, &targets, &revision, &e.Outcome, &e.Count, &e.RequestID, &e.Detail, &hash); err != nil {
		return e, err
	}
	e.At, e.Revision, e.Targets = fromMicros(at), uint64(revision), audit.ParseTargets(targets)
	copy(e.Hash[:], hash) // one of another length does not fit the chain, which verification tells
	return e, nil
}

// AuditHead is how far the chain goes.
func (s *Audit) AuditHead(ctx context.Context) (audit.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	head, err := readHead(ctx, s.db.engine.Reader(), `SELECT sequence, hash, anchor_sequence, anchor_hash FROM audit_head WHERE id = 1`)
	return head, s.db.failed(err, "read the audit log")
}

func readHead(ctx context.Context, q querier, query string) (h audit.Head, err error) {
	var hash, anchor []byte
	err = q.QueryRowContext(ctx, query).Scan(&h.Sequence, &hash, &h.AnchorSequence, &anchor)
	copy(h.Hash[:], hash)
	copy(h.AnchorHash[:], anchor)
	return h, err
}

// RemoveEvents removes at most limit events from before t, the oldest ones.
func (s *Audit) RemoveEvents(ctx context.Context, t time.Time, limit int) (int, error) {
	event := audit.Event{Actor: audit.System, Action: audit.ActionRemoveEvents}
	var removed int
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		removed = 0
		// Nobody adds an event, and no other replica removes any, until this is done.
		head, err := readHead(ctx, tx, `UPDATE audit_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash, anchor_sequence, anchor_hash`)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT at, sequence, hash FROM audit_event ORDER BY sequence LIMIT $1`, limit)
		oldest, err := collect(rows, err, func(rows *sql.Rows) (e audit.Event, err error) {
			var at int64
			var hash []byte
			err = rows.Scan(&at, &e.Sequence, &hash)
			e.At = fromMicros(at)
			copy(e.Hash[:], hash)
			return e, err
		})
		if err != nil {
			return err
		}
		// The clocks of replicas differ: what is removed ends before the first event that stays.
		if removed = slices.IndexFunc(oldest, func(e audit.Event) bool { return !e.At.Before(t) }); removed < 0 {
			removed = len(oldest)
		}
		// An interrupted chain is kept as it is: its gap must not become the beginning of a whole one.
		if removed == 0 || oldest[removed-1].Sequence != head.AnchorSequence+int64(removed) {
			removed = 0
			return nil
		}
		last := oldest[removed-1]
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit_event WHERE sequence <= $1`, last.Sequence); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE audit_head SET anchor_sequence = $1, anchor_hash = $2 WHERE id = 1`, last.Sequence, last.Hash[:]); err != nil {
			return err
		}
		event.Detail = audit.Removal(last.Sequence, last.Hash)
		return s.db.appendEvent(ctx, tx, &event)
	})
	if err != nil {
		return 0, s.db.failed(err, "remove old audit events")
	}
	if removed > 0 {
		s.db.logEvent(ctx, event)
	}
	return removed, nil
}
