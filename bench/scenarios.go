package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// scenario is one kind of traffic, or of other work, and what is measured of it.
type scenario struct {
	name, about string
	metrics     []metric
	runs        func(*system) bool // which of the run's systems it measures; nil: none
	fresh       bool               // every measurement restarts the system
	rounds      int                // 0: as the options say
	measure     func(ctx context.Context, b *bench, s *system) (values, result, error)
	// more starts systems for this scenario only, which are stopped after it; nil: none.
	more func(ctx context.Context, b *bench) ([]*system, error)
}

// metric is one column of a scenario's table. Lower is better in all of them.
type metric struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	// over subtracts what the direct way took in the same round: name of that metric.
	over string
}

// values are what one measurement of one system gave, by metric.
type values map[string]float64

func everyone(*system) bool         { return true }
func proxies(s *system) bool        { return s.name != direct }
func nodes(s *system) bool          { return s.control != nil }
func allInOnes(s *system) bool      { return s.command == commandAllInOne }
func withDirect(s *system) bool     { return s.control != nil || s.name == direct }
func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
func kib(bytes int64) float64       { return float64(bytes) / (1 << 10) }
func mib(bytes int64) float64       { return float64(bytes) / (1 << 20) }

// scenarios are all there are, in the order in which they run. Each list has a file of its own.
var scenarios = slices.Concat(
	callScenarios,
	startScenarios,
	translatedScenarios,
	ingestScenarios,
	fleetScenarios,
)

func scenarioNames() (names []string) {
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

func chooseScenarios(names []string) ([]scenario, error) {
	if len(names) == 0 {
		return scenarios, nil
	}
	var chosen []scenario
	for _, name := range names {
		i := slices.Index(scenarioNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("there is no scenario %q", name)
		}
		chosen = append(chosen, scenarios[i])
	}
	return chosen, nil
}

// perRequest measures the process while load runs, and until it has recorded the calls.
func perRequest(ctx context.Context, s *system, load func() result) (values, result, error) {
	pids := s.pids()
	if err := forgetPeak(pids); err != nil {
		return nil, result{}, err
	}
	before, err := cpuTime(pids)
	if err != nil {
		return nil, result{}, err
	}
	r := load()
	if _, err := s.awaitRecords(ctx, s.asked+r.requests); err != nil {
		return nil, r, err
	}
	after, err := cpuTime(pids)
	if err != nil {
		return nil, r, err
	}
	peak, err := memory(pids, "VmHWM")
	if err != nil {
		return nil, r, err
	}
	resident, err := memory(pids, "VmRSS")
	if err != nil {
		return nil, r, err
	}
	v := values{"p50": micro(quantile(r.latencies, 0.50)), "p99": micro(quantile(r.latencies, 0.99))}
	if len(pids) > 0 {
		v["CPU/request"] = micro(after-before) / float64(max(r.requests, 1))
		v["CPU/chunk"] = micro(after-before) / float64(max(r.chunks, 1))
		v["peak"], v["resident"] = mib(peak), mib(resident)
	}
	return v, r, nil
}

// quantile sorts what it is given.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}
