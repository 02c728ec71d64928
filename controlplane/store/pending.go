package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Sums of usage are rows that nearly every call would change again. What calls add to them is
// therefore noted in usage_pending, one row for a batch and in its transaction, and from time to time
// one replica takes many such rows and adds them up at once. Whoever reads sums adds what is pending,
// so that a call counts from its commit on and exactly once.

const (
	// foldCalls is how many calls may be pending before they are due to be folded into the sums.
	foldCalls = 50_000
	// foldBatches is how many batches one transaction folds, at most: it holds up those that write.
	foldBatches = 100
	// foldShard is the shard of the sums of calls: one replica at a time folds them.
	foldShard = 0
	// foldLock is the name under which it does.
	foldLock = "fold usage"

	insertPending = `INSERT INTO usage_pending (record) VALUES ($1)`
	takePending   = `DELETE FROM usage_pending WHERE id IN (SELECT id FROM usage_pending ORDER BY id LIMIT $1) RETURNING record`
)

// addPending notes calls, which must be new ones of this transaction.
func addPending(ctx context.Context, tx *sql.Tx, calls []*nodev1.Call) error {
	if len(calls) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, insertPending, newTally(calls)); err != nil {
		return fmt.Errorf("note calls for the sums: %w", err)
	}
	return nil
}

// notePending counts committed calls of this replica that are to be folded.
func (db *DB) notePending(calls int) {
	if db.pending.Add(int64(calls)) < foldCalls {
		return
	}
	select {
	case db.foldDue <- struct{}{}:
	default:
	}
}

// FoldDue has a value when so many calls are pending that FoldUsage should not wait.
func (s *Usage) FoldDue() <-chan struct{} { return s.db.foldDue }

// FoldUsage adds calls that are pending to the sums, some thousands at most, and reports whether there
// may be more. While another replica is at it, it does nothing.
func (s *Usage) FoldUsage(ctx context.Context) (more bool, err error) {
	s.db.pending.Store(0)
	behind, err := s.daysBehind(ctx)
	if err != nil {
		return false, s.db.failed(err, "fold calls into the sums of usage")
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		mine, err := s.db.engine.TryLock(ctx, tx, foldLock)
		if err != nil || !mine {
			return err
		}
		rows, err := tx.QueryContext(ctx, takePending, foldBatches)
		tallies, err := collect(rows, err, scanRecord)
		if err != nil {
			return err
		}
		more = len(tallies) == foldBatches
		if err := fold(ctx, tx, s.db.engine, tallies); err != nil {
			return err
		}
		return makeDays(ctx, tx, s.db.engine, behind)
	})
	if err != nil {
		return false, s.db.failed(err, "fold calls into the sums of usage")
	}
	return more, nil
}

// fold adds the calls of tallies to every sum that they belong to. Calls are counted once in the finest
// sums, and the others are made of those, which are fewer.
func fold(ctx context.Context, tx *sql.Tx, e engine, tallies [][]byte) error {
	minutes, keys, attempts := map[sumKey]*usage.Sum{}, map[sumKey]*usage.Sum{}, map[sumKey]*usage.Attempts{}
	for _, raw := range tallies {
		if err := eachTallied(raw, func(c *nodev1.Call) {
			perMinute.count(minutes, c)
			perKeyHour.count(keys, c)
			attemptsPerMinute.countAttempts(attempts, c)
		}); err != nil {
			return err
		}
	}
	hours := regroup(perHour, minutes)
	days := regroup(rollup{width: partsByDay.width, parts: properties}, hours)
	maps.Copy(days, regroup(rollup{width: partsByDay.width, parts: []calllog.UsageBy{calllog.ByAPIKey}}, keys))
	for _, of := range []struct {
		rollup
		sums map[sumKey]*usage.Sum
	}{
		{perMinute, minutes}, {perHour, hours}, {perDay, regroup(perDay, hours)}, {perKeyHour, keys},
		{partsByMinute, regroup(partsByMinute, minutes)}, {partsByHour, regroup(partsByHour, hours)}, {partsByDay, days},
	} {
		if err := addSums(ctx, tx, e, of.rollup, foldShard, of.sums, of.usageFigures); err != nil {
			return fmt.Errorf("add to %s: %w", of.table, err)
		}
	}
	attemptHours := regroup(attemptsPerHour, attempts)
	attemptDays := regroup(attemptsPerDay, attemptHours)
	for _, of := range []struct {
		rollup
		sums map[sumKey]*usage.Attempts
	}{
		{attemptsPerMinute, attempts}, {attemptsPerHour, attemptHours},
		{attemptsPerDay, attemptDays},
		{attemptPartsByHour, regroup(attemptPartsByHour, attemptHours)}, {attemptPartsByDay, regroup(attemptPartsByDay, attemptDays)},
	} {
		if err := addSums(ctx, tx, e, of.rollup, foldShard, of.sums, attemptFigures); err != nil {
			return fmt.Errorf("add to %s: %w", of.table, err)
		}
	}
	return nil
}

