package limits

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// moment is a time since the limiter started, by the monotonic clock.
type moment time.Duration

func (m moment) second() int64 { return int64(time.Duration(m) / time.Second) }

// span is how long use counts.
const span = 60

// window counts use by the second. A second counts until all of it is 60 seconds old, so
// that no 60 seconds, wherever they begin, hold more than was let in by the sum.
type window struct {
	slots  [span + 1]int64 // of second s at s modulo the length
	newest int64           // second of the newest slot
	sum    int64
}

// advance forgets what is too old.
func (w *window) advance(now moment) {
	second := now.second()
	if second-w.newest > span {
		*w = window{newest: second}
		return
	}
	for w.newest < second {
		w.newest++
		slot := &w.slots[w.newest%int64(len(w.slots))]
		w.sum -= *slot
		*slot = 0
	}
}

// add counts n from now on, and gives the second in which it does.
func (w *window) add(now moment, n int64) (second int64) {
	w.advance(now)
	w.slots[w.newest%int64(len(w.slots))] += n
	w.sum += n
	return w.newest
}

// giveBack takes n back that was added in a second, unless it has gone by itself.
func (w *window) giveBack(second, n int64) {
	if second >= w.newest-span {
		w.slots[second%int64(len(w.slots))] -= n
		w.sum -= n
	}
}

// wait is how long until n has gone, of what this window holds and of what others used,
// which is taken to go evenly. It is at most a minute: whoever comes back then may be told
// to wait for another moment, but clients ignore what is longer.
func (w *window) wait(now moment, n, others int64) time.Duration {
	gone := int64(0)
	for age := int64(0); age <= span; age++ {
		second := w.newest - span + age
		if second >= 0 {
			gone += w.slots[second%int64(len(w.slots))]
		}
		if gone+others*(age+1)/(span+1) >= n {
			return min(leaves(second, now), span*time.Second)
		}
	}
	return span * time.Second
}

// judge denies what is not free of a limit, or is more than the node's share of it until the
// others have heard what it let in.
func (w *window) judge(name dataplane.Limit, limit, free, others int64, at moment, want, untold, nodes int64) *dataplane.Denial {
	switch {
	case want > free:
		return &dataplane.Denial{Limit: name, Max: limit, Wait: w.wait(at, want-free, others)}
	case !fits(free, untold, want, nodes):
		return &dataplane.Denial{Limit: name, Max: limit, Wait: soon}
	}
	return nil
}

// empty is how long until all has gone.
func (w *window) empty(now moment) time.Duration {
	for second := w.newest; second >= max(w.newest-span, 0); second-- {
		if w.slots[second%int64(len(w.slots))] > 0 {
			return leaves(second, now)
		}
	}
	return 0
}

// leaves is how long a second still counts.
func leaves(second int64, now moment) time.Duration {
	return time.Duration(second+span+1)*time.Second - time.Duration(now)
}
