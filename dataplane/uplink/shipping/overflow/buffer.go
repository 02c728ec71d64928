package overflow

import (
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxBuffered is how many sums are buffered: what comes within a second or, when the
// disk hangs, within as long as that takes. There is one for each combination of group,
// provider, model, key, outcome and status in a minute.
const maxBuffered = 20_000

// bucket is which sum: of a time, and of a key.
type bucket struct {
	start int64 // microseconds
	width time.Duration
	usage.Key
}

// bucketOf is the sum that a call belongs to.
func bucketOf(c *nodev1.Call) bucket {
	return bucket{floor(c.GetStartUs(), time.Minute), time.Minute, usage.KeyOf(c)}
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

// span is when calls arrived, in microseconds, and how many: 0 when that is not known.
type span struct{ from, to, calls int64 }

func (s span) and(o span) span {
	switch {
	case s == span{}:
		return o
	case o == span{}:
		return s
	}
	return span{min(s.from, o.from), max(s.to, o.to), s.calls + o.calls}
}

// buffer is where requests add to sums.
type buffer struct {
	mu   sync.Mutex // guards the fields; held for an addition only
	sums map[bucket]*usage.Sum
	gaps map[Reason]span
}

// add adds a call; false when there is no room for another sum.
func (f *buffer) add(reason Reason, c *nodev1.Call) bool {
	p := bucketOf(c)
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := f.sums[p]
	if sum == nil {
		if len(f.sums) >= maxBuffered {
			f.note(TotalsFull, span{c.GetStartUs(), c.GetStartUs(), 1})
			return false
		}
		if f.sums == nil {
			f.sums = map[bucket]*usage.Sum{}
		}
		sum = &usage.Sum{}
		f.sums[p] = sum
	}
	sum.Count(c)
	f.note(reason, span{c.GetStartUs(), c.GetStartUs(), 1})
	return true
}

// miss notes calls without a sum.
func (f *buffer) miss(reason Reason, s span) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note(reason, s)
}

// note needs mu.
func (f *buffer) note(reason Reason, s span) {
	if f.gaps == nil {
		f.gaps = map[Reason]span{}
	}
	f.gaps[reason] = f.gaps[reason].and(s)
}

// take empties the buffer.
func (f *buffer) take() (map[bucket]*usage.Sum, map[Reason]span) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sums, gaps := f.sums, f.gaps
	f.sums, f.gaps = nil, nil
	return sums, gaps
}

func (f *buffer) length() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sums) + len(f.gaps)
}
