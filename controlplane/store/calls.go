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
		from = `call_provider p JOIN call c ON c.id = p.call_id`
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

// DeleteCallsBefore deletes at most limit calls (at least 1) that arrived before t, the
// oldest first, and returns how many.
func (s *Store) DeleteCallsBefore(ctx context.Context, t time.Time, limit int) (int, error) {
	if limit < 1 {
		return 0, errs.Newf(errs.InvalidArgument, "the limit of calls to delete is %d, want at least 1", limit)
	}
	var deleted int64
	err := s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`DELETE FROM call WHERE id IN (SELECT id FROM call WHERE start_us < $1 ORDER BY start_us, id LIMIT $2)`, micros(t), limit)
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
