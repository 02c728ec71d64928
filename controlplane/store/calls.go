package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// ListCalls returns at most f.Limit calls (at least 1), newest first. Calls that arrive
// between two pages neither repeat nor hide others.
func (s *Store) ListCalls(ctx context.Context, f controlplane.CallFilter) ([]controlplane.Call, error) {
	if f.Limit < 1 {
		return nil, errs.Newf(errs.InvalidArgument, "the limit of calls to list is %d, want at least 1", f.Limit)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	query, args := listQuery(f)
	rows, err := s.engine.Reader().QueryContext(ctx, query, args...)
	calls, err := collect(rows, err, func(rows *sql.Rows) (controlplane.Call, error) { return scanCall(rows) })
	if err != nil {
		return nil, s.failed(err, "list calls")
	}
	return calls, nil
}

// listQuery walks the index of one filter from the position onwards; the other filters
// are tested row by row.
func listQuery(f controlplane.CallFilter) (string, []any) {
	var (
		from       = `call c`
		position   = `c.start_us, c.id`
		order      = `c.start_us DESC, c.id DESC`
		start      = `c.start_us`
		conditions []string
		args       []any
	)
	where := func(condition string, values ...any) {
		marks := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			marks[i] = len(args)
		}
		conditions = append(conditions, fmt.Sprintf(condition, marks...))
	}
	if f.Provider != "" {
		// CROSS: SQLite begins with the table on the left, whatever else is filtered by.
		from = `call_provider p CROSS JOIN call c`
		conditions = append(conditions, `c.start_us = p.start_us`, `c.id = p.call_id`)
		position, order, start = `p.start_us, p.call_id`, `p.start_us DESC, p.call_id DESC`, `p.start_us`
		where(`p.provider = $%d`, f.Provider)
	}
	if f.Group != "" {
		where(`c.group_name = $%d`, f.Group)
	}
	if f.APIKey != "" {
		where(`c.api_key = $%d`, f.APIKey)
	}
	if f.Outcome != "" {
		where(`c.outcome = $%d`, f.Outcome)
	}
	if f.Status != 0 {
		where(`c.status = $%d`, f.Status)
	}
	if !f.From.IsZero() {
		where(start+` >= $%d`, micros(f.From))
	}
	if !f.To.IsZero() {
		where(start+` < $%d`, micros(f.To))
	}
	if f.After != (controlplane.CallPosition{}) {
		where(`(`+position+`) < ($%d, $%d)`, f.After.StartUS, f.After.ID)
	}
	query := `SELECT c.node, c.record FROM ` + from
	if len(conditions) > 0 {
		query += ` WHERE ` + strings.Join(conditions, ` AND `)
	}
	args = append(args, f.Limit)
	return query + ` ORDER BY ` + order + fmt.Sprintf(` LIMIT $%d`, len(args)), args
}

// GetCall returns one call, whatever its age.
func (s *Store) GetCall(ctx context.Context, id string) (controlplane.Call, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	call, err := scanCall(s.engine.Reader().QueryRowContext(ctx, `SELECT node, record FROM call WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return controlplane.Call{}, errs.Newf(errs.NotFound, "call %q does not exist", id)
	}
	return call, s.failed(err, "read a call")
}

// KeepCalls makes room for the calls of the days to come and drops, where the database
// keeps calls by day, the days that ended before t. It returns the time before which
// DeleteCallsBefore has to delete what is left: t, or the start of its day.
func (s *Store) KeepCalls(ctx context.Context, t time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	kept, err := s.engine.KeepCalls(ctx, s.now(), t)
	return kept, s.failed(err, "make room for calls")
}

// Exclusive runs do unless another replica runs the job of that name, and reports whether
// it ran.
func (s *Store) Exclusive(ctx context.Context, job string, do func(context.Context) error) (bool, error) {
	ran, err := s.engine.Exclusive(ctx, job, do)
	return ran, s.failed(err, "run "+job)
}

const (
	oldestCalls     = `(SELECT start_us, id FROM call WHERE start_us < $1 ORDER BY start_us, id LIMIT $2)`
	deleteProviders = `DELETE FROM call_provider WHERE (start_us, call_id) IN ` + oldestCalls
	deleteCalls     = `DELETE FROM call WHERE (start_us, id) IN ` + oldestCalls
)

// DeleteCallsBefore deletes at most limit calls (at least 1) that arrived before t, the
// oldest first, and returns how many.
func (s *Store) DeleteCallsBefore(ctx context.Context, t time.Time, limit int) (int, error) {
	if limit < 1 {
		return 0, errs.Newf(errs.InvalidArgument, "the limit of calls to delete is %d, want at least 1", limit)
	}
	var deleted int64
	// Both statements see the same calls: another replica that deletes some makes this fail.
	err := transact(ctx, s.engine.Writer(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead}, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteProviders, micros(t), limit); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, deleteCalls, micros(t), limit)
		if err != nil {
			return err
		}
		deleted, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return 0, s.failed(err, "delete old calls")
	}
	return int(deleted), nil
}

// scanCall reads a row of node and record.
func scanCall(row interface{ Scan(...any) error }) (controlplane.Call, error) {
	call := controlplane.Call{Call: &nodev1.Call{}}
	var record []byte
	if err := row.Scan(&call.Node, &record); err != nil {
		return controlplane.Call{}, err
	}
	if err := proto.Unmarshal(record, call.Call); err != nil {
		return controlplane.Call{}, fmt.Errorf("decode a stored call: %w", err)
	}
	return call, nil
}
