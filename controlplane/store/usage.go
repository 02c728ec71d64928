package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// usageStep is how much time one statement sums up: histograms of more would take too
// much memory at once.
const usageStep = 31 * 24 * time.Hour

// usageColumns are the columns that usage is broken down by.
var usageColumns = map[controlplane.UsageBy]string{
	controlplane.ByNothing:  "''",
	controlplane.ByGroup:    "group_name",
	controlplane.ByProvider: "provider",
	controlplane.ByModel:    "model",
	controlplane.ByOutcome:  "outcome",
	controlplane.ByAPIKey:   "api_key",
}

// Usage returns sums, by bucket and value in no particular order. Sums per minute do not
// know API keys: to ask them for one is errs.InvalidArgument.
func (s *Store) Usage(ctx context.Context, q controlplane.UsageQuery) ([]controlplane.UsageSum, error) {
	r, err := rollupFor(q)
	if err != nil {
		return nil, err
	}
	type place struct {
		bucket int64
		value  string
	}
	sums := map[place]*controlplane.UsageSum{}
	err = s.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		from, to := floor(micros(q.From), r.width), floor(micros(q.To), r.width)
		for ; from < to; from += usageStep.Microseconds() {
			query, args := s.usageQuery(r, q, from, min(to, from+usageStep.Microseconds()))
			rows, err := tx.QueryContext(ctx, query, args...)
			part, err := collect(rows, err, s.scanUsage)
			if err != nil {
				return err
			}
			for _, p := range part {
				at := place{micros(p.Bucket), p.Value}
				if sums[at] == nil {
					sums[at] = &p
				} else {
					sums[at].Add(&p.Usage)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.failed(err, "read usage")
	}
	all := make([]controlplane.UsageSum, 0, len(sums))
	for _, sum := range sums {
		if !q.PerBucket {
			sum.Bucket = time.Time{}
		}
		all = append(all, *sum)
	}
	return all, nil
}

// rollupFor is the smallest table that can answer.
func rollupFor(q controlplane.UsageQuery) (rollup, error) {
	if _, known := usageColumns[q.By]; !known {
		return rollup{}, errs.Newf(errs.InvalidArgument, "usage cannot be broken down by %q", q.By)
	}
	keyed := q.APIKey != "" || q.By == controlplane.ByAPIKey
	switch {
	case keyed && q.Minutes:
		return rollup{}, errs.Newf(errs.InvalidArgument, "usage of API keys is kept per hour, not per minute")
	case keyed:
		return perKeyHour, nil
	case q.Minutes:
		return perMinute, nil
	}
	return perHour, nil
}

// usageQuery sums up what lies in [from, to). SUM of whole numbers is a decimal in
// PostgreSQL, hence the casts.
func (s *Store) usageQuery(r rollup, q controlplane.UsageQuery, from, to int64) (string, []any) {
	bucket, group := "0", []string{}
	if q.PerBucket {
		bucket = "bucket"
		group = append(group, "bucket")
	}
	value := usageColumns[q.By]
	if q.By != controlplane.ByNothing {
		group = append(group, value)
	}
	columns := []string{bucket, value}
	for _, of := range []string{
		"calls", "CASE WHEN outcome = '" + controlplane.OutcomeOK + "' THEN calls ELSE 0 END", "attempts",
		"failovers", "CASE WHEN outcome = '" + controlplane.OutcomeOK + "' THEN failovers ELSE 0 END",
		"input_tokens", "cached_tokens", "output_tokens", "cost_micro", "cost_pico", "duration_us",
	} {
		columns = append(columns, "CAST(COALESCE(SUM("+of+"), 0) AS BIGINT)")
	}
	columns = append(columns, s.engine.Concatenate("latency"), s.engine.Concatenate("first_token"))

	conditions, args := []string{"bucket >= $1", "bucket < $2"}, []any{from, to}
	for _, filter := range []struct{ column, value string }{
		{"group_name", q.Group}, {"provider", q.Provider}, {"model", q.Model}, {"outcome", q.Outcome}, {"api_key", q.APIKey},
	} {
		if filter.value != "" {
			args = append(args, filter.value)
			conditions = append(conditions, fmt.Sprintf("%s = $%d", filter.column, len(args)))
		}
	}
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + r.table + " WHERE " + strings.Join(conditions, " AND ")
	if len(group) > 0 {
		query += " GROUP BY " + strings.Join(group, ", ")
	}
	return query + " HAVING COUNT(*) > 0", args
}

func (s *Store) scanUsage(rows *sql.Rows) (controlplane.UsageSum, error) {
	var (
		u                   controlplane.UsageSum
		bucket              int64
		latency, firstToken []byte
	)
	err := rows.Scan(&bucket, &u.Value, &u.Calls, &u.OK, &u.Attempts, &u.Failovers, &u.Saved,
		&u.InputTokens, &u.CachedInputTokens, &u.OutputTokens, &u.Cost.Micro, &u.Cost.Pico, &u.DurationUS, &latency, &firstToken)
	if err != nil {
		return u, err
	}
	u.Bucket = fromMicros(bucket)
	u.Cost = u.Cost.Plus(controlplane.Cost{}) // the sum of many Picos is one
	for _, h := range []struct {
		to  *controlplane.Histogram
		raw []byte
	}{{&u.Latency, latency}, {&u.FirstToken, firstToken}} {
		raw, err := s.engine.Concatenated(h.raw)
		if err != nil {
			return u, fmt.Errorf("decode histograms: %w", err)
		}
		if err := h.to.AddEncoded(raw); err != nil {
			return u, err
		}
	}
	return u, nil
}

// DeleteUsageBefore deletes sums per minute and per hour of earlier times, a day's at
// most of each, and reports whether there is more to delete.
func (s *Store) DeleteUsageBefore(ctx context.Context, minutes, hours time.Time) (more bool, err error) {
	for _, r := range rollups {
		before := hours
		if r.width < time.Hour {
			before = minutes
		}
		left, err := s.deleteSums(ctx, r, floor(micros(before), r.width))
		if err != nil {
			return false, s.failed(err, "delete old usage")
		}
		more = more || left
	}
	return more, nil
}

// deleteSums deletes sums from the oldest one to a day later, and none of before and later.
func (s *Store) deleteSums(ctx context.Context, r rollup, before int64) (more bool, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var oldest sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT MIN(bucket) FROM `+r.table).Scan(&oldest); err != nil || !oldest.Valid || oldest.Int64 >= before {
			return err
		}
		until := min(before, oldest.Int64+(24*time.Hour).Microseconds())
		more = until < before
		_, err := tx.ExecContext(ctx, `DELETE FROM `+r.table+` WHERE bucket < $1`, until)
		return err
	})
	return more, err
}

// maxDrift is how many sums RecountUsage returns.
const maxDrift = 100

// RecountUsage compares the sums of the hour that begins at t with the calls that are
// stored of it and returns the sums that differ, at most 100, in order. Calls come in
// while it counts without disturbing it.
func (s *Store) RecountUsage(ctx context.Context, t time.Time) ([]controlplane.Drift, error) {
	var drifts []controlplane.Drift
	from := floor(micros(t), time.Hour)
	to := from + time.Hour.Microseconds()
	err := s.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		counted, err := countCalls(ctx, tx, from, to)
		if err != nil {
			return err
		}
		for _, r := range rollups {
			stored, err := r.read(ctx, tx, from, to)
			if err != nil {
				return fmt.Errorf("read %s: %w", r.table, err)
			}
			drifts = append(drifts, compareSums(r.table, stored, counted[r.table])...)
		}
		return nil
	})
	if err != nil {
		return nil, s.failed(err, "count usage again")
	}
	return drifts[:min(len(drifts), maxDrift)], nil
}

// countCalls sums the stored calls of [from, to) up, for each table.
func countCalls(ctx context.Context, q querier, from, to int64) (map[string]map[sumKey]*controlplane.Usage, error) {
	counted := map[string]map[sumKey]*controlplane.Usage{}
	for _, r := range rollups {
		counted[r.table] = map[sumKey]*controlplane.Usage{}
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
func (r rollup) read(ctx context.Context, q querier, from, to int64) (map[sumKey]*controlplane.Usage, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+r.keyColumns()+`, calls, attempts, failovers, input_tokens, cached_tokens, output_tokens,
		cost_micro, cost_pico, duration_us, latency, first_token FROM `+r.table+` WHERE bucket >= $1 AND bucket < $2`, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	sums := map[sumKey]*controlplane.Usage{}
	for rows.Next() {
		var (
			k                   sumKey
			u                   controlplane.Usage
			latency, firstToken []byte
		)
		if err := rows.Scan(append(r.scanInto(&k), &u.Calls, &u.Attempts, &u.Failovers, &u.InputTokens, &u.CachedInputTokens, &u.OutputTokens,
			&u.Cost.Micro, &u.Cost.Pico, &u.DurationUS, &latency, &firstToken)...); err != nil {
			return nil, err
		}
		if k.Outcome == controlplane.OutcomeOK {
			u.OK, u.Saved = u.Calls, u.Failovers
		}
		if err := u.Latency.AddEncoded(latency); err != nil {
			return nil, err
		}
		if err := u.FirstToken.AddEncoded(firstToken); err != nil {
			return nil, err
		}
		if sums[k] == nil {
			sums[k] = &controlplane.Usage{}
		}
		sums[k].Add(&u)
	}
	return sums, rows.Err()
}

// compareSums lists the sums that differ, in the order of their keys.
func compareSums(table string, stored, counted map[sumKey]*controlplane.Usage) []controlplane.Drift {
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
	var drifts []controlplane.Drift
	for _, k := range keys {
		d := controlplane.Drift{Table: table, Bucket: fromMicros(k.bucket), Key: k.UsageKey}
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
