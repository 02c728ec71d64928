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
		if err := countTotals(ctx, tx, from, to, counted); err != nil {
			return fmt.Errorf("count totals: %w", err)
		}
		for _, r := range rollups {
			if r.width > time.Hour {
				continue
			}
			stored, err := r.read(ctx, tx, from, to)
			if err != nil {
				return fmt.Errorf("read %s: %w", r.table, err)
			}
			drifts = append(drifts, compareSums(r.table, stored, counted[r.table])...)
		}
		if to != floor(to, partsByDay.width) {
			return nil
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

// compareDay compares the sums of a day with those of its hours, which are compared with
// the calls themselves.
func compareDay(ctx context.Context, q querier, from, to int64) ([]calllog.Drift, error) {
	hours, err := perKeyHour.read(ctx, q, from, to)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", perKeyHour.table, err)
	}
	counted := map[sumKey]*usage.Sum{}
	for k, u := range hours {
		for _, part := range partsByDay.keysOf(k.bucket, k.Key) {
			if counted[part] == nil {
				counted[part] = &usage.Sum{}
			}
			counted[part].Add(u)
		}
	}
	stored, err := partsByDay.read(ctx, q, from, to)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", partsByDay.table, err)
	}
	return compareSums(partsByDay.table, stored, counted), nil
}

// countCalls sums the stored calls of [from, to) up, for each table.
func countCalls(ctx context.Context, q querier, from, to int64) (map[string]map[sumKey]*usage.Sum, error) {
	counted := map[string]map[sumKey]*usage.Sum{}
	for _, r := range rollups {
		counted[r.table] = map[sumKey]*usage.Sum{}
	}
	rows, err := q.QueryContext(ctx, `SELECT node, record FROM call WHERE start_us >= $1 AND start_us < $2`, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		call, err := scanCall(rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rollups {
			r.count(counted[r.table], call.Call)
		}
	}
	return counted, rows.Err()
}

// read returns the sums of [from, to), their shards added up.
func (r rollup) read(ctx context.Context, q querier, from, to int64) (map[sumKey]*usage.Sum, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+r.keyColumns()+`, `+strings.Join(r.numbers(), ", ")+`, latency, first_token FROM `+r.table+
		` WHERE bucket >= $1 AND bucket < $2`, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	sums := map[sumKey]*usage.Sum{}
	for rows.Next() {
		var (
			k                   sumKey
			u                   usage.Sum
			latency, firstToken []byte
		)
		into := append(r.scanInto(&k), &u.Calls, &u.Attempts, &u.Failovers, &u.InputTokens, &u.CachedInputTokens, &u.OutputTokens,
			&u.Cost.Micro, &u.Cost.Pico, &u.DurationUS)
		if r.parts != nil {
			into = append(into, &u.OK, &u.Saved)
		}
		if err := rows.Scan(append(into, &latency, &firstToken)...); err != nil {
			return nil, err
		}
		if k.Outcome == usage.OutcomeOK {
			u.OK, u.Saved = u.Calls, u.Failovers
		}
		if err := u.Latency.AddEncoded(latency); err != nil {
			return nil, err
		}
		if err := u.FirstToken.AddEncoded(firstToken); err != nil {
			return nil, err
		}
		if sums[k] == nil {
			sums[k] = &usage.Sum{}
		}
		sums[k].Add(&u)
	}
	return sums, rows.Err()
}

// compareSums lists the sums that differ, in the order of their keys.
func compareSums(table string, stored, counted map[sumKey]*usage.Sum) []calllog.Drift {
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
		d := calllog.Drift{Table: table, Bucket: fromMicros(k.bucket), Key: k.shown()}
		if u := stored[k]; u != nil {
			d.Stored = *u
		}
		if u := counted[k]; u != nil {
			d.Counted = *u
		}
		if !d.Stored.Equal(&d.Counted) {
			drifts = append(drifts, d)
		}
	}
	return drifts
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
