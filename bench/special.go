package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"
)

// Scenarios that are more than one load on one system.

// warmUp is how many requests come before memory is looked at: what is made once has been
// made.
const warmUp = 500

// holdStreams compares the memory of a process at rest with that of the same process
// with many quiet streams. Sockets are the kernel's and not counted.
func holdStreams(ctx context.Context, b *bench, s *system) (values, result, error) {
	pids := s.pids()
	r := requests(ctx, s.address, s.door.chat(modelPlain, false, 1<<10), 8, warmUp)
	rest(ctx, b.options.settle)
	before, err := memory(pids, "RssAnon")
	if err != nil {
		return nil, r, err
	}
	var during int64
	streams := held(ctx, s.address, s.door.chat(modelHeld, true, 1<<10), b.options.open, func() {
		rest(ctx, b.options.settle)
		during, err = memory(pids, "RssAnon")
	})
	r.add(streams)
	if err != nil {
		return nil, r, err
	}
	return values{
		"memory/stream": kib(during-before) / float64(b.options.open), "before": mib(before), "during": mib(during),
	}, r, nil
}

// soak tells what a process occupies before and after many requests.
func soak(ctx context.Context, b *bench, s *system) (values, result, error) {
	rest(ctx, b.options.settle)
	idle, err := memory(s.pids(), "VmRSS")
	if err != nil {
		return nil, result{}, err
	}
	v, r, err := perRequest(ctx, s, func() result {
		return requests(ctx, s.address, s.door.chat(modelPlain, false, 1<<10), 64, b.options.requests)
	})
	if err != nil {
		return nil, r, err
	}
	rest(ctx, b.options.settle)
	after, err := memory(s.pids(), "VmRSS")
	if err != nil {
		return nil, r, err
	}
	v["idle"], v["after"] = mib(idle), mib(after)
	return v, r, nil
}

// failOver sends plain calls and calls that fail over in turn, so that both meet the same
// machine. Directly, a call that fails over is the failing exchange and then the good one.
func failOver(ctx context.Context, b *bench, s *system) (values, result, error) {
	plain, failing := s.door.chat(modelPlain, false, 1<<10), s.door.chat(modelFailed, false, 1<<10)
	c := newClient(s.address)
	defer c.close()
	var r result
	var alone, both []time.Duration
	for began := time.Now(); time.Since(began) < 2*b.options.time && ctx.Err() == nil && r.errors < maxErrors; {
		start := time.Now()
		chunks, err := c.do(plain)
		alone = append(alone, time.Since(start))
		r.count(chunks, alone[len(alone)-1], err)

		start = time.Now()
		if s.name == direct {
			err = c.refused(failing)
			if err == nil {
				chunks, err = c.do(plain)
			}
		} else {
			chunks, err = c.do(failing)
		}
		both = append(both, time.Since(start))
		r.count(chunks, both[len(both)-1], err)
	}
	p, f := micro(quantile(alone, 0.5)), micro(quantile(both, 0.5))
	return values{"plain p50": p, "failover p50": f, "more than plain": f - p}, r, nil
}

// swapSnapshots sends a large snapshot under load. The same load before and after it tells
// how the process does without.
func swapSnapshots(ctx context.Context, b *bench, s *system) (values, result, error) {
	request := s.door.chat(modelPlain, false, 1<<10)
	load := func() result { return openLoop(ctx, s.address, request, 500, b.options.time) }
	large, err := pack(snapshot(s.control.next(), b.upstream, size{keys: b.options.keys}))
	if err != nil {
		return nil, result{}, err
	}
	// The load shares this process with the sender, whose work and garbage are none of the node's.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	quiet := load()

	type applied struct {
		took time.Duration
		err  error
	}
	done := make(chan applied, 1)
	go func() {
		took, err := s.control.send(ctx, large)
		done <- applied{took, err}
	}()
	busy := load()
	swap := <-done
	if swap.err != nil {
		return nil, busy, swap.err
	}
	quiet.add(load())
	if err := s.control.apply(ctx, snapshot(s.control.next(), b.upstream, size{})); err != nil {
		return nil, busy, err
	}
	v := values{
		"send to in use": float64(swap.took.Microseconds()) / 1e3,
		"p99 without":    micro(quantile(quiet.latencies, 0.99)), "p99 meanwhile": micro(quantile(busy.latencies, 0.99)),
		"p50 without": micro(quantile(quiet.latencies, 0.50)), "p50 meanwhile": micro(quantile(busy.latencies, 0.50)),
	}
	v["p99 ratio"] = v["p99 meanwhile"] / v["p99 without"]
	quiet.add(busy)
	return v, quiet, nil
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
