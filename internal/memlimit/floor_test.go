package memlimit

import (
	"testing"
	"time"
)

func TestTheHeapGrowsToTheFloor(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	var calls int
	f := &floorKeeper{floor: 32 * mb, set: func(int) int { calls++; return 0 }, percent: defaultPercent}
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
		f.adapt(step.used, step.rests)
		if f.percent != step.want || calls != step.calls {
			t.Errorf("%d bytes in use: GOGC %d, set %d times; want %d and %d", step.used, f.percent, calls, step.want, step.calls)
		}
	}
}

func TestAFloorWhileBusy(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	always, busy := &floorKeeper{started: start, last: start}, &floorKeeper{started: start, last: start, whileBusy: true}
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
		if got := busy.rests(at); got != step.rests {
			t.Errorf("after %s: at rest %v, want %v", step.after, got, step.rests)
		}
		if always.rests(at) {
			t.Errorf("after %s: a keeper that always keeps its floor does not", step.after)
		}
	}
}

// What the operator has set is kept.
func TestGOGCIsKept(t *testing.T) {
	t.Setenv("GOGC", "50")
	f := &floorKeeper{floor: Floor, set: func(int) int { t.Error("it was set"); return 0 }}
	if keepFloor(f) {
		t.Error("the floor is kept in spite of GOGC")
	}
}
