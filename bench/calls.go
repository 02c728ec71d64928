package main

import (
	"context"
)

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

// callScenarios are what a call costs: the targets P1 to P9.
var callScenarios = []scenario{
	{
		name: "plain", about: "P1: 1 KB JSON, 64 in parallel, closed loop", runs: proxies,
		metrics: []metric{cpuPerRequest, p50, p99, {Name: "resident", Unit: "MB"}},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return closedLoop(ctx, s.address, s.door.chat(modelPlain, false, 1<<10), 64, b.options.time)
			})
		},
	},
	{
		name: "serial", about: "P2: one request at a time", runs: everyone,
		metrics: []metric{addedP50, addedP99, p50, p99},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return closedLoop(ctx, s.address, s.door.chat(modelPlain, false, 1<<10), 1, b.options.time)
			})
		},
	},
	{
		name: "rate", about: "P2: 500 requests a second, open loop, latency from the moment each was due", runs: everyone,
		metrics: []metric{addedP50, addedP99, p50, p99, cpuPerRequest},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return openLoop(ctx, s.address, s.door.chat(modelPlain, false, 1<<10), 500, b.options.time)
			})
		},
	},
	{
		name: "streams", about: "P3: 50 streams, chunks 20 ms apart", runs: proxies, metrics: []metric{cpuPerChunk},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return closedLoop(ctx, s.address, s.door.chat(modelSteady, true, 1<<10), 50, b.options.time)
			})
		},
	},
	{
		name: "burst", about: "P3: 50 streams without gaps", runs: proxies, metrics: []metric{cpuPerChunk},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return closedLoop(ctx, s.address, s.door.chat(modelBurst, true, 1<<10), 50, b.options.time)
			})
		},
	},
	{
		name: "prompts", about: "P4: prompts of 1 MB, 4 in parallel", runs: proxies,
		metrics: []metric{cpuPerRequest, {Name: "peak", Unit: "MB"}},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return closedLoop(ctx, s.address, s.door.chat(modelPlain, false, 1<<20), 4, b.options.time)
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
		name: "growth", about: "P8: 10,000 keys, 1,000 providers and 200 groups, against a handful", runs: nodes,
		metrics: []metric{cpuPerRequest},
		measure: func(ctx context.Context, b *bench, s *system) (values, result, error) {
			return perRequest(ctx, s, func() result {
				return closedLoop(ctx, s.address, s.door.chat(modelPlain, false, 1<<10), 64, b.options.time)
			})
		},
		more: func(ctx context.Context, b *bench) ([]*system, error) {
			var all []*system
			for _, s := range b.systems {
				if s.control == nil {
					continue
				}
				large, err := b.node(ctx, s.name+"-large", s.program, snapshot(1, b.upstream, size{providers: 1000, groups: 200, keys: b.options.keys / 10}))
				if err != nil {
					return all, err
				}
				all = append(all, large)
			}
			return all, nil
		},
	},
	{
		name: "swap", about: "P9: a snapshot with 100,000 keys comes in at 500 requests a second, against as long before and after without one", runs: nodes,
		metrics: []metric{
			{Name: "send to in use", Unit: "ms"}, {Name: "p99 without", Unit: "µs"}, {Name: "p99 meanwhile", Unit: "µs"}, {Name: "p99 ratio", Unit: "x"},
			{Name: "p50 without", Unit: "µs"}, {Name: "p50 meanwhile", Unit: "µs"},
		},
		measure: swapSnapshots,
	},
}
