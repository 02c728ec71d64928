package health

import (
	"sync"
	"time"
)

const (
	breakerRow   = 5                      // errors in a row that open the breaker
	breakerLeast = 4                      // attempts within the window below which a share says nothing
	breakerWidth = 200 * time.Millisecond // of a bucket; ten of them are the window of 2 s
)

// breaker tells when Redis is to be left alone: after five errors in a row, or when more
// than half of what was asked within two seconds failed.
type breaker struct {
	mu     sync.Mutex // guards the fields below
	row    int
	recent ring
}

// note takes a result; broken means that it was one error too many.
func (b *breaker) note(age time.Duration, failed bool) (broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := int64(age / breakerWidth)
	b.recent.add(bucket, failed)
	if !failed {
		b.row = 0
		return false
	}
	b.row++
	all := b.recent.sum(bucket)
	return b.row >= breakerRow || all.total() >= breakerLeast && 2*all.failures > all.total()
}

// clear forgets everything.
func (b *breaker) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row, b.recent = 0, ring{}
}
