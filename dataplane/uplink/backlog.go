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

// backlog keeps calls until they are acknowledged: on disk where there is one, in memory
// where there is none or the disk fails. What is in memory goes first, for it is the first
// to be lost. Memory is bounded: when it is full, what comes is turned away, so that what
// was taken is never lost and a batch may be sent again as it was.
type backlog struct {
	maxCalls int
	maxBytes int64
	disk     *disk         // nil: memory only
	wake     chan struct{} // a batch may be worth sending
	onDisk   bool          // where the last batch came from; of the shipping goroutine alone

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

// mark is closed when what had been added before it is settled.
type mark struct {
	after   uint64 // calls in memory
	written uint64 // number of the next record on disk
	closed  chan struct{}
}

func newBacklog(maxCalls int, maxBytes int64, disk *disk) *backlog {
	return &backlog{maxCalls: maxCalls, maxBytes: maxBytes, disk: disk, wake: make(chan struct{}, 1)}
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

// mark closes m when every call added so far is settled. Calls must be flushed to disk
// before.
func (b *backlog) mark(m chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marks = append(b.marks, mark{after: b.added, written: b.disk.written(), closed: m})
	b.closeMarks()
	nudge(b.wake)
}

// closeMarks needs mu.
func (b *backlog) closeMarks() {
	for len(b.marks) > 0 && b.marks[0].after <= b.done && b.marks[0].written <= b.disk.acknowledged() {
		close(b.marks[0].closed)
		b.marks = b.marks[1:]
	}
}

// settle forgets the n oldest calls of the last batch: they are acknowledged, or given up.
func (b *backlog) settle(n int) {
	if b.onDisk {
		b.disk.settle(n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.onDisk {
		for _, k := range b.calls[:n] {
			b.bytes -= k.size
		}
		b.calls = slices.Delete(b.calls, 0, n)
		b.done += uint64(n)
	}
	b.closeMarks()
}

// review closes marks whose calls were not settled but dropped.
func (b *backlog) review() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closeMarks()
}

// batch returns the oldest calls, at most limit, without removing them. It waits until
// there are enough for a whole batch, or some and delay has passed, or a mark is waiting;
// none when ctx ended, or with an error when the disk cannot be read.
func (b *backlog) batch(ctx context.Context, limit int, delay time.Duration) ([]*nodev1.Call, error) {
	late := time.NewTimer(delay)
	late.Stop()
	defer late.Stop()
	armed, overdue := false, false
	for {
		b.mu.Lock()
		waiting := len(b.calls) > 0 || b.disk.waiting() > 0
		if waiting && (overdue || len(b.marks) > 0 || b.fullBatch()) {
			calls := b.head(limit)
			b.mu.Unlock()
			if b.onDisk = len(calls) == 0; !b.onDisk {
				return calls, nil
			}
			calls, err := b.disk.head(limit)
			if len(calls) > 0 || err != nil {
				return calls, err
			}
			// What waits is damaged. The spool knows for sure when the file is complete.
			b.review()
			armed, overdue = false, false
		} else {
			b.mu.Unlock()
		}
		if waiting && !armed {
			armed = true
			late.Reset(delay)
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-b.wake:
		case <-late.C:
			overdue = true
		}
	}
}

// fullBatch and head need mu.
func (b *backlog) fullBatch() bool {
	return uint64(len(b.calls))+b.disk.waiting() >= batchCalls || b.bytes >= batchBytes
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
	return len(b.calls) + int(b.disk.waiting())
}
