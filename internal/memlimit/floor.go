package memlimit

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Floor is how far the heap of a process that serves calls grows, in bytes, before garbage is collected. A
// gateway keeps little and drops much: by itself the runtime collects whenever the heap has doubled, which
// is many times a second where it holds a few megabytes.
const Floor = 32 << 20

// KeepFloor lets the heap grow to floor bytes before it is collected. A heap that needs more than half of
// that is collected as ever, so it costs memory only where little is used. A GOGC that was set is never
// changed, and a soft limit of memory holds.
func KeepFloor(floor uint64) { keepFloor(floor, debug.SetGCPercent) }

// keepFloor is KeepFloor with what it sets GOGC with; nil: it does nothing.
func keepFloor(floor uint64, set func(percent int) int) *floorKeeper {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	f := &floorKeeper{floor: floor, set: set, percent: defaultPercent}
	f.follow()
	return f
}

// defaultPercent is the runtime's own GOGC.
const defaultPercent = 100

// floorKeeper adapts GOGC to what is in use.
type floorKeeper struct {
	floor   uint64
	set     func(percent int) int
	percent int // as it is set
}

// follow adapts GOGC now, and after each collection.
func (f *floorKeeper) follow() {
	f.adapt(inUse())
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

// adapt sets GOGC so that the heap grows to the floor, or to twice what is in use if that is more. To set it
// stops the process for a moment, so small changes are left.
func (f *floorKeeper) adapt(used uint64) {
	percent := defaultPercent
	if used > 0 && used < f.floor/2 {
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
