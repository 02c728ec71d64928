package fold

import (
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxFront is how many sums are kept in front: what comes within a second or, when the
// disk hangs, within as long as that takes. There is one for each combination of group,
// provider, model, key, outcome and status in a minute.
const maxFront = 20_000

// page is which sum: of a time, and of a key.
type page struct {
	start int64 // microseconds
	width time.Duration
	usage.Key
}

// pageOf is the sum that a call belongs to.
func pageOf(c *nodev1.Call) page {
	return page{floor(c.GetStartUs(), time.Minute), time.Minute, usage.KeyOf(c)}
}

// floor is when the time of that width begins that holds a moment.
func floor(us int64, width time.Duration) int64 {
	w := width.Microseconds()
	rest := us % w
	if rest < 0 {
		rest += w
	}
	return us - rest
}

// stretch is when calls arrived, in microseconds, and how many.
type stretch struct{ from, to, calls int64 }

func (s stretch) and(o stretch) stretch {
	switch {
	case s.calls == 0:
		return o
	case o.calls == 0:
		return s
	}
	return stretch{min(s.from, o.from), max(s.to, o.to), s.calls + o.calls}
}

// front is where requests add to sums.
type front struct {
	mu   sync.Mutex // guards the fields; held for an addition only
	sums map[page]*usage.Sum
	gaps map[Reason]stretch
}

// add adds a call; false when there is no room for another sum.
func (f *front) add(reason Reason, c *nodev1.Call) bool {
	p := pageOf(c)
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := f.sums[p]
	if sum == nil {
		if len(f.sums) >= maxFront {
			f.note(TotalsFull, stretch{c.GetStartUs(), c.GetStartUs(), 1})
			return false
		}
		if f.sums == nil {
			f.sums = map[page]*usage.Sum{}
		}
		sum = &usage.Sum{}
		f.sums[p] = sum
	}
	sum.Count(c)
	f.note(reason, stretch{c.GetStartUs(), c.GetStartUs(), 1})
	return true
}

// miss notes calls without a sum.
func (f *front) miss(reason Reason, s stretch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note(reason, s)
}

// note needs mu.
func (f *front) note(reason Reason, s stretch) {
	if f.gaps == nil {
		f.gaps = map[Reason]stretch{}
	}
	f.gaps[reason] = f.gaps[reason].and(s)
}

// take empties the front.
func (f *front) take() (map[page]*usage.Sum, map[Reason]stretch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sums, gaps := f.sums, f.gaps
	f.sums, f.gaps = nil, nil
	return sums, gaps
}

func (f *front) length() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sums) + len(f.gaps)
}
