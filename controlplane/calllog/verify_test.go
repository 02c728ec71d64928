package calllog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// sums is a store of sums that notes what is asked of it.
type sums struct {
	calllog.UsageStore // what is not used here panics

	mu       sync.Mutex
	counted  []time.Time // hours
	drift    time.Time   // the hour that differs
	err      error
	busy     bool // another replica counts
	minutes  time.Time
	hours    time.Time
	leftover int // how often there is more to delete
	folds    int // there is more after each second one
	due      chan struct{}
}

func (s *sums) VerifyUsage(_ context.Context, t time.Time) ([]calllog.Drift, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted = append(s.counted, t)
	if t.Equal(s.drift) {
		return []calllog.Drift{{Table: "attempt_hour", Bucket: t, Stored: usage.Sum{Attempts: 2}, Counted: usage.Sum{Attempts: 3}}}, s.err
	}
	return nil, s.err
}

func (s *sums) Exclusive(ctx context.Context, job string, do func(context.Context) error) (bool, error) {
	if s.busy || job == "" {
		return false, nil
	}
	return true, do(ctx)
}

func (s *sums) DeleteUsageBefore(_ context.Context, minutes, hours time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.minutes, s.hours = minutes, hours
	s.leftover--
	return s.leftover >= 0, nil
}

func (s *sums) FoldUsage(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folds++
	return s.folds%2 == 1, s.err
}

func (s *sums) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *sums) FoldDue() <-chan struct{} { return s.due }

func (s *sums) take() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := s.counted
	s.counted = nil
	return counted
}

func hoursOf(day time.Time, from, to int) (hours []time.Time) {
	for i := from; i < to; i++ {
		hours = append(hours, day.Add(time.Duration(i)*time.Hour))
	}
	return hours
}

func TestVerifyUsage(t *testing.T) {
	t.Parallel()
	day := now.Truncate(24 * time.Hour)
	broken := errors.New("broken")
	for _, tt := range []struct {
		name   string
		keep   time.Duration
		sums   *sums
		want   []time.Time
		drifts int
		ran    bool
		err    error
	}{
		{name: "every hour of the day", sums: &sums{}, want: hoursOf(day, 0, 24), ran: true},
		{name: "one differs", sums: &sums{drift: day.Add(5 * time.Hour)}, want: hoursOf(day, 0, 24), drifts: 1, ran: true},
		// It is 09:10; calls of before 06:10 are gone or going.
		{name: "calls are kept for three hours", keep: 3 * time.Hour, sums: &sums{}, want: hoursOf(day, 7, 24), ran: true},
		{name: "another replica counts", sums: &sums{busy: true}},
		{name: "the database is away", sums: &sums{err: broken}, want: hoursOf(day, 0, 1), ran: true, err: broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source := &settings{}
			source.keep(tt.keep)
			l, err := calllog.New(calllog.Config{
				Store: &memory{}, Gaps: &memory{}, Usage: tt.sums, Lock: tt.sums, Source: source, Logger: slog.New(slog.DiscardHandler), Now: fixed,
			})
			if err != nil {
				t.Fatal(err)
			}
			drifts, ran, err := l.VerifyUsage(t.Context(), now)
			if len(drifts) != tt.drifts || ran != tt.ran || !errors.Is(err, tt.err) {
				t.Errorf("%d drifts, ran %t, %v", len(drifts), ran, err)
			}
			if got := tt.sums.take(); !slices.EqualFunc(got, tt.want, time.Time.Equal) {
				t.Errorf("counted %v, want %v", got, tt.want)
			}
		})
	}
}

// TestNightlyVerification: an hour after the start, and then each night, the day before.
func TestNightlyVerification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now() // midnight UTC, 2000-01-01
		store := &sums{drift: began.Add(25 * time.Hour), leftover: 3}
		source := &settings{}
		source.keep(0)
		var logged bytes.Buffer // read when Run has ended
		l, err := calllog.New(calllog.Config{
			Store: &memory{calls: map[string]*nodev1.Call{}}, Gaps: &memory{}, Usage: store, Lock: store, Source: source, Logger: slog.New(slog.NewTextHandler(&logged, nil)), Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		after := func(d time.Duration, day, drift int) {
			t.Helper()
			time.Sleep(time.Until(began.Add(d)))
			synctest.Wait()
			var want []time.Time
			if day != 0 {
				want = hoursOf(began.AddDate(0, 0, day-10), 0, 24)
			}
			if got := store.take(); !slices.EqualFunc(got, want, time.Time.Equal) || l.Drift() != drift {
				t.Errorf("after %s: counted %v with %d that differ, want %v with %d", d, got, l.Drift(), want, drift)
			}
		}
		const none, minute = 0, time.Minute
		after(59*minute, none, 0)
		store.mu.Lock()
		if store.leftover != 3-9 { // one per round, and three more in the first
			t.Errorf("old sums were deleted %d times, want 9", 3-store.leftover)
		}
		store.mu.Unlock()
		after(75*minute, 9, 0) // day 10 is the one it began on
		after(3*time.Hour-minute, none, 0)
		after(3*time.Hour+15*minute, 9, 0)
		after(27*time.Hour-minute, none, 0)
		after(27*time.Hour+15*minute, 10, 0)
		after(51*time.Hour+15*minute, 11, 1)
		after(75*time.Hour+15*minute, 12, 0)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if want := "table=attempt_hour"; strings.Count(logged.String(), want) != 1 || !strings.Contains(logged.String(), "stored_attempts=2 counted_attempts=3") {
			t.Errorf("the log does not say once what of %s differs: %s", want, &logged)
		}
		if age := time.Since(store.minutes); age < calllog.KeepUsageMinutes || age > calllog.KeepUsageMinutes+time.Hour {
			t.Errorf("sums per minute are kept for %s", age)
		}
		if age := time.Since(store.hours); age < calllog.KeepUsageHours || age > calllog.KeepUsageHours+time.Hour {
			t.Errorf("sums per hour are kept for %s", age)
		}
	})
}
