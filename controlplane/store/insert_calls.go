package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What calls have in their tables.
var (
	callColumns = []string{
		"id", "node", "start_us", "group_name", "api_key", "outcome", "status", "model", "stream", "duration_us", "stored_us",
		"failed_over", "cost_pico", "attempt_outcomes", "client_id", "incoming_id", "end_user", "metadata", "trace_id", "record",
	}
	callProviderColumns = []string{
		"provider", "start_us", "call_id", "group_name", "api_key", "outcome", "status", "node", "model", "stream", "duration_us",
		"failed_over", "cost_pico", "attempt_outcomes",
	}
	insertCall         = `INSERT INTO call (` + strings.Join(callColumns, ", ") + `) VALUES `
	insertCallProvider = `INSERT INTO call_provider (` + strings.Join(callProviderColumns, ", ") + `) VALUES `
)

// InsertCalls stores calls that are not stored yet, in one transaction, and returns how
// many were new. A call that the database refuses by itself is returned as rejected; the
// others are stored. A call is stored once, however often and in whatever company it is
// sent, and counts in the sums of usage once, from the same transaction on.
func (s *Calls) InsertCalls(ctx context.Context, node string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	at := s.db.now()
	rows, rejected := s.callRows(ctx, node, calls, at)
	if len(rows) == 0 {
		return 0, rejected, nil
	}
	stored, err := len(rows), s.addNew(ctx, node, rows, at)
	if s.db.refused(err) {
		in := &ingest{db: s.db}
		err = in.insertEach(ctx, node, rows, at)
		stored, rejected = len(in.stored), append(rejected, in.rejected...)
	}
	if err != nil {
		return 0, nil, s.db.failed(err, "store calls")
	}
	s.db.notePending(stored)
	return stored, rejected, nil
}

// addNew stores rows that are all new and good, as nearly always, the fastest way there is. One that
// is not fails it, and leaves nothing behind.
func (s *Calls) addNew(ctx context.Context, node string, rows []callRow, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	conn, err := s.db.engine.Writer().Conn(ctx)
	if err != nil {
		return fmt.Errorf("take a connection: %w", err)
	}
	defer conn.Close() // it goes back to the pool
	return transact(ctx, conn, nil, func(ctx context.Context, tx *sql.Tx) error {
		columns, providers := make([][]any, len(rows)), make([][]any, 0, len(rows))
		calls := make([]*nodev1.Call, len(rows))
		for i, row := range rows {
			columns[i], calls[i] = row.columns, row.call
			providers = append(providers, row.providers...)
		}
		if err := s.db.engine.AddRows(ctx, conn, "call", callColumns, columns); err != nil {
			return fmt.Errorf("add calls: %w", err)
		}
		if err := s.db.engine.AddRows(ctx, conn, "call_provider", callProviderColumns, providers); err != nil {
			return fmt.Errorf("add providers of calls: %w", err)
		}
		if err := addPending(ctx, tx, calls); err != nil {
			return err
		}
		return receive(ctx, tx, node, at)
	})
}

// callRow is a call as the tables hold it.
type callRow struct {
	id        string
	call      *nodev1.Call
	columns   []any   // of call
	providers [][]any // rows of call_provider
}

// callRows prepares calls, each id once. They are sorted by id: transactions that insert
// the same calls then wait for each other instead of deadlocking.
func (s *Calls) callRows(ctx context.Context, node string, calls []*nodev1.Call, at time.Time) ([]callRow, []*nodev1.RejectedCall) {
	var (
		rows     = make([]callRow, 0, len(calls))
		stored   = micros(at)
		rejected []*nodev1.RejectedCall
	)
	for _, call := range calls {
		record, err := proto.MarshalOptions{Deterministic: true}.Marshal(call)
		if err != nil {
			rejected = append(rejected, s.db.reject(ctx, call.GetId(), err))
			continue
		}
		model := usage.KeyOf(call).Model // fit for a column
		failedOver := number(len(call.GetAttempts()) > 1)
		row := callRow{id: call.GetId(), call: call, columns: []any{
			call.GetId(), node, call.GetStartUs(), call.GetGroup(), call.GetApiKey(), call.GetOutcome(), call.GetStatus(),
			model, number(call.GetStream()), call.GetDurationUs(), stored, failedOver, call.GetCost(), attemptOutcomes(call, ""),
			call.GetClientRequestId(), call.GetIncomingRequestId(), call.GetUser(), calllog.MetadataText(call.GetMetadata()), call.GetTraceId(), record,
		}}
		for _, provider := range providersOf(call) {
			row.providers = append(row.providers, []any{
				provider, call.GetStartUs(), call.GetId(), call.GetGroup(), call.GetApiKey(), call.GetOutcome(), call.GetStatus(),
				node, model, number(call.GetStream()), call.GetDurationUs(), failedOver, call.GetCost(), attemptOutcomes(call, provider),
			})
		}
		if err := row.check(); err != nil {
			rejected = append(rejected, s.db.reject(ctx, row.id, err))
			continue
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b callRow) int { return cmp.Compare(a.id, b.id) })
	return slices.CompactFunc(rows, func(a, b callRow) bool { return a.id == b.id }), rejected
}

