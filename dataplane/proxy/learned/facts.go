package learned

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Facts are what answers taught, each for a while, in bounded number. Reading takes no lock.
type Facts[K comparable] struct {
	known atomic.Pointer[map[K]time.Time] // Until when; nil: nothing
	mu    sync.Mutex                      // serialises changes
}

const (
	// Remembered is how long what was learned counts.
	Remembered = 10 * time.Minute
	// maxFacts bounds the memory; what ended makes room first.
	maxFacts = 10_000
)

// Add notes k; it reports whether that is news.
func (f *Facts[K]) Add(k K, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := map[K]time.Time{}
	if known := f.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	maps.DeleteFunc(next, func(_ K, until time.Time) bool { return !until.After(now) })
	_, old := next[k]
	if old || len(next) < maxFacts {
		next[k] = now.Add(Remembered)
	}
	f.known.Store(&next)
	return !old
}

// None reports whether nothing was ever learned.
func (f *Facts[K]) None() bool { return f.known.Load() == nil }

// Until is when k ends to count; ok is false when it does not count.
func (f *Facts[K]) Until(k K, now time.Time) (until time.Time, ok bool) {
	known := f.known.Load()
	if known == nil {
		return time.Time{}, false
	}
	until = (*known)[k]
	return until, until.After(now)
}

// All gives what counts now, with its end.
func (f *Facts[K]) All(now time.Time) map[K]time.Time {
	known := f.known.Load()
	if known == nil {
		return nil
	}
	out := maps.Clone(*known)
	maps.DeleteFunc(out, func(_ K, until time.Time) bool { return !until.After(now) })
	return out
}

// Forget drops what is so.
func (f *Facts[K]) Forget(is func(K) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.known.Load(); known != nil {
		next := maps.Clone(*known)
		maps.DeleteFunc(next, func(k K, _ time.Time) bool { return is(k) })
		f.known.Store(&next)
	}
}

// Count is how many count now.
func (f *Facts[K]) Count(now time.Time) (n int) {
	if known := f.known.Load(); known != nil {
		for _, until := range *known {
			if until.After(now) {
				n++
			}
		}
	}
	return n
}
