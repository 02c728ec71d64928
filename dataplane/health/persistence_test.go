package health_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// keep runs a keeper until the test or stop ends it.
func keep(t *testing.T, k *health.Persistence) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := k.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

func memoryAt(c *clock) *health.Memory {
	return health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: c.Now, Rand: func() float64 { return 0 }})
}

func failure(s dataplane.Scope, now time.Time) dataplane.Report {
	return dataplane.Report{Scope: s, Policy: healthtest.Policy(), Result: dataplane.Failure, Outcome: dataplane.ServerError, StartedAt: now, Caller: "app"}
}

func TestCooldownsSurviveARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "made", "on demand", "health.json")
	clock := newClock()
	before := memoryAt(clock)
	cooling := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "a:b", Name: "c/d e"}
	halfOpen := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "a", Name: "main"}
	closed := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "a"}
	for s, hold := range map[dataplane.Scope]time.Duration{cooling: time.Minute, halfOpen: time.Second, closed: 0} {
		r := failure(s, clock.Now())
		r.Hold, r.Outcome = hold, dataplane.AuthFailed
		before.Report(r)
	}
	clock.Advance(2 * time.Second)
	stop := keep(t, health.NewPersistence(path, before, slog.New(slog.DiscardHandler)))
	stop() // writes, without a change having been told

	clock.Advance(3 * time.Second) // the node is down
	log := &lines{}
	after := memoryAt(clock)
	health.NewPersistence(path, after, log.logger()).Load()
	for _, s := range []dataplane.Scope{cooling, halfOpen, closed} {
		got, want := after.Condition(s), before.Condition(s)
		if got.State != want.State || got.Level != want.Level || got.Reason != want.Reason || !got.Until.Equal(want.Until) {
			t.Errorf("%v is %+v after the restart, want %+v", s, got, want)
		}
	}
	if c := after.Condition(cooling); c.State != dataplane.Open || c.Until.Sub(clock.Now()) != 55*time.Second {
		t.Errorf("%+v, want 55 s of the minute left", c)
	}
	if c := after.Condition(halfOpen); c.State != dataplane.HalfOpen {
		t.Errorf("%+v, want it half-open", c)
	}
	if !strings.Contains(log.String(), "cooldowns loaded") || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged %q", log)
	}
	clock.Advance(55 * time.Second)
	if _, ok := after.Probe(t.Context(), cooling, time.Second); !ok {
		t.Error("no probe after the cooldown that went on")
	}
}

func TestAClockThatWasSetBackLengthensNoCooldown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "health.json")
	clock := newClock()
	before := memoryAt(clock)
	r := failure(modelScope, clock.Now())
	r.Hold = time.Minute
	before.Report(r)
	keep(t, health.NewPersistence(path, before, slog.New(slog.DiscardHandler)))()
	clock.Advance(-24 * time.Hour)
	after := memoryAt(clock)
	health.NewPersistence(path, after, slog.New(slog.DiscardHandler)).Load()
	if left := after.Condition(modelScope).Until.Sub(clock.Now()); left != time.Minute {
		t.Errorf("cools for %v more, want the minute that was left", left)
	}
}

func TestAFileThatCannotBeReadIsNoFile(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":         "",
		"cut":           `{"version":1,"cooldowns":[{"scope":"target:a:b","unt`,
		"newer version": `{"version":2,"cooldowns":[]}`,
		"other type":    `{"version":1,"cooldowns":7}`,
		"too large":     strings.Repeat(" ", 16<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "health.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			log := &lines{}
			m := memoryAt(newClock())
			health.NewPersistence(path, m, log.logger()).Load()
			if n := len(m.Snapshot()); n != 0 {
				t.Errorf("%d scopes came from it", n)
			}
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "failed to load cooldowns; starting without them") {
				t.Errorf("logged %q", log)
			}
		})
	}
	log := &lines{}
	health.NewPersistence(filepath.Join(t.TempDir(), "none"), memoryAt(newClock()), log.logger()).Load()
	if log.String() != "" {
		t.Errorf("a first start is no trouble, but logged %q", log)
	}
}

func TestNonsenseInTheFileHarmsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "health.json")
	content := `{"version":1,"saved_at":"2026-11-01T12:00:00Z","cooldowns":[
		{"scope":"","until":"2026-11-01T12:01:00Z","fades":"2026-11-01T12:02:00Z"},
		{"scope":"planet:mars","until":"2026-11-01T12:01:00Z","fades":"2026-11-01T12:02:00Z"},
		{"scope":"target:%zz:m","until":"2026-11-01T12:01:00Z","fades":"2026-11-01T12:02:00Z"},
		{"scope":"target:over:m","until":"2026-11-01T11:01:00Z","fades":"2026-11-01T11:02:00Z"},
		{"scope":"target:p:m","until":"2026-11-01T12:01:00Z","fades":"2026-11-01T12:02:00Z","level":-3,"reason":"who knows"}]}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	m := memoryAt(newClock())
	health.NewPersistence(path, m, slog.New(slog.DiscardHandler)).Load()
	got := m.Snapshot()
	if len(got) != 1 || got[0].Scope != modelScope || got[0].Condition.Level != 1 || got[0].Condition.State != dataplane.Open {
		t.Errorf("restored %+v, want the one line that makes sense", got)
	}
}

func TestChangesAreWrittenSoonAndFailuresToldOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	blocked := filepath.Join(dir, "data")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	path := filepath.Join(blocked, "health.json")
	log := &lines{}
	m := health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler)})
	k := health.NewPersistence(path, m, log.logger())
	keep(t, k)
	k.Changed()
	eventually(t, "the failure is told", func() bool { return strings.Contains(log.String(), "failed to save cooldowns") })
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	r := failure(modelScope, time.Now())
	r.Hold = time.Minute
	m.Report(r)
	for range 100 {
		k.Changed()
	}
	eventually(t, "the change is written", func() bool {
		raw, err := os.ReadFile(path)
		return err == nil && bytes.Contains(raw, []byte("target:p:m"))
	})
	eventually(t, "the recovery is told", func() bool { return strings.Contains(log.String(), "again") })
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, log)
	}
	left, err := os.ReadDir(blocked)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder has %v (%v), want the file alone", left, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
}

// What others closed while a node was down is closed when it is back, if Redis remembers.
func TestARestartedNodeLearnsWhatClosedMeanwhile(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	path := filepath.Join(t.TempDir(), "health.json")
	stays := startNode(t, redis.URL())
	leaves := startNode(t, redis.URL())
	stays.awaitState(t, "up")
	leaves.awaitState(t, "up")
	other := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: "other"}
	for _, s := range []dataplane.Scope{modelScope, other} {
		r := failure(s, time.Now())
		r.Hold = time.Minute
		stays.Report(r)
	}
	stays.Sync(t.Context())
	leaves.Sync(t.Context())
	keep(t, health.NewPersistence(path, leaves.Memory, slog.New(slog.DiscardHandler)))()
	leaves.stop()
	stays.Reset(modelScope)
	stays.Sync(t.Context())

	back := startNode(t, redis.URL(), func(_ *health.SharedConfig, s *health.Shared) {
		if s == nil {
			return
		}
		health.NewPersistence(path, s.Memory, slog.New(slog.DiscardHandler)).Load()
		if s.Condition(modelScope).State != dataplane.Open || s.Condition(other).State != dataplane.Open {
			t.Errorf("after the restart, before Redis: %+v", s.Snapshot())
		}
	})
	eventually(t, "the one that closed meanwhile is closed", func() bool { return back.Condition(modelScope).State == dataplane.Closed })
	if s := back.Condition(other).State; s != dataplane.Open {
		t.Errorf("the one that is still open is %s", s)
	}
}
