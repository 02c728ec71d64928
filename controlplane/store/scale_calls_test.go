package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// makeCalls makes so many calls of each of 30 days. One call in 20 fails; group-5 has been quiet for 20 days; one call in ten
// thousand takes a minute.
func makeCalls(ctx context.Context, s *DB, end time.Time, perDay int64) error {
	for i := range int64(30) {
		if err := makeDay(ctx, s, end.AddDate(0, 0, int(i)-30), i*perDay, perDay); err != nil {
			return err
		}
	}
	return nil
}

// makeDay makes the calls of a day, the first of which has that number. The day's table gets its indexes when it is complete
// and becomes a partition: the database then sorts once for each.
func makeDay(ctx context.Context, s *DB, day time.Time, first, n int64) error {
	from, until, name := day.UnixMicro(), day.AddDate(0, 0, 1).UnixMicro(), day.Format("20060102")
	tx, err := s.engine.Writer().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	for _, statement := range []string{
		`SET LOCAL maintenance_work_mem = '512MB'`,
		`DROP TABLE IF EXISTS call_` + name + `, call_provider_` + name,
		`CREATE TABLE call_` + name + ` (LIKE call INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
		`CREATE TABLE call_provider_` + name + ` (LIKE call_provider INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
		fmt.Sprintf(`INSERT INTO call_%s SELECT 'call-' || lpad(i::text, 12, '0'), 'node-' || i %% 4, start,
			CASE WHEN i %% 20 = 5 AND i > %d THEN 'group-6' ELSE 'group-' || i %% 20 END, 'key-' || i %% 200,
			CASE WHEN i %% 20 = 0 THEN 'server_error' ELSE 'ok' END, CASE WHEN i %% 20 = 0 THEN 502 ELSE 200 END,
			decode(repeat(md5(i::text), 12), 'hex'), 'model-' || i %% 60, i %% 2, CASE WHEN i %% 10000 = 0 THEN 60000000 ELSE i %% 5000000 END,
			start, CASE WHEN i %% 12 = 0 THEN 1 ELSE 0 END, i %% 1000 * 1000000, CASE WHEN i %% 20 = 0 THEN ' server_error ' ELSE ' ok ' END
			FROM (SELECT n + %d AS i, %d + n * %d AS start FROM generate_series(0, %d::bigint - 1) n) made`,
			name, 10*n, first, from, (until-from)/n, n),
		`INSERT INTO call_provider_` + name + ` SELECT 'provider-' || right(id, 1), start_us, id, group_name, api_key, outcome, status, node, model, stream,
			duration_us, failed_over, cost_pico, attempt_outcomes FROM call_` + name,
		fmt.Sprintf(`ALTER TABLE call ATTACH PARTITION call_%s FOR VALUES FROM (%d) TO (%d)`, name, from, until),
		fmt.Sprintf(`ALTER TABLE call_provider ATTACH PARTITION call_provider_%s FOR VALUES FROM (%d) TO (%d)`, name, from, until),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return tx.Commit()
}

// measureRetention drops days and deletes calls of a part of one, while calls are stored and listed, and prints how long each
// took and how long those beside it took at most; before that, the same without retention. Calls like that one are stored.
func measureRetention(t *testing.T, s *DB, end time.Time, like *nodev1.Call) {
	t.Helper()
	ctx, calls := t.Context(), NewCalls(s)
	beside := func(what string, do func() error) {
		t.Helper()
		var store, list atMost
		var wg sync.WaitGroup
		running, stop := context.WithCancel(ctx)
		round := 0
		wg.Go(func() {
			for ; running.Err() == nil; round++ {
				batch := make([]*nodev1.Call, 100)
				for i := range batch {
					batch[i] = &nodev1.Call{
						Id: fmt.Sprintf("%s %06d-%06d", what, round, i), StartUs: end.UnixMicro() + int64(round*100+i), Outcome: "ok", Status: 200,
						Group: like.GetGroup(), ApiKey: like.GetApiKey(), Provider: like.GetProvider(), Attempts: []*nodev1.Attempt{{Provider: like.GetProvider()}},
					}
				}
				store.time(t, func() error { _, _, err := calls.InsertCalls(ctx, "node", batch); return err })
			}
		})
		wg.Go(func() {
			for running.Err() == nil {
				list.time(t, func() error {
					_, err := calls.ListCalls(ctx, calllog.Filter{Group: like.GetGroup(), Limit: 50})
					return err
				})
			}
		})
		began := time.Now()
		err := do()
		took := time.Since(began)
		stop()
		wg.Wait()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-40s %10s; beside it %s to store 100 calls, %s to list 50", what, took.Round(100*time.Microsecond), store, list)
	}
	beside("nothing for 3 s", func() error { time.Sleep(3 * time.Second); return nil })
	beside("drop a day", func() error { return calls.KeepCalls(ctx, end.AddDate(0, 0, -29)) })
	beside("drop five days", func() error { return calls.KeepCalls(ctx, end.AddDate(0, 0, -24)) })
	var batch atMost
	limit := calls.DeleteLimit()
	beside("delete three times as many as at once", func() error {
		for range 3 {
			batch.time(t, func() error {
				_, err := calls.DeleteCallsBefore(ctx, end.AddDate(0, 0, -24).Add(12*time.Hour), limit)
				return err
			})
		}
		return nil
	})
	t.Logf("delete %d calls: %s", limit, batch)
}

// atMost is how often something was done, and how long it took.
type atMost struct {
	times      int
	sum, worst time.Duration
}

func (m *atMost) time(t *testing.T, do func() error) {
	began := time.Now()
	if err := do(); err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	m.times, m.sum, m.worst = m.times+1, m.sum+took, max(m.worst, took)
}

func (m atMost) String() string {
	return fmt.Sprintf("%d times, on average %s, at most %s", m.times, (m.sum / time.Duration(max(m.times, 1))).Round(100*time.Microsecond), m.worst.Round(100*time.Microsecond))
}
