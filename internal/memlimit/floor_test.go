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
		since time.Duration
		want  int
		calls int // in all
	}{
		{9 * mb, 0, defaultPercent, 0}, // a start, perhaps
		{9 * mb, 0, defaultPercent, 0},
		{0, 0, defaultPercent, 0},        // nothing was collected yet
		{9 * mb, 0, 255, 1},              // 9 + 23
		{9*mb + mb/4, often / 2, 255, 1}, // a little more is left as it is
		{4 * mb, 0, maxPercent, 2},       // and not 700
		{1, 0, maxPercent, 2},
		{15 * mb, 0, 113, 3},
		{16 * mb, 0, defaultPercent, 4}, // from here on it is as ever, exactly
		{500 * mb, 0, defaultPercent, 4},
		{10 * mb, often - 1, 220, 5},
		{10 * mb, often, defaultPercent, 6}, // it is at rest
		{10 * mb, time.Hour, defaultPercent, 6},
		{10 * mb, 0, defaultPercent, 6},
		{10 * mb, 0, defaultPercent, 6},
		{10 * mb, 0, defaultPercent, 6},
		{10 * mb, 0, 220, 7},
	} {
		f.adapt(step.used, step.since)
		if f.percent != step.want || calls != step.calls {
			t.Errorf("%d bytes in use: GOGC %d, set %d times; want %d and %d", step.used, f.percent, calls, step.want, step.calls)
		}
	}
}

// What the operator has set is kept.
func TestGOGCIsKept(t *testing.T) {
	t.Setenv("GOGC", "50")
	if f := keepFloor(Floor, func(int) int { t.Error("it was set"); return 0 }); f != nil {
		t.Error("the floor is kept in spite of GOGC")
	}
}
