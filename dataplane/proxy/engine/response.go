package engine

import (
	"sync"
	"time"
)

// response is what the client gets. Of a stream it holds events before the commit, and passes
// them on after it; a silent connection is kept alive with comments. Other answers use the
// connection alone.
//
// Its timers write too, so mu guards everything; the only ones who ever wait for it are this
// request's own goroutine and its own timers. Whatever is written under it is whole events, so
// no comment ever lands inside of one.
type response struct {
	connection

	mu      sync.Mutex
	held    held
	open    bool // committed: this attempt's answer is the client's
	closed  bool
	accept  func()      // what the present attempt does at its commit
	silence *time.Timer // keeps a silent stream alive
	late    *time.Timer // commits held events by time
}

// keepAlive sends a comment after each silence of the given length. Before the commit it does
// so only if early is set: a comment commits the status but no content, so failover stays
// possible, but where a plain answer may come it would be its wrong beginning.
//
// Events cost nothing for that: each write notes its time anyway, and the timer looks at it
// when it rings.
func (r *response) keepAlive(every time.Duration, early bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrote = time.Now()
	r.silence = time.AfterFunc(every, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.closed || r.err != nil {
			return
		}
		left := every - time.Since(r.wrote)
		if left <= 0 && (r.open || early) {
			r.sendHeaders()
			// One newline and no blank line: a blank line would dispatch an empty event.
			r.write([]byte(": wait\n"))
		}
		if left <= 0 {
			left = every
		}
		r.silence.Reset(left)
	})
}

// begin starts an attempt's stream; accept runs at its commit, before the headers.
func (r *response) begin(accept func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accept = accept
	r.held.drop()
}

// add takes an event: held before the commit, due at the next flush after it.
func (r *response) add(event []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held.add(event, r.open)
}

// isFull reports whether no more may be held.
func (r *response) isFull() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held.isFull()
}

// holdsAll reports whether streams are held to their end.
func (r *response) holdsAll() bool { return r.held.full != nil }

// holdError tells why the stream cannot be held to its end, if it cannot.
func (r *response) holdError() error {
	if r.held.full == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held.full.err
}

func (r *response) isOpen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open
}

// commit makes the attempt's answer the client's. What is held goes out with the next flush.
func (r *response) commit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commitLocked()
}

func (r *response) commitLocked() {
	if r.open || r.closed {
		return
	}
	r.open = true
	if r.late != nil {
		r.late.Stop()
	}
	r.accept()
	r.accept = nil
	r.sendHeaders()
}

// commitAfter commits and flushes by itself unless something else ends the hold first.
func (r *response) commitAfter(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = time.AfterFunc(d, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.open || r.closed || r.held.events == 0 {
			return
		}
		r.commitLocked()
		r.flushLocked()
	})
}

// discard drops what is held; false means that it was committed and cannot be taken back.
func (r *response) discard() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open {
		return false
	}
	if r.late != nil {
		r.late.Stop()
	}
	r.held.drop()
	return true
}

// flush writes what is due; before the commit nothing is.
func (r *response) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open {
		r.flushLocked()
	}
	return r.err
}

func (r *response) flushLocked() {
	if full := r.held.full; full != nil && r.err == nil {
		r.err = full.replay(func(b []byte) error {
			r.write(b)
			return r.err
		})
	}
	if r.held.pending != nil {
		r.write(r.held.pending.B)
		r.held.forget()
	}
}

// fail sends a whole error event if the headers of a stream are out; false means that the
// error can still be a response.
func (r *response) fail(event []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.stopTimers()
	if !r.headers {
		return false
	}
	r.write(event)
	return true
}

// close stops the timers; none of them runs on when it returns.
func (r *response) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.stopTimers()
	r.held.drop()
}

func (r *response) stopTimers() {
	for _, t := range [...]*time.Timer{r.silence, r.late} {
		if t != nil {
			t.Stop()
		}
	}
}
