package health_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
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
