package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// today is noon of the first day of these tests.
var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// atTime opens a PostgreSQL database with a clock that can be set.
func atTime(t *testing.T, url string, us *atomic.Int64) *DB {
	t.Helper()
	us.CompareAndSwap(0, today.UnixMicro())
	s, err := Open(t.Context(), Config{URL: url, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return fromMicros(us.Load()) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// daysOf lists the tables of calls, without the default one.
func daysOf(t *testing.T, s *DB, table string) string {
	t.Helper()
	rows, err := s.engine.Reader().QueryContext(t.Context(),
		`SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1`, table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if name = strings.TrimPrefix(name, table+"_202611"); name != table+"_default" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func (s *DB) rowsOf(t *testing.T, table string) (n int) {
	t.Helper()
	if err := s.engine.Reader().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func callAt(name string, at time.Time) *nodev1.Call {
	return &nodev1.Call{Id: name, StartUs: at.UnixMicro(), Group: "g", Outcome: "ok", Provider: "p"}
}

func idsOf(t *testing.T, s *DB, f calllog.Filter) string {
	t.Helper()
	f.Limit = 1000
	calls, err := NewCalls(s).ListCalls(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(calls))
	for i, c := range calls {
		ids[i] = c.GetId()
	}
	return strings.Join(ids, " ")
}

func TestPostgresKeepsCallsByDay(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	s := atTime(t, testenv.Postgres(t), &now)
	for _, table := range []string{"call", "call_provider"} {
		if got := daysOf(t, s, table); got != "22 23 24 25 26" {
			t.Errorf("%s has the days %s", table, got)
		}
	}
	days := func(n int) time.Time { return today.AddDate(0, 0, n) }
	calls := []*nodev1.Call{
		callAt("old", days(-9)), callAt("yesterday", days(-1)), callAt("today", days(0)), callAt("last-us", days(1).Truncate(24*time.Hour).Add(-time.Microsecond)),
		callAt("midnight", days(1).Truncate(24*time.Hour)), callAt("ahead", days(5)),
	}
	if n, _, err := NewCalls(s).InsertCalls(t.Context(), "node", calls); n != len(calls) || err != nil {
		t.Fatal(n, err)
	}
	if a, b := s.rowsOf(t, "call_default"), s.rowsOf(t, "call_20261123"); a != 2 || b != 2 {
		t.Errorf("%d rows without a day, %d today, want 2 and 2", a, b)
	}

	// Two days later the day of the call that was ahead gets its table, and the call with it.
	now.Store(days(2).UnixMicro())
	if err := NewCalls(s).KeepCalls(t.Context(), days(-1)); err != nil {
		t.Fatal(err)
	}
	const all = "ahead midnight last-us today yesterday old"
	for f, want := range map[calllog.Filter]string{
		{}:                                    all,
		{Provider: "p"}:                       all,
		{Group: "g"}:                          all,
		{From: days(1)}:                       "ahead",
		{To: days(1), Provider: "p"}:          "midnight last-us today yesterday old",
		{From: days(0), To: days(1).Add(-12)}: "midnight last-us today",
	} {
		if got := idsOf(t, s, f); got != want {
			t.Errorf("filter %+v finds %s, want %s", f, got, want)
		}
	}
	if a, b := s.rowsOf(t, "call_default"), s.rowsOf(t, "call_20261128"); a != 1 || b != 1 {
		t.Errorf("%d rows without a day, %d on the 28th, want 1 and 1", a, b)
	}
	if n, _, err := NewCalls(s).InsertCalls(t.Context(), "node", calls); n != 0 || err != nil {
		t.Errorf("sent again after the move: %d stored, %v", n, err)
	}

	// Whole days are dropped; what has no day is left to be deleted.
	if err := NewCalls(s).KeepCalls(t.Context(), days(1)); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(t, s, calllog.Filter{Provider: "p"}); got != "ahead midnight old" {
		t.Errorf("after two days were dropped: %s", got)
	}
	if n, err := NewCalls(s).DeleteCallsBefore(t.Context(), days(1), 10); n != 2 || err != nil {
		t.Errorf("%d left to delete, want 2, one of the day in which the time is: %v", n, err)
	}
	for _, table := range []string{"call", "call_provider"} {
		if got := daysOf(t, s, table); got != "24 25 26 27 28" {
			t.Errorf("%s has the days %s", table, got)
		}
		if n := s.rowsOf(t, table); n != 1 {
			t.Errorf("%s has %d rows, want 1", table, n)
		}
	}
	if _, err := NewCalls(s).GetCall(t.Context(), "ahead"); err != nil {
		t.Error(err)
	}
}

// TestPostgresMakesDaysUnderLoad: two replicas make the tables of days while calls of these
// very days come in and are read; every call is stored once and none is lost.
func TestPostgresMakesDaysUnderLoad(t *testing.T) {
	t.Parallel()
	var (
		now     atomic.Int64
		url     = testenv.Postgres(t)
		stores  = []*DB{atTime(t, url, &now), atTime(t, url, &now)}
		wg      sync.WaitGroup
		stored  atomic.Int64
		writers sync.WaitGroup
		done    = make(chan struct{})
		sent    []*nodev1.Call
	)
	const days = 8
	for i := range 600 {
		sent = append(sent, callAt(fmt.Sprintf("call-%04d", i), today.AddDate(0, 0, 4+i%days)))
	}
	slices.SortFunc(sent, func(a, b *nodev1.Call) int { return cmp.Compare(a.GetId(), b.GetId()) })
	for i := range 4 {
		writers.Go(func() {
			for batch := range slices.Chunk(sent, 15+i) {
				for {
					n, rejected, err := NewCalls(stores[i%2]).InsertCalls(t.Context(), fmt.Sprint("node-", i), batch)
					if err == nil {
						stored.Add(int64(n))
						if len(rejected) > 0 {
							t.Errorf("rejected %v", rejected)
						}
						break
					}
					t.Logf("sent again: %v", err) // as a node does
				}
			}
		})
	}
	for i := range 2 {
		wg.Go(func() {
			for d := 0; ; d++ {
				select {
				case <-done:
					return
				default:
				}
				now.Store(today.AddDate(0, 0, min(d, days)).UnixMicro())
				if err := NewCalls(stores[i]).KeepCalls(t.Context(), today.AddDate(0, 0, -1)); err != nil {
					t.Logf("try again: %v", err)
				}
				if _, err := NewCalls(stores[i]).ListCalls(t.Context(), calllog.Filter{Provider: "p", Limit: 100}); err != nil {
					t.Errorf("list: %v", err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	wg.Wait()
	// However few days were made beside the writers: here each comes once.
	for d := range days + 2 {
		now.Store(today.AddDate(0, 0, d).UnixMicro())
		if err := NewCalls(stores[0]).KeepCalls(t.Context(), today); err != nil {
			t.Fatal(err)
		}
	}
	if n := stored.Load(); n != int64(len(sent)) {
		t.Errorf("%d calls were reported as new, want %d", n, len(sent))
	}
	for _, f := range []calllog.Filter{{}, {Provider: "p"}} {
		if n := len(strings.Fields(idsOf(t, stores[0], f))); n != len(sent) {
			t.Errorf("%d calls are listed with %+v, want %d", n, f, len(sent))
		}
	}
	if n := stores[0].rowsOf(t, "call_default") + stores[0].rowsOf(t, "call_provider_default"); n != 0 {
		t.Errorf("%d rows have no day in the end", n)
	}
	for i := range days {
		drifts, err := NewUsage(stores[0]).VerifyUsage(t.Context(), today.AddDate(0, 0, 4+i))
		if err != nil || len(drifts) != 0 {
			t.Errorf("day %d: %v, %v", i, drifts, err)
		}
	}
}

// TestPostgresRetentionHoldsNobodyUp: while somebody reads calls for long, a day cannot be dropped, and
// those who store and read calls do not wait behind the one who tries.
func TestPostgresRetentionHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	now.Store(today.UnixMicro())
	url := testenv.Postgres(t)
	keeper := atTime(t, url, &now)
	others := atTime(t, url+"&lock_timeout=1900", &now) // what waited behind two seconds would fail
	if n, _, err := NewCalls(keeper).InsertCalls(t.Context(), "node", []*nodev1.Call{callAt("old", today)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	reading, err := keeper.engine.Reader().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Rollback()
	var calls int
	if err := reading.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM call, call_provider`).Scan(&calls); err != nil {
		t.Fatal(err)
	}
	kept := make(chan error, 1)
	go func() {
		err := NewCalls(keeper).KeepCalls(t.Context(), today.AddDate(0, 0, 2))
		kept <- err
	}()
	for i := 0; ; i++ {
		if n, _, err := NewCalls(others).InsertCalls(t.Context(), "node", []*nodev1.Call{callAt(fmt.Sprint("new-", i), today.AddDate(0, 0, 2))}); n != 1 || err != nil {
			t.Fatalf("%d stored meanwhile: %v", n, err)
		}
		if _, err := NewCalls(others).ListCalls(t.Context(), calllog.Filter{Limit: 1}); err != nil {
			t.Fatalf("listed meanwhile: %v", err)
		}
		select {
		case err = <-kept:
		default:
			continue
		}
		break
	}
	if errs.CodeOf(err) != errs.Unavailable || !strings.Contains(daysOf(t, keeper, "call"), "23") {
		t.Fatalf("dropped under a reader: %v", err)
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := NewCalls(keeper).KeepCalls(t.Context(), today.AddDate(0, 0, 2)); err != nil || strings.Contains(daysOf(t, keeper, "call"), "23") {
		t.Errorf("not dropped when the reader has ended: %v", err)
	}
}

func TestPostgresJobsAreExclusive(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	url := testenv.Postgres(t)
	a, b := atTime(t, url, &now), atTime(t, url, &now)
	nothing := func(context.Context) error { return nil }
	ran, err := a.Exclusive(t.Context(), "verify", func(ctx context.Context) error {
		if ran, err := b.Exclusive(ctx, "verify", nothing); ran || err != nil {
			t.Errorf("the same job ran twice at once: %t, %v", ran, err)
		}
		if ran, err := b.Exclusive(ctx, "another", nothing); !ran || err != nil {
			t.Errorf("another job did not run: %t, %v", ran, err)
		}
		return nil
	})
	if !ran || err != nil {
		t.Fatalf("%t, %v", ran, err)
	}
	// The lock goes with the connection, soon after the job.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if ran, err := b.Exclusive(t.Context(), "verify", nothing); err != nil || ran {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the lock is never given back")
		}
	}
}
