package limits

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestARestartRemembersWhatWasSpent(t *testing.T) {
	t.Parallel()
	c, path := newClock("2026-11-23T10:00:00Z"), filepath.Join(t.TempDir(), "budgets.json")
	open := func() *Limiter {
		return New(Config{File: path, Logger: slog.New(slog.DiscardHandler), Now: c.now})
	}
	day := newKey(t, "day", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	month := newKey(t, "month", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "month"})
	l := open()
	mustAcquire(t, l, day, dataplane.Estimate{}).Settle(0, usd+7)
	mustAcquire(t, l, month, dataplane.Estimate{}).Settle(0, usd/2)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ended); err != nil { // saves at its end
		t.Fatal(err)
	}

	l = open()
	mustDeny(t, l, day, dataplane.Estimate{}, dataplane.LimitBudget)
	mustAcquire(t, l, month, dataplane.Estimate{}).Settle(0, usd/2)
	mustDeny(t, l, month, dataplane.Estimate{}, dataplane.LimitBudget)
	if got := l.account("day").spending.total(); got != usd+7 {
		t.Errorf("%d spent, want every digit", got)
	}
	l.save()

	c.move(24 * time.Hour)
	l = open()
	mustAcquire(t, l, day, dataplane.Estimate{})
	mustDeny(t, l, month, dataplane.Estimate{}, dataplane.LimitBudget)
	weekly := newKey(t, "month", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "week"})
	mustAcquire(t, l, weekly, dataplane.Estimate{}) // another kind of period starts again
}

func TestABrokenFileIsSaidAndReplaced(t *testing.T) {
	t.Parallel()
	c, path := newClock("2026-11-23T10:00:00Z"), filepath.Join(t.TempDir(), "budgets.json")
	if err := os.WriteFile(path, []byte(`{"keys":[{"key":`), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	l := New(Config{File: path, Logger: slog.New(slog.NewTextHandler(log, nil)), Now: c.now})
	if log.count("failed to load the spending") != 1 {
		t.Error("a broken file is not said")
	}
	key := newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	mustAcquire(t, l, key, dataplane.Estimate{}).Settle(0, usd)
	l.save()
	again := New(Config{File: path, Logger: slog.New(slog.DiscardHandler), Now: c.now})
	mustDeny(t, again, key, dataplane.Estimate{}, dataplane.LimitBudget)
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v, want one", len(entries), err)
	}
}

func TestAFileThatCannotBeWrittenIsSaidOnce(t *testing.T) {
	t.Parallel()
	c, log := newClock("2026-11-23T10:00:00Z"), &logBuffer{}
	l := New(Config{File: filepath.Join(t.TempDir(), "gone", "budgets.json"), Logger: slog.New(slog.NewTextHandler(log, nil)), Now: c.now})
	key := newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	for range 5 {
		mustAcquire(t, l, key, dataplane.Estimate{}).Settle(0, 1)
		l.save()
	}
	if n := log.count("failed to save the spending"); n != 1 {
		t.Errorf("said %d times, want once", n)
	}
}

// What was spent while Redis was away must count once after a restart, whether or not Redis
// is there by then.
func TestARestartWhileRedisIsAwayLosesNothing(t *testing.T) {
	t.Parallel()
	server, c, path := testenv.Redis(t), newClock("2026-11-23T10:00:00Z"), filepath.Join(t.TempDir(), "budgets.json")
	key := newKey(t, "k", &nodev1.ApiKey{Budget: 10_000_000, BudgetPeriod: "month"})
	use := func(yield func(*dataplane.APIKey) bool) { yield(key) }
	first := newNode(t, server, c, path)
	mustAcquire(t, first.Limiter, key, dataplane.Estimate{}).Settle(0, usd)
	first.tell()
	server.Pause(t)
	mustAcquire(t, first.Limiter, key, dataplane.Estimate{}).Settle(0, usd*2)
	for first.Shared() {
		first.share(t.Context())
	}
	first.save()

	second := newNode(t, server, c, path) // Redis is still away
	second.Use(use, nil)
	second.share(t.Context())
	if got := second.account("k").spending.total(); got != usd*3 {
		t.Fatalf("%d spent after a restart without Redis, want 3 USD", got)
	}
	server.Resume(t)
	settle(c, second)
	third := newNode(t, server, c, "")
	third.Use(use, nil)
	third.tell()
	got := third.account("k").spending.total()
	// The first node's last words may have reached Redis after all, when it woke up.
	if got != usd*3 && got != usd*5 {
		t.Errorf("%d spent as Redis knows it, want 3 USD", got)
	}
	if got == usd*5 {
		t.Log("counted on the safe side")
	}
}
