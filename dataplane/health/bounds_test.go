package health

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func testPolicy() *dataplane.Policy {
	return &dataplane.Policy{
		FailureThreshold: 5, FailureWindow: time.Minute, MinRatio: 0.2,
		Cooldown: time.Minute, CooldownMax: time.Hour,
	}
}

func TestCallersAreBounded(t *testing.T) {
	t.Parallel()
	w := (&windows{}).of(10 * time.Second)
	for i := range 10 * maxCallers {
		w.add(0, fmt.Sprint("early ", i), false)
	}
	if n := len(w.callers); n != maxCallers {
		t.Errorf("%d callers are counted one by one, want %d", n, maxCallers)
	}
	if n := w.others.sum(0).total(); n != 9*maxCallers {
		t.Errorf("%d attempts of other callers, want %d", n, 9*maxCallers)
	}
	w.add(20*time.Second, "late", true)
	if n := len(w.callers); n != 1 {
		t.Errorf("%d callers after a quiet window, want the one that came", n)
	}
}

func TestWindowsAreBounded(t *testing.T) {
	t.Parallel()
	var ws windows
	for i := range 3 * maxWindows {
		ws.of(time.Duration(1+i) * time.Second)
	}
	if len(ws) != maxWindows {
		t.Errorf("%d windows, want %d", len(ws), maxWindows)
	}
	if kept := ws.of(3 * maxWindows * time.Second); kept != ws[0] || len(ws) != maxWindows {
		t.Error("the window used last was not kept")
	}
}

func TestScopesAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	m := NewMemory(Config{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	report := dataplane.Report{Policy: testPolicy(), Result: dataplane.Failure}
	cooling := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "cooling"}
	report.Scope, report.Hold = cooling, time.Hour
	m.Report(report)
	report.Hold = 0
	crowded := m.shard(cooling)
	for i := range 3 * shardSize {
		report.Scope = dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: fmt.Sprint(i)}
		crowded.add(report.Scope, now, 0).report(now, now, &report, m.cfg.Rand)
	}
	if n := len(crowded.scopes); n > shardSize || n < shardSize*3/4 {
		t.Errorf("%d scopes are kept in a shard, want nearly %d and no more", n, shardSize)
	}
	if s := m.Condition(cooling).State; s != dataplane.Open || crowded.scopes[cooling] == nil {
		t.Errorf("the cooling scope is %s: it had to make room", s)
	}
}

func TestHealthyScopesAreDropped(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	m := NewMemory(Config{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	s := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p"}
	m.Report(dataplane.Report{Scope: s, Policy: testPolicy(), Result: dataplane.Success})
	now = now.Add(2 * time.Minute)
	m.Snapshot()
	if n := len(m.shard(s).scopes); n != 0 {
		t.Errorf("%d scopes are kept after a quiet window, want none", n)
	}
}

// TestTableMatchesTrackers lets everything happen at once; run it with -race.
func TestTableMatchesTrackers(t *testing.T) {
	t.Parallel()
	policy := testPolicy()
	policy.Cooldown, policy.CooldownMax = time.Microsecond, 50*time.Microsecond
	m := NewMemory(Config{Logger: slog.New(slog.DiscardHandler)})
	var scopes []dataplane.Scope
	for i := range 8 {
		scopes = append(scopes, dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: fmt.Sprint(i)})
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				s := scopes[(i*7+worker)%len(scopes)]
				r := dataplane.Report{Scope: s, Policy: policy, Result: dataplane.Result(i % 3), LastResort: i%5 == 0}
				r.Probe, _ = m.Probe(t.Context(), s, time.Millisecond)
				m.Report(r)
				if m.Condition(s).State == dataplane.Open && i%50 == 0 {
					m.Reset(s)
				}
				switch i % 500 {
				case 0:
					m.Snapshot()
				case 1:
					m.Forget(func(kept dataplane.Scope) bool { return kept != s })
				}
			}
		})
	}
	wg.Wait()
	open := 0
	table := m.table.Load().open
	for i := range m.shards {
		for s, tracker := range m.shards[i].scopes {
			if !tracker.open {
				continue
			}
			open++
			if table[s] != tracker.opening() {
				t.Errorf("%v is %+v, the request path reads %+v", s, tracker.opening(), table[s])
			}
		}
	}
	if open != len(table) {
		t.Errorf("%d scopes are open, the table has %d", open, len(table))
	}
}

func TestChangesAreLoggedAndCounted(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	m := NewMemory(Config{
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
		Now:     func() time.Time { return now },
		Rand:    func() float64 { return 0 },
		Metrics: reg,
	})
	s := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "openai", Name: "main"}
	m.Report(dataplane.Report{Scope: s, Policy: testPolicy(), Result: dataplane.Failure, Outcome: dataplane.AuthFailed, Hold: 5 * time.Minute})
	if got := gather(t, reg); got != `trunkline_cooldowns_total{reason="auth_failed",scope="credential"} 1, trunkline_cooling_scopes{} 1` {
		t.Errorf("metrics: %s", got)
	}
	m.Reset(s)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines logged, want 2:\n%s", len(lines), &log)
	}
	for i, want := range []string{
		`level=WARN msg="cooldown started" scope=credential provider=openai name=main reason=auth_failed level=1 cooldown=5m0s failed_probe=false`,
		`level=INFO msg="cooldown ended" scope=credential provider=openai name=main`,
	} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("logged %s\nwant %s", lines[i], want)
		}
	}
}

// gather writes the metrics in one line.
func gather(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			out = append(out, fmt.Sprintf("%s{%s} %v", family.GetName(), strings.Join(labels, ","), value))
		}
	}
	return strings.Join(out, ", ")
}
