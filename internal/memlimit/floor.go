package memlimit

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Floor is how far the heap of a busy node grows, in bytes, before garbage is collected, and FloorAllInOne
// that of an all-in-one, which keeps more. A gateway keeps little and drops much: by itself the runtime
// collects whenever the heap has doubled, which is many times a second where it holds a few megabytes.
const (
	Floor         = 32 << 20
	FloorAllInOne = 48 << 20
)

// A process is busy when so many collections came so soon one behind the other. At rest a floor would save
// nothing and cost memory.
const (
	busy  = 4
	often = 2 * time.Second
)

// KeepFloor lets the heap of a busy process grow to floor bytes before it is collected. A heap that needs more
// than half of that is collected as ever, so it costs memory only where little is used. A GOGC that was set is
// never changed, and a soft limit of memory holds.
func KeepFloor(floor uint64) { keepFloor(floor, debug.SetGCPercent) }

// keepFloor is KeepFloor with what it sets GOGC with; nil: it does nothing.
func keepFloor(floor uint64, set func(percent int) int) *floorKeeper {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	f := &floorKeeper{floor: floor, set: set, percent: defaultPercent}
	f.last = time.Now().Add(-often)
	f.follow()
	return f
}

// defaultPercent is the runtime's own GOGC.
const defaultPercent = 100

// floorKeeper adapts GOGC to what is in use.
type floorKeeper struct {
	floor   uint64
	set     func(percent int) int
	percent int       // as it is set
	last    time.Time // when garbage was collected last
	soon    int       // collections that came often, one behind the other
}

// follow adapts GOGC now, and after each collection.
func (f *floorKeeper) follow() {
	now := time.Now()
	f.adapt(inUse(), now.Sub(f.last))
	f.last = now
	type mark struct{ _ *mark } // a pointer: what has none may share its memory with others
	runtime.AddCleanup(new(mark), func(f *floorKeeper) { f.follow() }, f)
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

// adapt sets GOGC so that the heap grows to the floor, or to twice what is in use if that is more, or if the process
// is not busy: a start collects a few times. To set it stops the process for a moment, so small changes
// are left.
func (f *floorKeeper) adapt(used uint64, since time.Duration) {
	if f.soon++; since >= often {
		f.soon = 0
	}
	percent := defaultPercent
	if used > 0 && used < f.floor/2 && f.soon >= busy {
		percent = int(min((f.floor-used)*100/used, maxPercent))
	}
	if off := percent - f.percent; off*off*64 > f.percent*f.percent || percent == defaultPercent && off != 0 {
		f.set(percent)
		f.percent = percent
	}
}

// maxPercent bounds how far a heap grows that has become larger all of a sudden, until GOGC is adapted to
// that: the runtime may take its time to tell of a collection.
const maxPercent = 300
