package stream

import (
	"testing"
	"time"
)

func TestRetrySpreadsWaitsUnderAGrowingBound(t *testing.T) {
	t.Parallel()
	r := Retry{Min: time.Second, Max: 30 * time.Second}
	bounds := []time.Duration{1000, 1600, 2560, 4096, 6553, 10485, 16777, 26843, 30000, 30000}
	var low, high bool
	for range 200 {
		for i, bound := range bounds {
			bound *= time.Millisecond
			d := r.next()
			if d < 0 || d > bound+time.Millisecond {
				t.Fatalf("wait %d is %s, want at most %s", i+1, d, bound)
			}
			low = low || d < bound/4
			high = high || d > bound*3/4
		}
		r.Reset()
	}
	if !low || !high {
		t.Error("waits are not spread over the whole range")
	}
}