// eachPending calls do for the calls that a transaction sees to be pending, as eachTallied does.
func eachPending(ctx context.Context, q querier, do func(*nodev1.Call)) error {
	rows, err := q.QueryContext(ctx, `SELECT record FROM usage_pending`)
	tallies, err := collect(rows, err, scanRecord)
	if err != nil {
		return fmt.Errorf("read what is pending for the sums: %w", err)
	}
	for _, raw := range tallies {
		if err := eachTallied(raw, do); err != nil {
			return err
		}
	}
	return nil
}

func scanRecord(rows *sql.Rows) (record []byte, err error) {
	err = rows.Scan(&record)
	return record, err
}

// counting adds what a question asks about of a call to the sums that to returns; nil: to none.
type counting[T any] func(c *nodev1.Call, to func(usage.Key) *T)

func countCall(c *nodev1.Call, to func(usage.Key) *usage.Sum) {
	if sum := to(usage.KeyOf(c)); sum != nil {
		sum.Count(c)
	}
}

func countAttempts(c *nodev1.Call, to func(usage.Key) *usage.Attempts) {
	for _, a := range c.GetAttempts() {
		if sum := to(usage.AttemptKeyOf(c, a)); sum != nil {
			sum.Count(a)
		}
	}
}

// place is a sum of an answer.
type place struct {
	bucket      int64
	value, part string
}

// addPendingTo adds pending calls to an answer.
func addPendingTo[T any](ctx context.Context, q querier, asked calllog.UsageQuery, pieces []usagePiece, count counting[T], sums map[place]*T) error {
	filters := filtersOf(asked)
	return eachPending(ctx, q, func(c *nodev1.Call) {
		i := slices.IndexFunc(pieces, func(p usagePiece) bool {
			bucket := floor(c.GetStartUs(), p.width)
			return p.from <= bucket && bucket < p.to
		})
		if i < 0 {
			return
		}
		count(c, func(k usage.Key) *T {
			for _, f := range filters {
				if f.value != "" && f.value != valueOf(k, f.by) {
					return nil
				}
			}
			at := place{value: valueOf(k, asked.By), part: valueOf(k, asked.ThenBy)}
			if len(asked.Values) > 0 && !slices.Contains(asked.Values, at.value) {
				return nil
			}
			if asked.PerBucket {
				at.bucket = floor(c.GetStartUs(), pieces[i].width)
			}
			return sumOf(sums, at)
		})
	})
}

// addPendingUse adds pending calls to the use of API keys, of which days are those from which spending counts.
func addPendingUse(ctx context.Context, q querier, days map[string]int64, uses map[string]calllog.KeyUse) error {
	return eachPending(ctx, q, func(c *nodev1.Call) {
		k := usage.KeyOf(c)
		use, asked := uses[k.APIKey]
		if !asked {
			return
		}
		if at := fromMicros(c.GetStartUs()); cmp.Or(use.LastUsed.IsZero(), at.After(use.LastUsed)) {
			use.LastUsed = at
		}
		if day, budget := days[k.APIKey]; budget && c.GetStartUs() >= day {
			use.Spent = use.Spent.Plus(usage.CostOfPico(c.GetCost()))
		}
		uses[k.APIKey] = use
	})
}
