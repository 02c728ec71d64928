package memlimit

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Floor is how far the heap of a node grows, in bytes, before garbage is collected, and FloorAllInOne that of a busy
// all-in-one, which keeps more. A gateway keeps little and drops much: by itself the runtime collects
// whenever the heap has doubled, which is many times a second where it holds a few megabytes.
const (
	Floor         = 32 << 20
	FloorAllInOne = 48 << 20
)

// A process is at rest for so long after its start, and when so much time has passed between two collections.
const (
	settling = 10 * time.Second
	resting  = 2 * time.Second
)

// KeepFloor lets the heap grow to floor bytes before it is collected. A heap that needs more than half of
// that is collected as ever, so it costs memory only where little is used. A GOGC that was set is never
// changed, and a soft limit of memory holds.
func KeepFloor(floor uint64) { keepFloor(&floorKeeper{floor: floor, set: debug.SetGCPercent}) }

// KeepFloorWhileBusy is KeepFloor for a process that must take no more memory at rest.
func KeepFloorWhileBusy(floor uint64) {
	keepFloor(&floorKeeper{floor: floor, set: debug.SetGCPercent, whileBusy: true})
}

// keepFloor starts a keeper, and reports whether it may.
func keepFloor(f *floorKeeper) bool {
	if os.Getenv("GOGC") != "" {
		return false
	}
	f.percent = defaultPercent
	f.started = time.Now()
	f.last = f.started
	f.follow()
	return true
}

// defaultPercent is the runtime's own GOGC.
const defaultPercent = 100

// floorKeeper adapts GOGC to what is in use.
type floorKeeper struct {
	floor     uint64
	set       func(percent int) int
	whileBusy bool
	percent   int       // as it is set
	started   time.Time // when the keeper was
	last      time.Time // when garbage was collected last
}

// follow adapts GOGC now, and after each collection.
func (f *floorKeeper) follow() {
	f.adapt(inUse(), f.rests(time.Now()))
	type mark struct{ _ *mark } // a pointer: what has none may share its memory with others
	runtime.AddCleanup(new(mark), func(f *floorKeeper) { f.follow() }, f)
}

// rests reports whether the process, which collected garbage now, gets no floor because it is at rest.
func (f *floorKeeper) rests(now time.Time) bool {
	quiet := now.Sub(f.started) < settling || now.Sub(f.last) >= resting
	f.last = now
	return f.whileBusy && quiet
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
// at rest. To set it stops the process for a moment, so small changes are left.
func (f *floorKeeper) adapt(used uint64, rests bool) {
	percent := defaultPercent
	if used > 0 && used < f.floor/2 && !rests {
		percent = int(min((f.floor-used)*100/used, maxPercent))
	}
	if off := percent - f.percent; off*off*64 > f.percent*f.percent || percent == defaultPercent && off != 0 {
		f.set(percent)
		f.percent = percent
	}
}

// maxPercent bounds how far a heap grows that has become larger all of a sudden, until GOGC is adapted to
// that: the runtime may take its time to tell of a collection.
const maxPercent = 600