// maxID is the most characters that the id of a call has.
const maxID = 64

// check says what is wrong with a row that the tables cannot hold: PostgreSQL has no text with NUL.
func (r callRow) check() error {
	if n := utf8.RuneCountInString(r.id); n < 1 || n > maxID {
		return fmt.Errorf("the id has %d characters, want 1 to %d", n, maxID)
	}
	nul := func(value any) bool {
		text, ok := value.(string)
		return ok && strings.IndexByte(text, 0) >= 0
	}
	if slices.ContainsFunc(r.columns, nul) || slices.ContainsFunc(r.providers, func(columns []any) bool { return slices.ContainsFunc(columns, nul) }) {
		return errors.New("a text holds NUL")
	}
	return nil
}

// number is a truth value as both databases keep it.
func number(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// providersOf lists each provider that had a part in a call once.
func providersOf(call *nodev1.Call) []string {
	providers := make([]string, 0, 1+len(call.GetAttempts()))
	providers = append(providers, call.GetProvider())
	for _, attempt := range call.GetAttempts() {
		providers = append(providers, attempt.GetProvider())
	}
	slices.Sort(providers)
	return slices.DeleteFunc(slices.Compact(providers), func(p string) bool { return p == "" })
}

// attemptOutcomes lists how a call's attempts ended, each outcome once and between spaces, as listQuery
// searches them; those of one provider, or of all when it is empty.
func attemptOutcomes(call *nodev1.Call, provider string) string {
	var outcomes []string
	for _, a := range call.GetAttempts() {
		if provider == "" || a.GetProvider() == provider {
			outcomes = append(outcomes, a.GetOutcome())
		}
	}
	slices.Sort(outcomes)
	return " " + strings.Join(slices.Compact(outcomes), " ") + " "
}

// ingest is one InsertCalls with calls that are stored already, or that the database refuses.
type ingest struct {
	db       *DB
	stored   []*nodev1.Call // those that were new
	rejected []*nodev1.RejectedCall
}

// insertEach stores rows but for those that are stored or that the database refuses.
func (in *ingest) insertEach(ctx context.Context, node string, rows []callRow, at time.Time) error {
	return in.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for batch := range batches(rows) {
			if err := in.insert(ctx, tx, batch); err != nil {
				return err
			}
		}
		if err := addPending(ctx, tx, in.stored); err != nil {
			return err
		}
		return receive(ctx, tx, node, at)
	})
}

// insert stores rows but for those that the database refuses.
func (in *ingest) insert(ctx context.Context, tx *sql.Tx, rows []callRow) error {
	return bisectInsert(ctx, in.db, tx, rows, func(rows []callRow) error {
		stored, err := insertPiece(ctx, tx, rows)
		if err == nil {
			in.stored = append(in.stored, stored...)
		}
		return err
	}, func(row callRow, err error) {
		in.rejected = append(in.rejected, in.db.reject(ctx, row.id, err))
	})
}

// insertPiece inserts rows with one statement and returns the calls that were new. Only
// new ones get rows in call_provider.
func insertPiece(ctx context.Context, tx *sql.Tx, rows []callRow) ([]*nodev1.Call, error) {
	args := make([]any, 0, len(rows)*len(rows[0].columns))
	byID := make(map[string]callRow, len(rows))
	for _, row := range rows {
		args = append(args, row.columns...)
		byID[row.id] = row
	}
	returned, err := tx.QueryContext(ctx,
		insertCall+placeholder.Rows(len(rows), len(rows[0].columns))+` ON CONFLICT DO NOTHING RETURNING id`, args...)
	ids, err := collect(returned, err, func(rows *sql.Rows) (string, error) {
		var id string
		err := rows.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("insert calls: %w", err)
	}
	stored := make([]*nodev1.Call, 0, len(ids))
	var providers [][]any
	for _, id := range ids {
		row, ok := byID[id]
		if !ok {
			return nil, errors.New("insert calls: the database returned an id that was not sent")
		}
		stored = append(stored, row.call)
		providers = append(providers, row.providers...)
	}
	if err := insert(ctx, tx, insertCallProvider, providers, ``); err != nil {
		return nil, fmt.Errorf("insert providers of calls: %w", err)
	}
	return stored, nil
}
