package uplink

import (
	"context"
	"slices"
	"sync"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Bounds of one batch.
const (
	batchCalls = 500
	batchBytes = 1 << 20
)

// backlog keeps calls in order until they are acknowledged. It is bounded: when it is
// full, what comes is turned away, so that what was taken is never lost and a batch may
// be sent again as it was. A spool on disk may take its place.
type backlog struct {
	maxCalls int
	maxBytes int64
	wake     chan struct{} // a batch may be worth sending

	mu    sync.Mutex // guards the fields below
	calls []kept
	bytes int64
	added uint64 // calls ever added
	done  uint64 // of those, the ones settled
	marks []mark // in order
}

type kept struct {
	call *nodev1.Call
	size int64
}

// mark is closed when as many calls are settled as had been added before it.
type mark struct {
	after  uint64
	closed chan struct{}
}

func newBacklog(maxCalls int, maxBytes int64) *backlog {
	return &backlog{maxCalls: maxCalls, maxBytes: maxBytes, wake: make(chan struct{}, 1)}
}

// add takes a call; false when there is no room.
func (b *backlog) add(c *nodev1.Call, size int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.calls) >= b.maxCalls || b.bytes+size > b.maxBytes {
		return false
	}
	b.calls = append(b.calls, kept{c, size})
	b.bytes += size
	b.added++
	if len(b.calls) == 1 || b.fullBatch() {
		nudge(b.wake)
	}
	return true
}

// mark closes m when every call added so far is settled.
func (b *backlog) mark(m chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done == b.added {
		close(m)
		return
	}
	b.marks = append(b.marks, mark{after: b.added, closed: m})
	nudge(b.wake)
}

// settle forgets the n oldest calls: they are acknowledged, or given up.
func (b *backlog) settle(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.calls[:n] {
		b.bytes -= k.size
	}
	b.calls = slices.Delete(b.calls, 0, n)
	b.done += uint64(n)
	for len(b.marks) > 0 && b.marks[0].after <= b.done {
		close(b.marks[0].closed)
		b.marks = b.marks[1:]
	}
}

// batch returns the oldest calls, at most limit, without removing them. It waits until
// there are enough for a whole batch, or some and delay has passed, or a mark is waiting;
// nil when ctx ended.
func (b *backlog) batch(ctx context.Context, limit int, delay time.Duration) []*nodev1.Call {
	var late <-chan time.Time
	overdue := false
	for {
		b.mu.Lock()
		waiting := len(b.calls) > 0
		if waiting && (overdue || len(b.marks) > 0 || b.fullBatch()) {
			calls := b.head(limit)
			b.mu.Unlock()
			return calls
		}
		b.mu.Unlock()
		if waiting && late == nil {
			t := time.NewTimer(delay)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
		case <-late:
			overdue = true
		}
	}
}

// fullBatch and head need mu.
func (b *backlog) fullBatch() bool {
	return len(b.calls) >= batchCalls || b.bytes >= batchBytes
}

func (b *backlog) head(limit int) []*nodev1.Call {
	var calls []*nodev1.Call
	size := int64(0)
	for _, k := range b.calls[:min(len(b.calls), limit)] {
		if size += k.size; size > batchBytes && len(calls) > 0 {
			break
		}
		calls = append(calls, k.call)
	}
	return calls
}

func (b *backlog) length() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls)
}
