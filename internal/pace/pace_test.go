package pace

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rested := func(step func()) time.Duration {
			began := time.Now()
			step()
			return time.Since(began)
		}
		p := New()
		if got := rested(p.Step); got != 0 {
			t.Errorf("a step at the beginning rests for %v", got)
		}
		for range 2 {
			time.Sleep(atOnce - time.Nanosecond) // it works
			if got := rested(p.Step); got != 0 {
				t.Errorf("it rests for %v too early", got)
			}
			time.Sleep(time.Nanosecond)
			if got := rested(p.Step); got != rest {
				t.Errorf("it rests for %v, want %v", got, rest)
			}
		}
		time.Sleep(atOnce)
		for n := range every - 1 {
			if got := rested(func() { p.Count(n) }); got != 0 {
				t.Errorf("small step %d rests for %v", n, got)
			}
		}
		if got := rested(func() { p.Count(every - 1) }); got != rest {
			t.Errorf("the last of many small steps rests for %v, want %v", got, rest)
		}

		var hurry *Pace
		time.Sleep(time.Hour)
		if got := rested(hurry.Step) + rested(func() { hurry.Count(every - 1) }); got != 0 {
			t.Errorf("who has no pace rests for %v", got)
		}
	})
}
