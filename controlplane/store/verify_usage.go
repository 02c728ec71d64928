package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxDrift is how many sums VerifyUsage returns.
const maxDrift = 100

// VerifyUsage compares the sums of the hour that begins at t with the calls that are
// stored of it and returns the sums that differ, at most 100, in order; with the last hour
// of a UTC day, also the sums of that day with those of its hours. Calls come in while it
// counts without disturbing it.
func (s *Usage) VerifyUsage(ctx context.Context, t time.Time) ([]calllog.Drift, error) {
	var drifts []calllog.Drift
	from := floor(micros(t), time.Hour)
	to := from + time.Hour.Microseconds()
	err := s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		counted, err := countCalls(ctx, tx, from, to)
		if err != nil {
			return err
		}
		if err := countTotals(ctx, tx, from, to, counted.usage); err != nil {
			return fmt.Errorf("count totals: %w", err)
		}
		if drifts, err = counted.compare(ctx, tx, from, to); err != nil || to != floor(to, partsByDay.width) {
			return err
		}
		found, err := compareDay(ctx, tx, to-partsByDay.width.Microseconds(), to)
		drifts = append(drifts, found...)
		return err
	})
	if err != nil {
		return nil, s.db.failed(err, "verify usage")
	}
	return drifts[:min(len(drifts), maxDrift)], nil
}

// counts are sums as they should be, by table and key.
type counts struct {
	usage    map[string]map[sumKey]*usage.Sum
	attempts map[string]map[sumKey]*usage.Attempts
}

// countCalls sums the stored calls of [from, to) up, for each table.
func countCalls(ctx context.Context, q querier, from, to int64) (counts, error) {
	counted := counts{map[string]map[sumKey]*usage.Sum{}, map[string]map[sumKey]*usage.Attempts{}}
	for _, r := range rollups {
		counted.usage[r.table] = map[sumKey]*usage.Sum{}
	}
	for _, r := range attemptRollups {
		counted.attempts[r.table] = map[sumKey]*usage.Attempts{}
	}
	rows, err := q.QueryContext(ctx, `SELECT node, record FROM call WHERE start_us >= $1 AND start_us < $2`, from, to)
	if err != nil {
		return counted, err
	}
	defer rows.Close()
	for rows.Next() {
		call, err := scanCall(rows)
		if err != nil {
			return counted, err
		}
		for _, r := range rollups {
			r.count(counted.usage[r.table], call.Call)
		}
		for _, r := range attemptRollups {
			r.countAttempts(counted.attempts[r.table], call.Call)
		}
	}
	return counted, rows.Err()
}

// compare lists the sums per minute and hour that differ from those counted.
func (c counts) compare(ctx context.Context, q querier, from, to int64) ([]calllog.Drift, error) {
	var drifts []calllog.Drift
	for _, r := range rollups {
		if r.width > time.Hour {
			continue
		}
		stored, err := readUsage(ctx, q, r, from, to)
		if err != nil {
			return nil, err
		}
		drifts = append(drifts, compareSums(r.table, stored, c.usage[r.table], shownUsage)...)
	}
	for _, r := range attemptRollups {
		if r.width > time.Hour {
			continue
		}
		stored, err := readSums(ctx, q, r, from, to, attemptFigures, r.countAttempts)
		if err != nil {
			return nil, err
		}
		drifts = append(drifts, compareSums(r.table, stored, c.attempts[r.table], shownAttempts)...)
	}
	return drifts, nil
}

// compareDay compares the sums of a day with those of its hours, which are compared with
// the calls themselves.
func compareDay(ctx context.Context, q querier, from, to int64) ([]calllog.Drift, error) {
	hours, err := readUsage(ctx, q, perKeyHour, from, to)
	if err != nil {
		return nil, err
	}
	var drifts []calllog.Drift
	for _, r := range []rollup{partsByDay, perDay} {
		stored, err := readUsage(ctx, q, r, from, to)
		if err != nil {
			return nil, err
		}
		drifts = append(drifts, compareSums(r.table, stored, regroup(r, hours), shownUsage)...)
	}
	attempts, err := readSums(ctx, q, attemptsPerHour, from, to, attemptFigures, attemptsPerHour.countAttempts)
	if err != nil {
		return nil, err
	}
	for _, r := range []rollup{attemptsPerDay, attemptPartsByDay} {
		stored, err := readSums(ctx, q, r, from, to, attemptFigures, r.countAttempts)
		if err != nil {
			return nil, err
		}
		drifts = append(drifts, compareSums(r.table, stored, regroup(r, attempts), shownAttempts)...)
	}
	return drifts, nil
}

