package health_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

func benchStore() *health.Memory {
	return health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler)})
}

func hold(s dataplane.Scope) dataplane.Report {
	return dataplane.Report{Scope: s, Policy: healthtest.Policy(), Result: dataplane.Failure, Hold: time.Hour}
}

func BenchmarkConditionAllClosed(b *testing.B) {
	m := benchStore()
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Condition(modelScope)
	}
}

func BenchmarkConditionOneOtherOpen(b *testing.B) {
	m := benchStore()
	m.Report(hold(dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "down"}))
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Condition(modelScope)
	}
}

func BenchmarkConditionOpen(b *testing.B) {
	m := benchStore()
	m.Report(hold(modelScope))
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Condition(modelScope)
	}
}

func BenchmarkReportSuccess(b *testing.B) {
	m := benchStore()
	r := dataplane.Report{Scope: modelScope, Policy: healthtest.Policy(), Result: dataplane.Success, Caller: "app"}
	b.ReportAllocs()
	for b.Loop() {
		m.Report(r)
	}
}

func BenchmarkReportSuccessInParallel(b *testing.B) {
	m := benchStore()
	r := dataplane.Report{Scope: modelScope, Policy: healthtest.Policy(), Result: dataplane.Success, Caller: "app"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Report(r)
		}
	})
}

// BenchmarkReportFailureManyCallers is the dearest report: it weighs every caller. The
// successes keep the caller who fails from being the only one that counts.
func BenchmarkReportFailureManyCallers(b *testing.B) {
	m := benchStore()
	policy := healthtest.Policy()
	policy.FailureThreshold, policy.FailureWindow, policy.MinRatio = 1, time.Hour, 0
	well := dataplane.Report{Scope: modelScope, Policy: policy, Result: dataplane.Success}
	for i := range 64 {
		well.Caller = fmt.Sprint(i)
		m.Report(well)
	}
	failed := dataplane.Report{Scope: modelScope, Policy: policy, Result: dataplane.Failure, Caller: "1"}
	b.ReportAllocs()
	for b.Loop() {
		m.Report(failed)
		m.Report(well)
	}
	if m.Condition(modelScope).State != dataplane.Closed {
		b.Fatal("the scope opened: the reports after that were cheap")
	}
}

// benchShared is a node whose Redis is up, or gone.
func benchShared(b *testing.B, up bool) *health.Shared {
	b.Helper()
	url := "redis://127.0.0.1:1/0"
	if up {
		url = testenv.Redis(b).URL()
	}
	cfg := health.SharedConfig{}
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Redis = connect(b, url, &cfg, 0)
	s, err := health.NewShared(cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
		cfg.Redis.Close()
	})
	for up && !cfg.Redis.Up() {
		time.Sleep(time.Millisecond)
	}
	return s
}

func BenchmarkSharedCondition(b *testing.B) {
	s := benchShared(b, true)
	s.Report(hold(dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "down"}))
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Condition(modelScope)
	}
}

func BenchmarkSharedReport(b *testing.B) {
	for name, result := range map[string]dataplane.Result{"success": dataplane.Success, "failure": dataplane.Failure} {
		for _, up := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/up=%v", name, up), func(b *testing.B) {
				s := benchShared(b, up)
				policy := healthtest.Policy()
				policy.FailureThreshold = 1 << 30
				r := dataplane.Report{Scope: modelScope, Policy: policy, Result: result, Caller: "app"}
				b.ReportAllocs()
				for b.Loop() {
					s.Report(r)
				}
			})
		}
	}
}
