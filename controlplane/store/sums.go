package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
)

// maxSum is the most that a sum may come to, in whatever it counts: far beyond what all
// nodes can serve in a day, and little enough that dozens of such sums add up. It stops
// there, so that a node which makes up what it sends spoils that sum only: one that
// overflowed would keep all that is added to it from being stored.
const maxSum = 100_000_000_000_000_000

// figures is a sum as a table holds it: whole numbers, and two histograms.
type figures struct {
	numbers             []*int64
	latency, firstToken *usage.Histogram
}

// scan reads a row of keys, then of these numbers and histograms, which decode makes of what
// stands in the row.
func (f figures) scan(row interface{ Scan(...any) error }, keys []any, decode func([]byte) ([]byte, error)) error {
	var latency, firstToken []byte
	for _, n := range f.numbers {
		keys = append(keys, n)
	}
	if err := row.Scan(append(keys, &latency, &firstToken)...); err != nil {
		return err
	}
	for _, h := range []struct {
		to  *usage.Histogram
		raw []byte
	}{{f.latency, latency}, {f.firstToken, firstToken}} {
		raw, err := decode(h.raw)
		if err != nil {
			return fmt.Errorf("decode histograms: %w", err)
		}
		if err := h.to.AddEncoded(raw); err != nil {
			return err
		}
	}
	return nil
}

// longHistograms is how many bytes the two histograms of a sum may take before they are merged.
// Merged they rarely take more than half of it.
const longHistograms = 1024

// addSums adds to the stored sums of r. The database adds numbers, and puts histograms one behind the
// other: most rows are written once. It gets those back that have become long, which are locked
// from then on, to be merged here. Rows are taken in the order of their keys: transactions
// that add to the same sums wait for each other instead of deadlocking.
func addSums[T any](ctx context.Context, tx *sql.Tx, e engine, r rollup, shard int, sums map[sumKey]*T, of func(*T) figures) error {
	all := make([]keyedSum[T], 0, len(sums))
	for k, sum := range sums {
		all = append(all, keyedSum[T]{k, sum})
	}
	slices.SortFunc(all, func(a, b keyedSum[T]) int { return a.key.compare(b.key) })
	var merged [][]any
	adding := adder{rollup: r, engine: e, shard: shard, statements: map[int]string{}}
	for batch := range batches(all) {
		adding.args = adding.args[:0]
		for _, one := range batch {
			adding.append(one.key, of(one.sum))
		}
		long, err := adding.run(ctx, tx, len(batch))
		if err != nil {
			return err
		}
		for _, row := range long {
			var latency, firstToken usage.Histogram
			if err := errors.Join(latency.AddEncoded(row.latency), firstToken.AddEncoded(row.firstToken)); err != nil {
				return err
			}
			merged = append(merged, append(r.keyArgs(row.key), shard, latency.Encode(), firstToken.Encode()))
		}
	}
	return insert(ctx, tx, `INSERT INTO `+r.table+` (`+r.keyColumns()+`, shard, latency, first_token) VALUES `, merged,
		` ON CONFLICT (`+r.keyColumns()+`, shard) DO UPDATE SET latency = excluded.latency, first_token = excluded.first_token`)
}

// keyedSum is a sum with its key.
type keyedSum[T any] struct {
	key sumKey
	sum *T
}

// longRow is a sum whose histograms are to be merged.
type longRow struct {
	key                 sumKey
	latency, firstToken []byte
}

// adder adds batches of sums. What it needs for one is used again for the next.
type adder struct {
	rollup
	engine     engine
	shard      int
	statements map[int]string // by the number of sums
	args       []any
	into       []any   // see returned
	long       present // whether the row that was returned last is
}

// append takes a sum into the next batch.
func (a *adder) append(k sumKey, f figures) {
	a.args = append(append(a.args, a.keyArgs(k)...), a.shard)
	for _, n := range f.numbers {
		a.args = append(a.args, min(*n, maxSum))
	}
	a.args = append(a.args, f.latency.Encode(), f.firstToken.Encode())
}

