package server

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// series gives the metrics of a name.
func series(t *testing.T, reg *prometheus.Registry, name string) []*dto.Metric {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()
		}
	}
	return nil
}

// labelled gives the one with these values of labels, in the order of the labels' names.
func labelled(all []*dto.Metric, values ...string) *dto.Metric {
	for _, m := range all {
		same := len(m.GetLabel()) == len(values)
		for i, l := range m.GetLabel() {
			same = same && l.GetValue() == values[i]
		}
		if same {
			return m
		}
	}
	return &dto.Metric{}
}

func configuration(providers, groups, keywords []string) *nodev1.Snapshot {
	s := &nodev1.Snapshot{}
	for _, name := range providers {
		s.Providers = append(s.Providers, &nodev1.Provider{Name: name})
	}
	for _, name := range groups {
		s.Groups = append(s.Groups, &nodev1.Group{Name: name})
	}
	for _, name := range keywords {
		s.FailureKeywords = append(s.FailureKeywords, &nodev1.FailureKeyword{Name: name})
	}
	return s
}

func failedOver() *dataplane.Call {
	return &dataplane.Call{
		Group: "g", Outcome: dataplane.OK, Status: http.StatusOK, Stream: true, Provider: "b", Duration: 3 * time.Second,
		Attempts: []dataplane.Attempt{
			{Provider: "a", Outcome: dataplane.RateLimited, Retry: true},
			{Provider: "b", Outcome: dataplane.OK, FirstToken: 20 * time.Millisecond, Usage: dataplane.Usage{Input: 7, Output: 5}, Cost: 25e10},
		},
	}
}

func TestMeterCountsAFailedOverCall(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := newMeter(reg)
	m.use(configuration([]string{"a", "b"}, []string{"g"}, []string{"k"}))
	m.observe(failedOver())
	m.keyword("k")
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"trunkline_calls_total", []string{"g", "ok", "200"}, 1},
		{"trunkline_attempts_total", []string{"rate_limited", "a"}, 1},
		{"trunkline_attempts_total", []string{"ok", "b"}, 1},
		{"trunkline_retries_total", []string{"rate_limited", "a"}, 1},
		{"trunkline_tokens_total", []string{"input", "b"}, 7},
		{"trunkline_tokens_total", []string{"output", "b"}, 5},
		{"trunkline_cost_usd_total", []string{"b"}, 0.25},
		{"trunkline_keyword_hits_total", []string{"k"}, 1},
	} {
		if got := labelled(series(t, reg, want.name), want.labels...).GetCounter().GetValue(); got != want.value {
			t.Errorf("%s%v = %v, want %v", want.name, want.labels, got, want.value)
		}
	}
	first := series(t, reg, "trunkline_first_token_seconds")
	if h := labelled(first, "b").GetHistogram(); len(first) != 1 || h.GetSampleCount() != 1 || h.GetSampleSum() != 0.02 {
		t.Errorf("first token: %v", first)
	}
}

// What an attacker or a large configuration brings in makes no more series than are promised.
func TestMeterBoundsItsNames(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := newMeter(reg)
	var names []string
	for i := range maxNames + 50 {
		names = append(names, fmt.Sprintf("p%04d", i))
	}
	m.use(configuration(names, names, names))
	for _, name := range names {
		m.observe(&dataplane.Call{Group: name, Attempts: []dataplane.Attempt{{Provider: name, Cost: 1}}})
		m.keyword(name)
	}
	for name, label := range map[string][]string{
		"trunkline_cost_usd_total": {otherName}, "trunkline_keyword_hits_total": {otherName}, "trunkline_attempts_total": {"ok", otherName},
		"trunkline_calls_total": {otherName, "ok", "0"},
	} {
		all := series(t, reg, name)
		if len(all) != maxNames+1 {
			t.Errorf("%s has %d series, want %d", name, len(all), maxNames+1)
		}
		if labelled(all, label...).GetCounter() == nil {
			t.Errorf("%s has none for the rest", name)
		}
	}
}

func TestMeterForgetsWhatIsDeleted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := newMeter(reg)
	m.use(configuration([]string{"a", "b"}, []string{"g"}, []string{"k"}))
	m.observe(failedOver())
	m.keyword("k")
	m.use(configuration([]string{"b"}, nil, nil))
	for name, want := range map[string]int{
		"trunkline_attempts_total": 1, "trunkline_retries_total": 0, "trunkline_tokens_total": 2, "trunkline_first_token_seconds": 1,
		"trunkline_calls_total": 0, "trunkline_call_duration_seconds": 0, "trunkline_keyword_hits_total": 0,
	} {
		if got := len(series(t, reg, name)); got != want {
			t.Errorf("%s has %d series left, want %d", name, got, want)
		}
	}
	m.observe(failedOver()) // one that was under way
	if labelled(series(t, reg, "trunkline_attempts_total"), "rate_limited", otherName).GetCounter().GetValue() != 1 {
		t.Error("an attempt at a provider that is gone is not among the others")
	}
}

// Who has a series keeps it when others come that are before it in order.
func TestNamesKeepTheirPlace(t *testing.T) {
	t.Parallel()
	var set nameSet
	var names []string
	for i := range maxNames {
		names = append(names, fmt.Sprintf("p%04d", i))
	}
	set.replace(names)
	if gone := set.replace(append([]string{"a"}, names...)); len(gone) != 0 || set.label("a") != otherName || set.label(names[maxNames-1]) == otherName {
		t.Errorf("gone %v", gone)
	}
	if gone := set.replace(append([]string{"a"}, names[1:]...)); len(gone) != 1 || gone[0] != names[0] || set.label("a") != "a" {
		t.Errorf("gone %v, a is %s", gone, set.label("a"))
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	s := &Server{meter: newMeter(prometheus.NewRegistry())}
	s.meter.use(configuration([]string{"a", "b"}, []string{"g"}, nil))
	record := func(c dataplane.Call) { s.observe(&c) } // as the proxy is given it
	c := failedOver()
	record(*c)
	if got := testing.AllocsPerRun(100, func() { record(*c) }); got > 0 {
		t.Errorf("%.1f allocations for each call", got)
	}
}
