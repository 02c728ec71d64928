package plainhttp

import (
	"errors"
	"os"
	"sync"
	"time"
)

// deadline is one for reads or writes. The socket learns of it only when it is about to wait, and not of
// one that is a little later than what it has: setting one costs more than most reads. So a wait may end up to
// a quarter early, and goes on then: see early.
type deadline struct {
	apply func(time.Time) error

	mu     sync.Mutex
	wanted time.Time // zero: none
	set    time.Time // at the socket
	busy   bool      // something waits for it
}

// want sets the deadline.
func (d *deadline) want(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted = t; d.busy {
		d.sync(time.Now())
	}
}

// begin is called before a read or write, end after it.
func (d *deadline) begin(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = true
	d.sync(now)
}

func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
}

// early reports whether a wait that failed has ended before what is wanted. Then the socket knows better, and it
// has to begin again.
func (d *deadline) early(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted.Equal(d.set) {
		return false
	}
	d.set = d.wanted
	return d.apply(d.set) == nil
}

// sync tells the socket, unless what it has is less than a quarter earlier.
func (d *deadline) sync(now time.Time) {
	if d.wanted.Equal(d.set) {
		return
	}
	near := !d.wanted.IsZero() && !d.set.IsZero() && d.set.Before(d.wanted) && d.wanted.Sub(d.set) < d.wanted.Sub(now)/4
	if near {
		return
	}
	d.set = d.wanted
	_ = d.apply(d.set) // a closed connection says so when it is used
}
