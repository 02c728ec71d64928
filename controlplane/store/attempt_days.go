package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
)

// A program of the version before folds calls too, and does not know attempt_day_part: it leaves that behind attempt_day,
// which has the same attempts. Such days are made again, so that programs of both versions may fold in turn (docs/storage.md).
const (
	// lateDays is how far back calls may come in that nodes kept meanwhile, stepDays how far a start looks back, and
	// how much further everyone does for as long as it finds something.
	lateDays, stepDays = 8, 31
	// daysAtOnce is how many days are made again in one transaction.
	daysAtOnce = 20

	selectDaysBehind = `SELECT whole.bucket FROM (SELECT bucket, SUM(attempts) AS n FROM attempt_day WHERE bucket >= $1 GROUP BY bucket) AS whole
		LEFT JOIN (SELECT bucket, SUM(attempts) AS n FROM attempt_day_part WHERE bucket >= $2 AND property = '' GROUP BY bucket) AS parts ON parts.bucket = whole.bucket
		WHERE parts.n IS NULL OR parts.n <> whole.n ORDER BY whole.bucket DESC LIMIT $3`
	dropDay = `DELETE FROM attempt_day_part WHERE bucket = $1`
)

// daysBehind are days of which attempt_day_part lacks attempts.
func (s *Usage) daysBehind(ctx context.Context) (days []int64, err error) {
	back := cmp.Or(s.db.daysBack.Load(), stepDays)
	from := floor(micros(s.db.now()), attemptsPerDay.width) - back*attemptsPerDay.width.Microseconds()
	rows, err := s.db.engine.Reader().QueryContext(ctx, selectDaysBehind, from, from, daysAtOnce)
	days, err = collect(rows, err, func(rows *sql.Rows) (day int64, err error) {
		err = rows.Scan(&day)
		return day, err
	})
	if err != nil {
		return nil, fmt.Errorf("compare the sums over attempts of days: %w", err)
	}
	if len(days) > 0 {
		s.db.daysBack.Store(back + stepDays)
	} else {
		s.db.daysBack.Store(lateDays)
	}
	return days, nil
}

// makeDays makes attempt_day_part of days again. It needs the lock of those who fold.
func makeDays(ctx context.Context, tx *sql.Tx, e engine, days []int64) error {
	for _, day := range days {
		sums, err := storedSums(ctx, tx, attemptsPerDay, day, day+attemptsPerDay.width.Microseconds(), attemptFigures)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropDay, day); err != nil {
			return fmt.Errorf("make the sums over attempts of a day again: %w", err)
		}
		if err := addSums(ctx, tx, e, attemptPartsByDay, foldShard, regroup(attemptPartsByDay, sums), attemptFigures); err != nil {
			return fmt.Errorf("make the sums over attempts of a day again: %w", err)
		}
	}
	return nil
}
