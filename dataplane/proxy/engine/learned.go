package engine

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// learned remembers for a while what answers taught, in bounded number. Reading takes no lock.
type learned[K comparable] struct {
	known atomic.Pointer[map[K]time.Time] // until when; nil: nothing
	mu    sync.Mutex                      // serialises add
}

const (
	// remembered is how long what was learned counts.
	remembered = 10 * time.Minute
	// maxLearned bounds the memory; what ended makes room first.
	maxLearned = 10_000
)

// add notes k; it reports whether that is news.
func (l *learned[K]) add(k K, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := map[K]time.Time{}
	if known := l.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	maps.DeleteFunc(next, func(_ K, until time.Time) bool { return !until.After(now) })
	_, old := next[k]
	if old || len(next) < maxLearned {
		next[k] = now.Add(remembered)
	}
	l.known.Store(&next)
	return !old
}

// none reports whether nothing was ever learned.
func (l *learned[K]) none() bool { return l.known.Load() == nil }

// until is when k ends to count; ok is false when it does not count.
func (l *learned[K]) until(k K, now time.Time) (until time.Time, ok bool) {
	known := l.known.Load()
	if known == nil {
		return time.Time{}, false
	}
	until = (*known)[k]
	return until, until.After(now)
}

// all gives what counts now, with its end.
func (l *learned[K]) all(now time.Time) map[K]time.Time {
	known := l.known.Load()
	if known == nil {
		return nil
	}
	out := maps.Clone(*known)
	maps.DeleteFunc(out, func(_ K, until time.Time) bool { return !until.After(now) })
	return out
}

// forget drops what is so.
func (l *learned[K]) forget(is func(K) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.known.Load(); known != nil {
		next := maps.Clone(*known)
		maps.DeleteFunc(next, func(k K, _ time.Time) bool { return is(k) })
		l.known.Store(&next)
	}
}

// count is how many count now.
func (l *learned[K]) count(now time.Time) (n int) {
	if known := l.known.Load(); known != nil {
		for _, until := range *known {
			if until.After(now) {
				n++
			}
		}
	}
	return n
}
