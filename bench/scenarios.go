package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// scenario is one kind of traffic and what is measured of it.
type scenario struct {
	name, about string
	metrics     []metric
	runs        func(*system) bool // which systems it measures
	fresh       bool               // every measurement starts the system anew
	rounds      int                // 0: as the options say
	measure     func(ctx context.Context, b *bench, s *system) (values, result, error)
	// more starts systems for this scenario only; nil: none.
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
func proxies(s *system) bool        { return s.process != nil }
func trunklines(s *system) bool     { return s.control != nil }
func withDirect(s *system) bool     { return s.control != nil || s.name == direct }
func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
func kib(bytes int64) float64       { return float64(bytes) / (1 << 10) }
func mib(bytes int64) float64       { return float64(bytes) / (1 << 20) }

var (
	cpuPerRequest = metric{Name: "CPU/request", Unit: "µs"}
	cpuPerChunk   = metric{Name: "CPU/chunk", Unit: "µs"}
	p50           = metric{Name: "p50", Unit: "µs"}
	p99           = metric{Name: "p99", Unit: "µs"}
	addedP50      = metric{Name: "added p50", Unit: "µs", over: "p50"}
	addedP99      = metric{Name: "added p99", Unit: "µs", over: "p99"}
	// What the proxy adds to a call that fails over: the same two exchanges, sent directly,
	// are taken off.
	addedFailover = metric{Name: "added p50", Unit: "µs", over: "failover p50"}
	// What the failed attempt adds to a call: its exchange with the upstream included.
	overPlain = metric{Name: "more than plain", Unit: "µs"}
)

// scenarios are those of the targets P1 to P9.
var scenarios = []scenario{
	{
		name: "plain", about: "P1: 1 KB JSON, 64 in parallel, closed loop", runs: proxies,
		metrics: []metric{cpuPerRequest, p50, p99, {Name: "resident", Unit: "MB"}},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return closedLoop(ctx, s.address, newRequest(modelPlain, false, 1<<10), 64, b.options.time)
			})
		},
	},
	{
		name: "serial", about: "P2: one request at a time", runs: everyone,
		metrics: []metric{addedP50, addedP99, p50, p99},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return closedLoop(ctx, s.address, newRequest(modelPlain, false, 1<<10), 1, b.options.time)
			})
		},
	},
	{
		name: "rate", about: "P2: 500 requests a second, open loop, latency from the moment each was due", runs: everyone,
		metrics: []metric{addedP50, addedP99, p50, p99, cpuPerRequest},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return openLoop(ctx, s.address, newRequest(modelPlain, false, 1<<10), 500, b.options.time)
			})
		},
	},
	{
		name: "streams", about: "P3: 50 streams, chunks 20 ms apart", runs: proxies, metrics: []metric{cpuPerChunk},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return closedLoop(ctx, s.address, newRequest(modelSteady, true, 1<<10), 50, b.options.time)
			})
		},
	},
	{
		name: "burst", about: "P3: 50 streams without gaps", runs: proxies, metrics: []metric{cpuPerChunk},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return closedLoop(ctx, s.address, newRequest(modelBurst, true, 1<<10), 50, b.options.time)
			})
		},
	},
	{
		name: "prompts", about: "P4: prompts of 1 MB, 4 in parallel", runs: proxies,
		metrics: []metric{cpuPerRequest, {Name: "peak", Unit: "MB"}},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return closedLoop(ctx, s.address, newRequest(modelPlain, false, 1<<20), 4, b.options.time)
			})
		},
	},
	{
		name: "held", about: "P5: memory of streams that are open and quiet, each time in a fresh process (sockets in the kernel not counted)",
		runs: proxies, fresh: true,
		metrics: []metric{{Name: "memory/stream", Unit: "KB"}, {Name: "before", Unit: "MB"}, {Name: "during", Unit: "MB"}},
		measure: holdStreams,
	},
	{
		name: "soak", about: "P5: memory of a fresh process, and after many requests, 64 in parallel", runs: proxies, fresh: true, rounds: 1,
		metrics: []metric{{Name: "idle", Unit: "MB"}, {Name: "after", Unit: "MB"}, {Name: "peak", Unit: "MB"}, cpuPerRequest},
		measure: soak,
	},
	{
		name: "failover", about: "P6: the first provider answers 500 at once, against a plain call and against both exchanges sent directly, in turn",
		runs: withDirect, metrics: []metric{addedFailover, overPlain, {Name: "failover p50", Unit: "µs"}, {Name: "plain p50", Unit: "µs"}},
		measure: failOver,
	},
	{
		name: "growth", about: "P8: 10,000 keys, 1,000 providers and 200 groups, against a handful", runs: trunklines,
		metrics: []metric{cpuPerRequest},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(s, func() result {
				return closedLoop(ctx, s.address, newRequest(modelPlain, false, 1<<10), 64, b.options.time)
			})
		},
		more: func(ctx context.Context, b *bench) ([]*system, error) {
			var all []*system
			for _, s := range b.systems {
				if s.control == nil {
					continue
				}
				large, err := b.node(ctx, s.name+"-large", s.binary, snapshot(1, b.upstream, size{providers: 1000, groups: 200, keys: b.options.keys / 10}))
				if err != nil {
					return all, err
				}
				all = append(all, large)
			}
			return all, nil
		},
	},
	{
		name: "swap", about: "P9: a snapshot with 100,000 keys comes in at 500 requests a second, against as long before and after without one", runs: trunklines,
		metrics: []metric{
			{Name: "send to in use", Unit: "ms"}, {Name: "p99 without", Unit: "µs"}, {Name: "p99 meanwhile", Unit: "µs"}, {Name: "p99 ratio", Unit: "x"},
			{Name: "p50 without", Unit: "µs"}, {Name: "p50 meanwhile", Unit: "µs"},
		},
		measure: swapSnapshots,
	},
}

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

// perRequest measures the process while load runs.
func perRequest(s *system, load func() result) (values, result, error) {
	pids := s.pids()
	if err := forgetPeak(pids); err != nil {
		return nil, result{}, err
	}
	before, err := cpuTime(pids)
	if err != nil {
		return nil, result{}, err
	}
	r := load()
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
