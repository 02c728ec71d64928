package shipping

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Bounds of one batch.
const (
	batchCalls = 500
	batchBytes = 1 << 20
)

// backlog keeps calls until they are acknowledged: on disk where there is one, in memory
// where there is none or the disk fails. Sums of calls without records go first, then what
// is in memory, for it is the first to be lost. Memory is bounded: when it is full, what
// comes is turned away, so that what was taken is never lost and a batch may be sent again
// as it was.
type backlog struct {
	maxCalls int
	maxBytes int64
	disk     *disk // nil: memory only
	totals   *overflow.Totals
	wake     chan struct{} // a batch may be worth sending
	last     source        // where the last parcel came from; of the shipping goroutine alone

	mu    sync.Mutex // guards the fields below
	calls []kept
	bytes int64
	sent  int    // of the oldest calls, those that were sent and not settled: they may be stored
	added uint64 // calls ever added
	done  uint64 // of those, the ones settled
	marks []mark // in order
}

// source is where a parcel comes from.
type source uint8

const (
	fromMemory source = iota
	fromDisk
	fromTotals
)

// parcel is what one request ships: calls, or totals, or gaps.
type parcel struct {
	calls  []*nodev1.Call
	raw    [][]byte // calls that are encoded
	totals []*nodev1.Total
	gaps   []*nodev1.Gap
}

func (p parcel) size() int { return p.callCount() + len(p.totals) + len(p.gaps) }

func (p parcel) callCount() int { return len(p.calls) + len(p.raw) }

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

func newBacklog(maxCalls int, maxBytes int64, disk *disk, totals *overflow.Totals) *backlog {
	return &backlog{maxCalls: maxCalls, maxBytes: maxBytes, disk: disk, totals: totals, wake: make(chan struct{}, 1)}
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
		stream.Nudge(b.wake)
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
	stream.Nudge(b.wake)
}

// closeMarks needs mu.
func (b *backlog) closeMarks() {
	for len(b.marks) > 0 && b.marks[0].after <= b.done && b.marks[0].written <= b.disk.acknowledged() && b.totals.Waiting() == 0 {
		close(b.marks[0].closed)
		b.marks = b.marks[1:]
	}
}

// settle forgets the n oldest of the last parcel: they are acknowledged, or given up.
func (b *backlog) settle(n int) {
	switch b.last {
	case fromDisk:
		b.disk.settle(n)
	case fromTotals:
		b.totals.Settle(n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == fromMemory {
		for _, k := range b.calls[:n] {
			b.bytes -= k.size
		}
		b.calls = slices.Delete(b.calls, 0, n)
		b.sent = max(b.sent-n, 0)
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

// next returns what to ship, at most limit of it, without removing it: sums that are due,
// or the oldest calls. It waits until there are enough for a whole batch, or some and delay
// has passed, or a mark is waiting; nothing when ctx ended, or with an error when the disk
// cannot be read. Without sums it leaves them where they are. decode is asked once calls were read from
// disk, see there.
func (b *backlog) next(ctx context.Context, limit int, delay time.Duration, sums bool, decode func() bool) (parcel, error) {
	late := time.NewTimer(delay)
	late.Stop()
	defer late.Stop()
	armed, overdue := false, false
	for {
		b.mu.Lock()
		marked := len(b.marks) > 0
		b.mu.Unlock()
		if sums {
			if totals, gaps := b.totals.Next(limit, marked); len(totals)+len(gaps) > 0 {
				b.last = fromTotals
				return parcel{totals: totals, gaps: gaps}, nil
			}
		}
		b.mu.Lock()
		waiting := len(b.calls) > 0 || b.disk.waiting() > 0
		if waiting && (overdue || len(b.marks) > 0 || b.fullBatch()) {
			calls := b.head(limit)
			b.sent = max(b.sent, len(calls))
			b.mu.Unlock()
			if len(calls) > 0 {
				b.last = fromMemory
				return parcel{calls: calls}, nil
			}
			b.last = fromDisk
			out, err := b.disk.head(limit, decode)
			if out.size() > 0 || err != nil {
				return out, err
			}
			// What waits is damaged, or the file behind it is being dropped. The spool knows
			// for sure when the one is complete and the other gone.
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
			return parcel{}, nil
		case <-b.wake:
		case <-late.C:
			overdue = true
		}
	}
}

// sumUpRest adds what is in memory to the sums, for the process ends. Calls that were sent
// without an answer may be stored and are left out; it returns how many they are.
func (b *backlog) sumUpRest() (unsure int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.calls[b.sent:] {
		b.totals.Call(overflow.MemoryFull, k.call)
	}
	b.calls = b.calls[:b.sent]
	return b.sent
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

// inMemory is how many calls are on no disk.
func (b *backlog) inMemory() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls)
}

func (b *backlog) length() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls) + int(b.disk.waiting())
}