// run adds the batch, of n sums.
func (a *adder) run(ctx context.Context, tx *sql.Tx, n int) ([]longRow, error) {
	statement, ok := a.statements[n]
	if !ok {
		statement = a.upsert(a.engine, n)
		a.statements[n] = statement
	}
	rows, err := tx.QueryContext(ctx, statement, a.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var long []longRow
	for rows.Next() {
		// Nearly all are short, and cost no memory.
		if err := rows.Scan(a.returned()...); err != nil {
			return nil, err
		}
		if !a.long {
			continue
		}
		var row longRow
		if err := rows.Scan(append(a.scanInto(&row.key), &row.latency, &row.firstToken)...); err != nil {
			return nil, err
		}
		long = append(long, row)
	}
	return long, rows.Err()
}

// returned is where the columns of a returned row go that may be short.
func (a *adder) returned() []any {
	if a.into == nil {
		a.into = slices.Repeat([]any{new(present)}, strings.Count(a.keyColumns(), ",")+1)
		a.into = append(a.into, &a.long, new(present))
	}
	return a.into
}

// present is whether a column that is scanned has a value.
type present bool

// Scan implements sql.Scanner.
func (p *present) Scan(value any) error {
	*p = value != nil
	return nil
}

// numbers name what is added up. A part is no sum of one outcome and so keeps apart how many
// calls were ok.
func (r rollup) numbers() []string {
	if r.attempts {
		return []string{"attempts", "ok_attempts", "counted_failures", "duration_us"}
	}
	columns := []string{"calls", "attempts", "failovers", "input_tokens", "cached_tokens", "output_tokens", "cost_micro", "cost_pico", "duration_us"}
	if r.parts != nil {
		columns = append(columns, "ok_calls", "saved_calls")
	}
	return columns
}

// usageFigures are the figures of a sum over calls, attemptFigures those of one over attempts,
// in the order of numbers.
func (r rollup) usageFigures(u *usage.Sum) figures {
	f := partFigures(u)
	if r.parts == nil {
		f.numbers = f.numbers[:len(f.numbers)-2]
	}
	return f
}

func partFigures(u *usage.Sum) figures {
	return figures{[]*int64{
		&u.Calls, &u.Attempts, &u.Failovers, &u.InputTokens, &u.CachedInputTokens, &u.OutputTokens,
		&u.Cost.Micro, &u.Cost.Pico, &u.DurationUS, &u.OK, &u.Saved,
	}, &u.Latency, &u.FirstToken}
}

func attemptFigures(u *usage.Attempts) figures {
	return figures{[]*int64{&u.Attempts, &u.OK, &u.Counted, &u.DurationUS}, &u.Latency, &u.FirstToken}
}

// upsert is the statement that adds so many sums.
func (r rollup) upsert(e engine, n int) string {
	columns := r.numbers()
	set := make([]string, len(columns))
	for i, c := range columns {
		sum := r.table + "." + c + " + excluded." + c
		switch c {
		case "cost_micro":
			sum += " + (" + r.table + ".cost_pico + excluded.cost_pico) / 1000000"
		case "cost_pico":
			set[i] = c + " = (" + sum + ") % 1000000"
			continue
		}
		set[i] = fmt.Sprintf("%s = CASE WHEN %s > %d THEN %d ELSE %s END", c, sum, maxSum, maxSum, sum)
	}
	for _, h := range []string{"latency", "first_token"} {
		set = append(set, h+" = "+e.Append(r.table+"."+h, "excluded."+h))
	}
	isLong := fmt.Sprintf("CASE WHEN length(%[1]s.latency) + length(%[1]s.first_token) > %[2]d THEN ", r.table, longHistograms)
	keyed := r.keyColumns()
	width := strings.Count(keyed, ",") + 1 + 1 + len(columns) + 2
	return `INSERT INTO ` + r.table + ` (` + keyed + `, shard, ` + strings.Join(columns, ", ") + `, latency, first_token) VALUES ` +
		placeholder.Rows(n, width) +
		` ON CONFLICT (` + keyed + `, shard) DO UPDATE SET ` + strings.Join(set, ", ") +
		` RETURNING ` + keyed + `, ` + isLong + `latency END, ` + isLong + `first_token END`
}
