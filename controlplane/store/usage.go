package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// usageStep is how much time one statement sums up: histograms of more would take too
// much memory at once.
const usageStep = 31 * 24 * time.Hour

// usageColumns are the columns that usage is broken down by.
var usageColumns = map[calllog.UsageBy]string{
	calllog.ByNothing:  "''",
	calllog.ByGroup:    "group_name",
	calllog.ByProvider: "provider",
	calllog.ByModel:    "model",
	calllog.ByOutcome:  "outcome",
	calllog.ByAPIKey:   "api_key",
}

// Usage reads and verifies the sums of usage, which Calls and CallGaps make.
type Usage struct{ db *DB }

// NewUsage is the Usage of a database.
func NewUsage(db *DB) *Usage { return &Usage{db} }

// Usage returns sums, by bucket and value in no particular order. Sums per minute do not
// know API keys: to ask them for one is errs.InvalidArgument.
func (s *Usage) Usage(ctx context.Context, q calllog.UsageQuery) ([]calllog.UsageSum, error) {
	pieces, err := usagePieces(q)
	if err != nil {
		return nil, err
	}
	sums, err := sumsOf(ctx, s, q, pieces, partFigures, countCall)
	for i := range sums {
		cost := &sums[i].Total.Cost
		*cost = cost.Plus(usage.Cost{}) // the sum of many Picos is one
	}
	return sums, err
}

// sumsOf reads the pieces of a question and adds them up, and what is pending of it.
func sumsOf[T any, P interface {
	*T
	Add(*T)
}](ctx context.Context, s *Usage, q calllog.UsageQuery, pieces []usagePiece, of func(*T) figures, count counting[T]) ([]calllog.SumOf[T], error) {
	sums := map[place]*T{}
	err := s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, piece := range pieces {
			for from := piece.from; from < piece.to; from += usageStep.Microseconds() {
				to := min(piece.to, from+usageStep.Microseconds())
				for _, q := range piece.apart(q, from, to) {
					query, args := s.usageQuery(piece.rollup, q, from, to)
					rows, err := tx.QueryContext(ctx, query, args...)
					_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
						var (
							at  place
							sum T
						)
						if err := of(&sum).scan(rows, []any{&at.bucket, &at.value, &at.part}, s.db.engine.Concatenated); err != nil {
							return struct{}{}, err
						}
						P(sumOf(sums, at)).Add(&sum)
						return struct{}{}, nil
					})
					if err != nil {
						return err
					}
				}
			}
		}
		return addPendingTo(ctx, tx, q, pieces, count, sums)
	})
	if err != nil {
		return nil, s.db.failed(err, "read usage")
	}
	all := make([]calllog.SumOf[T], 0, len(sums))
	for at, sum := range sums {
		one := calllog.SumOf[T]{Value: at.value, Part: at.part, Total: *sum}
		if q.PerBucket {
			one.Bucket = fromMicros(at.bucket)
		}
		all = append(all, one)
	}
	return all, nil
}

// usagePiece is a time of a question, and the table that answers for it.
type usagePiece struct {
	rollup
	from, to int64
}

// usagePieces cuts a question into pieces, each for the smallest table that can answer.
func usagePieces(q calllog.UsageQuery) ([]usagePiece, error) {
	r, err := rollupFor(q)
	if err != nil {
		return nil, err
	}
	from, to := floor(micros(q.From), r.width), floor(micros(q.To), r.width)
	days := perDay
	_, one := propertyOf(q)
	if one {
		days = partsByDay
	}
	firstDay, lastDay := floor(from+days.width.Microseconds()-1, days.width), floor(to, days.width)
	if r.keyed && !one || q.PerBucket && !q.Days || q.Minutes || firstDay >= lastDay {
		return []usagePiece{{r, from, to}}, nil
	}
	return []usagePiece{{r, from, firstDay}, {days, firstDay, lastDay}, {r, lastDay, to}}, nil
}

