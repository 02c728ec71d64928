package memlimit

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// floor is how far the heap of a busy gateway grows, in bytes, before garbage is collected. A gateway keeps little and
// drops much: by itself the runtime collects whenever the heap has doubled, which is many times a second where it holds a
// few megabytes.
const floor = 48 << 20

// A process is at rest for so long after its start, and when so much time has passed between two collections.
const (
	settling = 3 * time.Second
	resting  = 2 * time.Second
)

// KeepFloor lets the heap of a gateway grow further than the runtime would before it is collected, while the gateway is
// busy. A heap that needs more than half of that is collected as ever, so it costs memory only where little is used. A
// GOGC that was set is never changed, and a soft limit of memory holds.
func KeepFloor() *Heap { return keepFloor(&Heap{floor: floor, set: debug.SetGCPercent}) }

// keepFloor starts to look after a heap; nil: it may not.
func keepFloor(h *Heap) *Heap {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	h.percent = defaultPercent
	h.started = time.Now()
	h.last = h.started
	h.follow()
	return h
}

// defaultPercent is the runtime's own GOGC.
const defaultPercent = 100

// Heap adapts GOGC to what is in use. It is safe for concurrent use; a nil one leaves GOGC alone.
type Heap struct {
	floor   uint64
	set     func(percent int) int
	started time.Time // when it was looked after first

	mu      sync.Mutex
	percent int       // as it is set; guarded by mu
	last    time.Time // when garbage was collected last; guarded by mu
	more    uint64    // that the heap may grow by, in bytes; guarded by mu
	over    uint64    // of more, what the next collection ends; guarded by mu
}

// Grow lets the heap grow by so many bytes more, up to the first collection after done: for work that makes much at once
// and drops little of it. Several collections would look through all of it, and while they run those who serve requests
// have to help.
func (h *Heap) Grow(bytes uint64) (done func()) {
	if h == nil {
		return func() {}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.more += bytes
	h.adapt(inUse(), false)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.over += bytes
	}
}

// follow adapts GOGC now, and after each collection.
func (h *Heap) follow() {
	h.collected(inUse(), time.Now())
	type mark struct{ _ *mark } // a pointer: what has none may share its memory with others
	runtime.AddCleanup(new(mark), func(h *Heap) { h.follow() }, h)
}

// collected adapts GOGC to a collection.
func (h *Heap) collected(used uint64, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.more, h.over = h.more-h.over, 0
	h.adapt(used, h.rests(now))
}

// rests reports whether the process, which collected garbage now, gets no floor because it is at rest. The caller holds mu.
func (h *Heap) rests(now time.Time) bool {
	quiet := now.Sub(h.started) < settling || now.Sub(h.last) >= resting
	h.last = now
	return quiet
}

// inUse is what the last collection found to be in use: what the runtime lets grow by GOGC.
func inUse() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	sum := uint64(0)
	for _, s := range samples {
		sum += s.Value.Uint64()
	}
	return sum
}

// adapt sets GOGC so that the heap grows to the floor, or to twice what is in use if that is more, or if the process is
// at rest, and by what Grow says beyond that. To set it stops the process for a moment, so small changes are left. The caller
// holds mu.
func (h *Heap) adapt(used uint64, rests bool) {
	percent := defaultPercent
	if used > 0 && used < h.floor/2 && !rests {
		percent = int(min((h.floor-used)*100/used, maxPercent))
	}
	if used > 0 {
		percent += int(min(h.more*100/used, maxMore))
	}
	if off := percent - h.percent; off*off*64 > h.percent*h.percent || percent == defaultPercent && off != 0 {
		h.set(percent)
		h.percent = percent
	}
}

// maxPercent bounds how far a heap grows that has become larger all of a sudden, until GOGC is adapted to
// that: the runtime may take its time to tell of a collection. maxMore bounds what Grow adds.
const (
	maxPercent = 600
	maxMore    = 10_000
)
