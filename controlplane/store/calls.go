package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Calls keeps the calls that nodes report, and adds them to the sums of usage.
type Calls struct{ db *DB }

// NewCalls is the Calls of a database.
func NewCalls(db *DB) *Calls { return &Calls{db} }

// ListCalls returns at most f.Limit calls (at least 1), newest first. Calls that arrive
// between two pages neither repeat nor hide others.
func (s *Calls) ListCalls(ctx context.Context, f calllog.Filter) ([]calllog.Call, error) {
	if f.Limit < 1 {
		return nil, errs.Newf(errs.InvalidArgument, "the limit of calls to list is %d, want at least 1", f.Limit)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	if f.ID != "" {
		return s.callWithID(ctx, f)
	}
	query, args := listQuery(f)
	rows, err := s.db.engine.Reader().QueryContext(ctx, query, args...)
	calls, err := collect(rows, err, func(rows *sql.Rows) (calllog.Call, error) { return scanCall(rows) })
	if err != nil {
		return nil, s.db.failed(err, "list calls")
	}
	return calls, nil
}

// callWithID is the list of the call with an id, if it passes the other filters.
func (s *Calls) callWithID(ctx context.Context, f calllog.Filter) ([]calllog.Call, error) {
	call, err := s.GetCall(ctx, f.ID)
	switch {
	case errs.CodeOf(err) == errs.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case !f.Matches(call) || f.After != (calllog.Position{}) && !call.Position().Before(f.After):
		return nil, nil
	}
	return []calllog.Call{call}, nil
}

// listQuery walks the index of one filter from the position onwards; the other filters are
// tested entry by entry, those that stand in the index too without fetching the call.
//
// Calls of a provider are found in call_provider, which has what is searched by, and only
// those of the page are fetched: a plain join has PostgreSQL read every call when it
// misjudges how many there are.
func listQuery(f calllog.Filter) (string, []any) {
	q := &search{}
	table, id := `call`, `id`
	throughProvider := f.Provider != "" && !f.ByClient()
	if f.Provider != "" && !throughProvider {
		q.ofProvider(f)
	}
	if throughProvider {
		table, id = `call_provider`, `call_id`
		q.where(`s.provider = $%d`, f.Provider)
	}
	// These are the texts of indexes that hold such calls only.
	if f.Failed || f.Outcome != "" && f.Outcome != usage.OutcomeOK {
		q.where(`s.outcome <> 'ok'`)
	}
	if f.Status != 0 && f.Status != http.StatusOK {
		q.where(`s.status <> 200`)
	}
	if f.FailedOver {
		q.where(`s.failed_over = 1`)
	}
	q.filterCalls(f)
	if f.After != (calllog.Position{}) {
		q.where(`(s.start_us, s.`+id+`) < ($%d, $%d)`, f.After.StartUS, f.After.ID)
	}
	rest := q.conditions() + ` ORDER BY s.start_us DESC, s.` + id + ` DESC` + q.limit(f.Limit)
	if !throughProvider {
		return `SELECT s.node, s.record FROM call s` + rest, q.args
	}
	return `SELECT c.node, c.record FROM (SELECT s.start_us, s.call_id FROM ` + table + ` s` + rest + `) p` +
		` CROSS JOIN call c WHERE c.start_us = p.start_us AND c.id = p.call_id` + // CROSS: SQLite begins with the left one
		` ORDER BY p.start_us DESC, p.call_id DESC`, q.args
}

// ofProvider asks for calls that a provider answered or failed, where the calls are found otherwise.
func (q *search) ofProvider(f calllog.Filter) {
	const there = `EXISTS (SELECT 1 FROM call_provider p WHERE p.provider = $%d AND p.start_us = s.start_us AND p.call_id = s.id`
	if f.AttemptOutcome == "" {
		q.where(there+`)`, f.Provider)
		return
	}
	q.where(there+` AND p.attempt_outcomes LIKE $%d)`, f.Provider, "% "+f.AttemptOutcome+" %")
}

// filterClient adds what clients said of calls. That a value is not empty is the text of indexes.
func (q *search) filterClient(f calllog.Filter) {
	if f.ClientRequestID != "" {
		q.where(`(s.client_id <> '' AND s.client_id = $%d OR s.incoming_id <> '' AND s.incoming_id = $%d)`, f.ClientRequestID, f.ClientRequestID)
	}
	if f.TraceID != "" {
		q.where(`s.trace_id <> '' AND s.trace_id = $%d`, f.TraceID)
	}
	if f.User != "" {
		q.where(`s.end_user <> '' AND s.end_user = $%d`, f.User)
	}
	if f.Metadata != "" {
		pair, key := calllog.MetadataSearch(f.Metadata)
		q.where(`(replace(s.metadata, $%d, '') <> s.metadata OR replace(s.metadata, $%d, '') <> s.metadata)`, pair, key)
	}
}

// filterCalls adds what a filter asks for, but for the id, the provider and whether a call
// failed or failed over, for which lists and followers need other texts. What is searched
// is s: call or call_provider, which have the same columns for it.
func (q *search) filterCalls(f calllog.Filter) {
	for _, text := range []struct{ column, value string }{
		{`group_name`, f.Group}, {`api_key`, f.APIKey}, {`outcome`, f.Outcome}, {`node`, f.Node}, {`model`, f.Model},
	} {
		if text.value != "" {
			q.where(`s.`+text.column+` = $%d`, text.value)
		}
	}
	if f.AttemptOutcome != "" {
		q.where(`s.attempt_outcomes LIKE $%d`, "% "+f.AttemptOutcome+" %") // of call_provider: on that provider
	}
	q.filterClient(f)
	if f.Status != 0 {
		q.where(`s.status = $%d`, f.Status)
	}
	if f.Stream != nil {
		q.where(`s.stream = $%d`, number(*f.Stream))
	}
	if f.MinCost > 0 {
		q.where(`s.cost_pico >= $%d`, f.MinCost)
	}
	if f.MinDuration > 0 {
		q.where(`s.duration_us >= $%d`, f.MinDuration.Microseconds())
	}
	if !f.From.IsZero() {
		q.where(`s.start_us >= $%d`, micros(f.From))
	}
	if !f.To.IsZero() {
		q.where(`s.start_us < $%d`, micros(f.To))
	}
}

// GetCall returns one call, whatever its age.
func (s *Calls) GetCall(ctx context.Context, id string) (calllog.Call, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	call, err := scanCall(s.db.engine.Reader().QueryRowContext(ctx, `SELECT node, record FROM call WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return calllog.Call{}, errs.Newf(errs.NotFound, "call %q does not exist", id)
	}
	return call, s.db.failed(err, "read a call")
}

// KeepCalls makes room for the calls of the days to come and drops, where the database
// keeps calls by day, the days that ended before t. What is left before t is for DeleteCallsBefore.
func (s *Calls) KeepCalls(ctx context.Context, t time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	return s.db.failed(s.db.engine.KeepCalls(ctx, s.db.now(), t), "make room for calls")
}

// DeleteLimit is how many calls DeleteCallsBefore should delete at once.
func (s *Calls) DeleteLimit() int { return s.db.engine.DeleteLimit() }

const (
	lastToDelete = `SELECT start_us, id FROM call WHERE start_us < $1 ORDER BY start_us, id LIMIT 1 OFFSET $2`
	// What is deleted is told by where it ends: PostgreSQL would look for each id of a list in the tables of all days.
	deleteProviders = `DELETE FROM call_provider WHERE start_us < $1 AND (start_us, call_id) <= ($2, $3)`
	deleteCalls     = `DELETE FROM call WHERE start_us < $1 AND (start_us, id) <= ($2, $3)`
)

// DeleteCallsBefore deletes at most limit calls (at least 1) that arrived before t, the
// oldest first, and returns how many.
func (s *Calls) DeleteCallsBefore(ctx context.Context, t time.Time, limit int) (int, error) {
	if limit < 1 {
		return 0, errs.Newf(errs.InvalidArgument, "the limit of calls to delete is %d, want at least 1", limit)
	}
	var deleted int64
	// All statements see the same calls: another replica that deletes some makes this fail.
	err := transact(ctx, s.db.engine.Writer(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead}, func(ctx context.Context, tx *sql.Tx) error {
		last := calllog.Position{StartUS: micros(t)}
		err := tx.QueryRowContext(ctx, lastToDelete, micros(t), limit-1).Scan(&last.StartUS, &last.ID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // none: there are fewer
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteProviders, micros(t), last.StartUS, last.ID); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, deleteCalls, micros(t), last.StartUS, last.ID)
		if err != nil {
			return err
		}
		deleted, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return 0, s.db.failed(err, "delete old calls")
	}
	return int(deleted), nil
}

// scanCall reads a row of node and record.
func scanCall(row interface{ Scan(...any) error }) (calllog.Call, error) {
	call := calllog.Call{Call: &nodev1.Call{}}
	var record []byte
	if err := row.Scan(&call.Node, &record); err != nil {
		return calllog.Call{}, err
	}
	if err := proto.Unmarshal(record, call.Call); err != nil {
		return calllog.Call{}, fmt.Errorf("decode a stored call: %w", err)
	}
	return call, nil
}