// rollupFor is the smallest table that can answer for all of a question's time.
func rollupFor(q calllog.UsageQuery) (rollup, error) {
	if _, known := usageColumns[q.By]; !known || q.ThenBy != calllog.ByNothing {
		return rollup{}, errs.Newf(errs.InvalidArgument, "usage cannot be broken down by %q, then by %q", q.By, q.ThenBy)
	}
	_, one := propertyOf(q)
	keyed := q.APIKey != "" || q.By == calllog.ByAPIKey
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
func propertyOf(q calllog.UsageQuery) (property calllog.UsageBy, one bool) {
	property = q.By
	if q.ThenBy != calllog.ByNothing && q.ThenBy != q.By {
		return property, false
	}
	for _, f := range filtersOf(q) {
		switch {
		case f.value == "" || f.by == property:
		case property == calllog.ByNothing:
			property = f.by
		default:
			return property, false
		}
	}
	return property, true
}

// usageFilter is a value that a property must have; empty: any.
type usageFilter struct {
	by    calllog.UsageBy
	value string
}

func filtersOf(q calllog.UsageQuery) []usageFilter {
	return []usageFilter{
		{calllog.ByGroup, q.Group}, {calllog.ByProvider, q.Provider}, {calllog.ByModel, q.Model},
		{calllog.ByOutcome, q.Outcome}, {calllog.ByAPIKey, q.APIKey},
	}
}

// usageQuery sums up what lies in [from, to). SUM of whole numbers is a decimal in
// PostgreSQL, hence the casts.
func (s *Usage) usageQuery(r rollup, q calllog.UsageQuery, from, to int64) (string, []any) {
	bucket, group := "0", []string{}
	if q.PerBucket {
		bucket = "bucket"
		group = append(group, "bucket")
	}
	value, part := r.column(q.By), r.column(q.ThenBy)
	if q.By != calllog.ByNothing {
		group = append(group, value)
	}
	if q.ThenBy != calllog.ByNothing && part != value {
		group = append(group, part)
	}
	columns := []string{bucket, value, part}
	numbers := r.numbers()
	if !r.attempts && r.parts == nil {
		numbers = append(numbers, onlyOK("calls"), onlyOK("failovers"))
	}
	for _, of := range numbers {
		columns = append(columns, "CAST(COALESCE(SUM("+of+"), 0) AS BIGINT)")
	}
	if q.WithoutTimes {
		columns = append(columns, "''", "''")
	} else {
		columns = append(columns, s.db.engine.Concatenate("latency"), s.db.engine.Concatenate("first_token"))
	}

	var where search
	if starts := r.starts(q, from, to); starts != nil {
		where.in("bucket", starts)
	} else {
		where.where("bucket >= $%d", from)
		where.where("bucket < $%d", to)
	}
	if r.parts != nil {
		property, _ := r.property(q)
		where.where("property = $%d", string(property))
	}
	for _, filter := range filtersOf(q) {
		if filter.value != "" {
			where.where(r.column(filter.by)+" = $%d", filter.value)
		}
	}
	if len(q.Values) > 0 {
		values := make([]any, len(q.Values))
		for i, v := range q.Values {
			values[i] = v
		}
		where.in(value, values)
	}
	query := "SELECT " + strings.Join(columns, ", ") + " FROM " + r.table + where.conditions()
	if len(group) > 0 {
		query += " GROUP BY " + strings.Join(group, ", ")
	}
	return query + " HAVING COUNT(*) > 0", where.args
}

// maxStarts is how many buckets a statement names at most.
const maxStarts = 1000

// starts are the buckets of [from, to) where a question gives what follows them in the table's key: the index
// then leads to each of the sums that are asked for. By from and to alone the database reads the keys of all sums in between, of which a
// month of hours has millions. nil: that is better.
func (r rollup) starts(q calllog.UsageQuery, from, to int64) []any {
	width := r.width.Microseconds()
	given := r.parts != nil || !r.keyed && q.Group != ""
	if n := (to - from) / width; !given || n > maxStarts {
		return nil
	}
	var all []any
	for ; from < to; from += width {
		all = append(all, from)
	}
	return all
}

// A few values over many buckets are read one by one: PostgreSQL takes looking each value up in each bucket for more than
// reading all of the table.
const (
	fewValues   = 8
	manyBuckets = 100
)

// apart are the questions that a statement each answers.
func (r rollup) apart(q calllog.UsageQuery, from, to int64) []calllog.UsageQuery {
	if n := len(q.Values); n < 2 || n > fewValues || len(r.starts(q, from, to)) < manyBuckets {
		return []calllog.UsageQuery{q}
	}
	all := make([]calllog.UsageQuery, len(q.Values))
	for i := range q.Values {
		all[i] = q
		all[i].Values = q.Values[i : i+1]
	}
	return all
}

// column is the one that has the values of a property.
func (r rollup) column(by calllog.UsageBy) string {
	if r.parts == nil || by == calllog.ByNothing || r.attempts && by == calllog.ByOutcome {
		return usageColumns[by]
	}
	return "value"
}

// property is the one by which this table of parts answers a question.
func (r rollup) property(q calllog.UsageQuery) (property calllog.UsageBy, one bool) {
	if r.attempts {
		return attemptPropertyOf(q)
	}
	return propertyOf(q)
}

// onlyOK is a column of the sums of calls that were ok, and 0 of others.
func onlyOK(column string) string {
	return "CASE WHEN outcome = '" + usage.OutcomeOK + "' THEN " + column + " ELSE 0 END"
}

// DeleteUsageBefore deletes sums per minute and per hour of earlier times, a day's at
// most of each, and reports whether there is more to delete.
func (s *Usage) DeleteUsageBefore(ctx context.Context, minutes, hours time.Time) (more bool, err error) {
	for _, r := range slices.Concat(rollups, attemptRollups) {
		before := hours
		if r.width < time.Hour {
			before = minutes
		}
		left, err := s.deleteSums(ctx, r, floor(micros(before), r.width))
		if err != nil {
			return false, s.db.failed(err, "delete old usage")
		}
		more = more || left
	}
	return more, nil
}

// deleteSums deletes sums from the oldest one to a day later, and none of before and later.
func (s *Usage) deleteSums(ctx context.Context, r rollup, before int64) (more bool, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
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
