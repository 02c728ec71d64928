package server

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// What was learned of targets is counted as long as it is believed.
func TestMetricsTellWhatWasLearned(t *testing.T) {
	t.Parallel()
	var known learned.Memory
	reg := prometheus.NewRegistry()
	learnedMetrics(reg, &known)
	want := func(when string, endpoints, parameters, streams float64) {
		t.Helper()
		for name, value := range map[string]float64{
			"trunkline_endpoints_missing": endpoints, "trunkline_parameters_refused": parameters, "trunkline_stream_usage_refused": streams,
		} {
			if all := series(t, reg, name); len(all) != 1 || all[0].GetGauge().GetValue() != value {
				t.Errorf("%s, %s is %v, want %v", when, name, all, value)
			}
		}
	}
	want("at first", 0, 0, 0)
	scope := func(model string) dataplane.Scope {
		return dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: model}
	}
	learn := func(model string, at time.Time) {
		known.Endpoints.Miss(&dataplane.Target{Scope: scope(model), Load: &dataplane.Load{}}, api.Endpoints[0], at)
		known.NoUsage.Add(scope(model), at)
		for _, parameter := range []string{"tools", "seed"} {
			known.Refusals.Add(dataplane.Refusal{Target: scope(model), Parameter: parameter}, at)
		}
	}
	learn("old", time.Now().Add(-time.Hour))
	want("of what is over", 0, 0, 0)
	learn("m", time.Now())
	want("of one target", 1, 2, 1)
}
