package redis

import (
	"sync"
	"time"
)

const (
	breakerRow     = 5                      // errors in a row that open the breaker
	breakerLeast   = 4                      // results within the window below which a share says nothing
	breakerWidth   = 200 * time.Millisecond // of a bucket
	breakerBuckets = 10                     // the window of 2 s
)

// breaker tells when Redis is to be left alone: after five errors in a row, or when more
// than half of what was asked within two seconds failed.
type breaker struct {
	mu     sync.Mutex // guards the fields below
	row    int
	newest int64 // number of the newest bucket
	counts [breakerBuckets]struct{ all, failures int }
}

// note takes a result; broken means that it was one error too many.
func (b *breaker) note(age time.Duration, failed bool) (broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance(int64(age / breakerWidth))
	newest := &b.counts[b.newest%breakerBuckets]
	newest.all++
	if !failed {
		b.row = 0
		return false
	}
	b.row++
	newest.failures++
	all, failures := 0, 0
	for _, c := range b.counts {
		all += c.all
		failures += c.failures
	}
	return b.row >= breakerRow || all >= breakerLeast && 2*failures > all
}

// advance empties the buckets between the newest one and now's. The caller holds mu.
func (b *breaker) advance(bucket int64) {
	if bucket-b.newest >= breakerBuckets {
		b.counts = [breakerBuckets]struct{ all, failures int }{}
		b.newest = bucket
	}
	for ; b.newest < bucket; b.newest++ {
		b.counts[(b.newest+1)%breakerBuckets] = struct{ all, failures int }{}
	}
}

// clear forgets everything.
func (b *breaker) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row, b.counts = 0, [breakerBuckets]struct{ all, failures int }{}
}
