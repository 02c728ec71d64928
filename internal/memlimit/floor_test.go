package memlimit

import (
	"testing"
	"time"
)

func TestTheHeapGrowsToTheFloor(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	var calls int
	h := &Heap{floor: 32 * mb, set: func(int) int { calls++; return 0 }, percent: defaultPercent}
	for _, step := range []struct {
		used  uint64
		rests bool
		want  int
		calls int // in all
	}{
		{0, false, defaultPercent, 0},  // nothing was collected yet
		{9 * mb, false, 255, 1},        // 9 + 23
		{9*mb + mb/4, false, 255, 1},   // a little more is left as it is
		{4 * mb, false, maxPercent, 2}, // and not 700
		{1, false, maxPercent, 2},
		{15 * mb, false, 113, 3},
		{16 * mb, false, defaultPercent, 4}, // from here on it is as ever, exactly
		{500 * mb, false, defaultPercent, 4},
		{10 * mb, false, 220, 5},
		{10 * mb, true, defaultPercent, 6},
		{10 * mb, true, defaultPercent, 6},
		{10 * mb, false, 220, 7},
	} {
		h.adapt(step.used, step.rests)
		if h.percent != step.want || calls != step.calls {
			t.Errorf("%d bytes in use: GOGC %d, set %d times; want %d and %d", step.used, h.percent, calls, step.want, step.calls)
		}
	}
}

func TestWhoIsAtRest(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	h := &Heap{started: start, last: start}
	for _, step := range []struct {
		after time.Duration
		rests bool
	}{
		{0, true}, {settling - 2, true}, {settling - 1, true}, // a start collects a few times
		{settling, false},
		{settling + resting, true}, // the last one is long ago
		{settling + 2*resting - 1, false},
		{settling + 2*resting, false},
		{settling + time.Hour, true},
	} {
		at := start.Add(step.after)
		if got := h.rests(at); got != step.rests {
			t.Errorf("after %s: at rest %v, want %v", step.after, got, step.rests)
		}
	}
}

// What the operator has set is kept.
func TestGOGCIsKept(t *testing.T) {
	t.Setenv("GOGC", "50")
	h := keepFloor(&Heap{floor: floor, set: func(int) int { t.Error("it was set"); return 0 }})
	if h != nil {
		t.Error("the floor is kept in spite of GOGC")
	}
	h.Grow(1 << 20)() // which changes nothing
}

// A heap may grow more for as long as somebody needs that, and then until it is collected.
func TestTheHeapGrowsForAWhile(t *testing.T) {
	t.Parallel()
	used := inUse()
	h := &Heap{floor: used, percent: defaultPercent, set: func(int) int { return 0 }}
	expect := func(when string, want int) {
		t.Helper()
		if off := h.percent - want; off > want/5 || off < -want/5 { // other tests collect, too
			t.Errorf("%s: GOGC %d, want about %d", when, h.percent, want)
		}
	}
	first := h.Grow(10 * used)
	expect("by ten times", 1100)
	second := h.Grow(20 * used)
	expect("by thirty times", 3100)
	h.collected(used, time.Now())
	expect("collected meanwhile", 3100)
	first()
	expect("when one is done", 3100)
	h.collected(used, time.Now())
	expect("and collected", 2100)
	third := h.Grow(1 << 50)
	expect("by more than there is", defaultPercent+maxMore)
	second()
	third()
	h.collected(used, time.Now())
	expect("when all are done", defaultPercent)
}