// regroup makes of the sums of a table those of another one that tells less.
func regroup[T any, P interface {
	*T
	Add(*T)
}](r rollup, finer map[sumKey]*T) map[sumKey]*T {
	sums := map[sumKey]*T{}
	for k, u := range finer {
		for other := range r.keysOf(k.bucket, k.Key) {
			P(sumOf(sums, other)).Add(u)
		}
	}
	return sums
}

// readUsage returns the sums over calls of [from, to), their shards and what is pending added up.
func readUsage(ctx context.Context, q querier, r rollup, from, to int64) (map[sumKey]*usage.Sum, error) {
	sums, err := readSums(ctx, q, r, from, to, r.usageFigures, r.count)
	for k, u := range sums {
		if k.Outcome == usage.OutcomeOK {
			u.OK, u.Saved = u.Calls, u.Failovers
		}
	}
	return sums, err
}

func readSums[T any, P interface {
	*T
	Add(*T)
}](ctx context.Context, q querier, r rollup, from, to int64, of func(*T) figures, count func(map[sumKey]*T, *nodev1.Call)) (map[sumKey]*T, error) {
	sums, err := storedSums[T, P](ctx, q, r, from, to, of)
	if err != nil {
		return nil, err
	}
	return sums, eachPending(ctx, q, func(c *nodev1.Call) {
		if from <= c.GetStartUs() && c.GetStartUs() < to {
			count(sums, c)
		}
	})
}

// storedSums returns the sums of [from, to) without what is pending, their shards added up.
func storedSums[T any, P interface {
	*T
	Add(*T)
}](ctx context.Context, q querier, r rollup, from, to int64, of func(*T) figures) (map[sumKey]*T, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+r.keyColumns()+`, `+strings.Join(r.numbers(), ", ")+`, latency, first_token FROM `+r.table+
		` WHERE bucket >= $1 AND bucket < $2`, from, to)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.table, err)
	}
	defer rows.Close()
	sums := map[sumKey]*T{}
	asStored := func(raw []byte) ([]byte, error) { return raw, nil }
	for rows.Next() {
		var (
			k sumKey
			u T
		)
		if err := of(&u).scan(rows, r.scanInto(&k), asStored); err != nil {
			return nil, fmt.Errorf("read %s: %w", r.table, err)
		}
		P(sumOf(sums, k)).Add(&u)
	}
	return sums, rows.Err()
}

// compareSums lists the sums that differ, in the order of their keys.
func compareSums[T any, P interface {
	*T
	Equal(*T) bool
}](table string, stored, counted map[sumKey]*T, shown func(*T) usage.Sum) []calllog.Drift {
	keys := make([]sumKey, 0, len(counted))
	for k := range counted {
		keys = append(keys, k)
	}
	for k := range stored {
		if counted[k] == nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, sumKey.compare)
	var drifts []calllog.Drift
	for _, k := range keys {
		is, should := sumOf(stored, k), sumOf(counted, k)
		if !P(is).Equal(should) {
			drifts = append(drifts, calllog.Drift{
				Table: table, Bucket: fromMicros(k.bucket), Key: k.shown(), Stored: shown(is), Counted: shown(should),
			})
		}
	}
	return drifts
}

func shownUsage(u *usage.Sum) usage.Sum { return *u }

func shownAttempts(u *usage.Attempts) usage.Sum {
	return usage.Sum{Attempts: u.Attempts, OK: u.OK, DurationUS: u.DurationUS, Latency: u.Latency, FirstToken: u.FirstToken}
}

// shown is the key of a sum as it is reported: of a part, what it has.
func (k sumKey) shown() usage.Key {
	shown := k.Key
	switch k.by {
	case calllog.ByGroup:
		shown.Group = k.value
	case calllog.ByProvider:
		shown.Provider = k.value
	case calllog.ByModel:
		shown.Model = k.value
	case calllog.ByOutcome:
		shown.Outcome = k.value
	case calllog.ByAPIKey:
		shown.APIKey = k.value
	}
	return shown
}
