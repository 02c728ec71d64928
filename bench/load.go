package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// result is what one measurement of load saw.
type result struct {
	requests  int
	chunks    int
	wall      time.Duration
	latencies []time.Duration
	errors    int
	err       error // the first one
}

func (r *result) add(other result) {
	r.requests += other.requests
	r.chunks += other.chunks
	r.latencies = append(r.latencies, other.latencies...)
	r.errors += other.errors
	if r.err == nil {
		r.err = other.err
	}
}

// count notes one answer.
func (r *result) count(chunks int, took time.Duration, err error) {
	r.requests++
	r.chunks += chunks
	r.latencies = append(r.latencies, took)
	if err != nil {
		r.errors++
		if r.err == nil {
			r.err = err
		}
	}
}

// closedLoop keeps so many connections busy until time is up: each sends its next request
// when it has its answer.
func closedLoop(ctx context.Context, address string, r request, parallel int, d time.Duration) result {
	began := time.Now()
	return loop(ctx, address, r, parallel, func() bool { return time.Since(began) < d })
}

// requests sends a number of requests in the same way.
func requests(ctx context.Context, address string, r request, parallel, n int) result {
	left := atomic.Int64{}
	left.Store(int64(n))
	return loop(ctx, address, r, parallel, func() bool { return left.Add(-1) >= 0 })
}

func loop(ctx context.Context, address string, r request, parallel int, more func() bool) result {
	var mu sync.Mutex
	var total result
	began := time.Now()
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			c := newClient(address)
			defer c.close()
			var mine result
			for ctx.Err() == nil && mine.errors < maxErrors && more() {
				start := time.Now()
				chunks, err := c.do(r)
				mine.count(chunks, time.Since(start), err)
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(mine)
		})
	}
	wg.Wait()
	total.wall = time.Since(began)
	return total
}

// maxErrors is when a connection gives up: what fails always needs no more proof.
const maxErrors = 20

// openLoop starts requests at a fixed rate, whether or not earlier ones have been
// answered. Latency counts from the moment at which a request was due, so a system that
// stalls is charged for everything that had to wait.
func openLoop(ctx context.Context, address string, r request, perSecond int, d time.Duration) result {
	const workers = 64
	due := make(chan time.Time, perSecond) // a second of backlog
	var mu sync.Mutex
	var total result
	var failed atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			c := newClient(address)
			defer c.close()
			var mine result
			for at := range due {
				chunks, err := c.do(r)
				mine.count(chunks, time.Since(at), err)
				if err != nil {
					failed.Add(1)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(mine)
		})
	}
	began := time.Now()
	schedule(perSecond, d, func(at time.Time) bool {
		due <- at
		return ctx.Err() == nil && failed.Load() < maxErrors
	})
	close(due)
	wg.Wait()
	total.wall = time.Since(began)
	return total
}

// schedule calls tick at a fixed rate. It sleeps in the kernel: Go's timers come up to a
// millisecond late, which is more than what is measured.
func schedule(perSecond int, d time.Duration, tick func(at time.Time) bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	for i := range int(d.Seconds() * float64(perSecond)) {
		at := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if wait := time.Until(at); wait > 0 {
			left := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&left, nil) // woken early, it starts a request early
		}
		if !tick(at) {
			return
		}
	}
}

// held opens streams, calls open when each of them has sent something, and reads all of
// them to their end.
func held(ctx context.Context, address string, r request, streams int, open func()) result {
	var mu sync.Mutex
	var total result
	var wg sync.WaitGroup
	var begun sync.WaitGroup
	begun.Add(streams)
	began := time.Now()
	for range streams {
		wg.Go(func() {
			c := newClient(address)
			defer c.close()
			signal := sync.OnceFunc(begun.Done)
			defer signal()
			c.first = signal
			start := time.Now()
			chunks, err := c.do(r)
			mu.Lock()
			defer mu.Unlock()
			total.count(chunks, time.Since(start), err)
		})
	}
	begun.Wait()
	if ctx.Err() == nil {
		open()
	}
	wg.Wait()
	total.wall = time.Since(began)
	return total
}
