package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
)

// maxSkipped is how many calls RecentCalls counts at most.
const maxSkipped = 100_000

// RecentCalls returns calls in the order in which they were stored, by any replica, at since
// or later: at most limit, the latest of them, and how many came before those, up to
// 100,000. The filter's id, position and limit do not count.
func (s *Calls) RecentCalls(ctx context.Context, f calllog.Filter, since time.Time, limit int) ([]calllog.Call, int, error) {
	var (
		calls   []calllog.Call
		skipped int
	)
	err := s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		query, args := recentQuery(f, since, limit+1)
		rows, err := tx.QueryContext(ctx, query, args...)
		if calls, err = collect(rows, err, func(rows *sql.Rows) (calllog.Call, error) { return scanCall(rows) }); err != nil {
			return err
		}
		if len(calls) <= limit {
			return nil
		}
		calls = calls[:limit]
		query, args = countRecent(f, since)
		if err := tx.QueryRowContext(ctx, query, args...).Scan(&skipped); err != nil {
			return err
		}
		skipped -= limit
		return nil
	})
	if err != nil {
		return nil, 0, s.db.failed(err, "read the latest calls")
	}
	slices.Reverse(calls)
	return calls, skipped, nil
}

func recentQuery(f calllog.Filter, since time.Time, limit int) (string, []any) {
	q := recent(f, since)
	return `SELECT s.node, s.record FROM call s` + q.conditions() + ` ORDER BY s.stored_us DESC, s.start_us DESC, s.id DESC` + q.limit(limit), q.args
}

func countRecent(f calllog.Filter, since time.Time) (string, []any) {
	q := recent(f, since)
	return `SELECT COUNT(*) FROM (SELECT 1 FROM call s` + q.conditions() + q.limit(maxSkipped) + `) n`, q.args
}

func recent(f calllog.Filter, since time.Time) *search {
	q := &search{}
	q.where(`s.stored_us >= $%d`, micros(since))
	if f.Provider != "" {
		q.ofProvider(f)
	}
	// Not the texts of the indexes of such calls: SQLite would read all of them and sort.
	if f.Failed {
		q.where(`NOT s.outcome = 'ok'`)
	}
	if f.FailedOver {
		q.where(`s.failed_over > 0`)
	}
	q.filterCalls(f)
	return q
}
