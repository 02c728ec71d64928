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
	pieces, err := usagePieces(q)
	if err != nil {
		return nil, err
	}
	type place struct {
		bucket int64
		value  string
	}
	sums := map[place]*controlplane.UsageSum{}
	err = s.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, piece := range pieces {
			for from := piece.from; from < piece.to; from += usageStep.Microseconds() {
				query, args := s.usageQuery(piece.rollup, q, from, min(piece.to, from+usageStep.Microseconds()))
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

// usagePiece is a time of a question, and the table that answers for it.
type usagePiece struct {
	rollup
	from, to int64
}

// usagePieces cuts a question into pieces, each for the smallest table that can answer.
func usagePieces(q controlplane.UsageQuery) ([]usagePiece, error) {
	r, err := rollupFor(q)
	if err != nil {
		return nil, err
	}
	from, to := floor(micros(q.From), r.width), floor(micros(q.To), r.width)
	_, one := propertyOf(q)
	days := partsByDay.width
	firstDay, lastDay := floor(from+days.Microseconds()-1, days), floor(to, days)
	if !one || q.PerBucket || q.Minutes || firstDay >= lastDay {
		return []usagePiece{{r, from, to}}, nil
	}
	return []usagePiece{{r, from, firstDay}, {partsByDay, firstDay, lastDay}, {r, lastDay, to}}, nil
}

// rollupFor is the smallest table that can answer for all of a question's time.
func rollupFor(q controlplane.UsageQuery) (rollup, error) {
	if _, known := usageColumns[q.By]; !known {
		return rollup{}, errs.Newf(errs.InvalidArgument, "usage cannot be broken down by %q", q.By)
	}
	_, one := propertyOf(q)
	keyed := q.APIKey != "" || q.By == controlplane.ByAPIKey
	switch {
	case keyed && q.Minutes:
		return rollup{}, errs.Newf(errs.InvalidArgument, "usage of API keys is kept per hour, not per minute")
	case keyed:
		return perKeyHour, nil
	case one && q.Minutes:
		return partsByMinute, nil
	case one:
		return partsByHour, nil
	case q.Minutes:
		return perMinute, nil
	}
	return perHour, nil
}

// propertyOf is the property that a question is about, by which it breaks down or filters;
// false when it is about several.
func propertyOf(q controlplane.UsageQuery) (property controlplane.UsageBy, one bool) {
	property = q.By
	for _, f := range filtersOf(q) {
		switch {
		case f.value == "" || f.by == property:
		case property == controlplane.ByNothing:
			property = f.by
		default:
			return property, false
		}
	}
	return property, true
}

// usageFilter is a value that a property must have; empty: any.
type usageFilter struct {
	by    controlplane.UsageBy
	value string
}

func filtersOf(q controlplane.UsageQuery) []usageFilter {
	return []usageFilter{
		{controlplane.ByGroup, q.Group}, {controlplane.ByProvider, q.Provider}, {controlplane.ByModel, q.Model},
		{controlplane.ByOutcome, q.Outcome}, {controlplane.ByAPIKey, q.APIKey},
	}
}

// usageQuery sums up what lies in [from, to). SUM of whole numbers is a decimal in
// PostgreSQL, hence the casts.
func (s *Store) usageQuery(r rollup, q controlplane.UsageQuery, from, to int64) (string, []any) {
	bucket, group := "0", []string{}
	if q.PerBucket {
		bucket = "bucket"
		group = append(group, "bucket")
	}
	value, ok, saved := usageColumns[q.By], onlyOK("calls"), onlyOK("failovers")
	if r.parts != nil {
		ok, saved = "ok_calls", "saved_calls"
		if q.By != controlplane.ByNothing {
			value = "value"
		}
	}
	if q.By != controlplane.ByNothing {
		group = append(group, value)
	}
	columns := []string{bucket, value}
	for _, of := range []string{
		"calls", ok, "attempts", "failovers", saved,
		"input_tokens", "cached_tokens", "output_tokens", "cost_micro", "cost_pico", "duration_us",
	} {
		columns = append(columns, "CAST(COALESCE(SUM("+of+"), 0) AS BIGINT)")
	}
	columns = append(columns, s.engine.Concatenate("latency"), s.engine.Concatenate("first_token"))

	conditions, args := []string{"bucket >= $1", "bucket < $2"}, []any{from, to}
	where := func(column, value string) {
		args = append(args, value)
		conditions = append(conditions, fmt.Sprintf("%s = $%d", column, len(args)))
	}
	if r.parts != nil {
		property, _ := propertyOf(q)
		where("property", string(property))
	}
	for _, filter := range filtersOf(q) {
		switch {
		case filter.value == "":
		case r.parts != nil:
			where("value", filter.value)
		default:
			where(usageColumns[filter.by], filter.value)
		}
	}
	if len(q.Values) > 0 {
		marks := make([]string, len(q.Values))
		for i, v := range q.Values {
			args = append(args, v)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		conditions = append(conditions, value+" IN ("+strings.Join(marks, ", ")+")")
	}
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + r.table + " WHERE " + strings.Join(conditions, " AND ")
	if len(group) > 0 {
		query += " GROUP BY " + strings.Join(group, ", ")
	}
	return query + " HAVING COUNT(*) > 0", args
}

// onlyOK is a column of the sums of calls that were ok, and 0 of others.
func onlyOK(column string) string {
	return "CASE WHEN outcome = '" + controlplane.OutcomeOK + "' THEN " + column + " ELSE 0 END"
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
// stored of it and returns the sums that differ, at most 100, in order; with the last hour
// of a UTC day, also the sums of that day with those of its hours. Calls come in while it
// counts without disturbing it.
func (s *Store) RecountUsage(ctx context.Context, t time.Time) ([]controlplane.Drift, error) {
	var drifts []controlplane.Drift
	from := floor(micros(t), time.Hour)
	to := from + time.Hour.Microseconds()
	err := s.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
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
		return nil, s.failed(err, "count usage again")
	}
	return drifts[:min(len(drifts), maxDrift)], nil
}

// compareDay compares the sums of a day with those of its hours, which are compared with
// the calls themselves.
func compareDay(ctx context.Context, q querier, from, to int64) ([]controlplane.Drift, error) {
	hours, err := perKeyHour.read(ctx, q, from, to)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", perKeyHour.table, err)
	}
	counted := map[sumKey]*controlplane.Usage{}
	for k, u := range hours {
		for _, part := range partsByDay.keysOf(k.bucket, k.UsageKey) {
			if counted[part] == nil {
				counted[part] = &controlplane.Usage{}
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
	rows, err := q.QueryContext(ctx, `SELECT `+r.keyColumns()+`, `+strings.Join(r.numbers(), ", ")+`, latency, first_token FROM `+r.table+
		` WHERE bucket >= $1 AND bucket < $2`, from, to)
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
		into := append(r.scanInto(&k), &u.Calls, &u.Attempts, &u.Failovers, &u.InputTokens, &u.CachedInputTokens, &u.OutputTokens,
			&u.Cost.Micro, &u.Cost.Pico, &u.DurationUS)
		if r.parts != nil {
			into = append(into, &u.OK, &u.Saved)
		}
		if err := rows.Scan(append(into, &latency, &firstToken)...); err != nil {
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
		d := controlplane.Drift{Table: table, Bucket: fromMicros(k.bucket), Key: k.shown()}
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
func (k sumKey) shown() controlplane.UsageKey {
	shown := k.UsageKey
	switch k.by {
	case controlplane.ByGroup:
		shown.Group = k.value
	case controlplane.ByProvider:
		shown.Provider = k.value
	case controlplane.ByModel:
		shown.Model = k.value
	case controlplane.ByOutcome:
		shown.Outcome = k.value
	case controlplane.ByAPIKey:
		shown.APIKey = k.value
	}
	return shown
}
