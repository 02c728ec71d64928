package engine

import (
	"sync"
	"time"
)

// response is what the client gets: one attempt's answer, which has claimed it. A silent stream is
// kept alive with comments. What an attempt holds until then is in its outbox.
//
// Timers write too, and two attempts may be under way, so mu guards everything; the only ones
// who ever wait for it are this request's own goroutines and timers. Whatever is written under it
// is whole events, so no comment ever lands inside of one.
type response struct {
	connection

	mu      sync.Mutex
	owner   *outbox // of the attempt whose answer is the client's; nil: none is yet
	shut    bool    // nobody may claim it
	open    bool    // a stream was committed: its events go out
	closed  bool
	silence *time.Timer // keeps a silent stream alive
}

// comment keeps a silent stream alive, where its clients take no other sign.
const comment = ": wait\n"

// keepAlive sends a comment, or another sign, after each silence of the given length. Before the commit it does
// so only if early is set: a comment commits the status but no content, so failover stays
// possible, but where a plain answer may come it would be its wrong beginning.
//
// Events cost nothing for that: each write notes its time anyway, and the timer looks at it
// when it rings.
func (r *response) keepAlive(every time.Duration, early bool, sign string) {
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
			r.write([]byte(sign))
		}
		if left <= 0 {
			left = every
		}
		r.silence.Reset(left)
	})
}

// claimLocked makes the answer an attempt's; false when it is another's already.
func (r *response) claimLocked(o *outbox) bool {
	if r.owner == nil && !r.shut {
		r.owner = o
	}
	return r.owner == o
}

// refuse keeps attempts that are under way from claiming the answer; false when one has it already.
// allow ends that.
func (r *response) refuse() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = r.owner == nil
	return r.shut
}

func (r *response) allow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = false
}

// fail sends a whole error event if the headers of a stream are out; false means that the
// error can still be a response.
func (r *response) fail(event []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
	if !r.headers {
		return false
	}
	r.write(event)
	return true
}

// close stops the timer; neither it nor one of an outbox does anything when it returns.
func (r *response) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
}

// endArray ends a stream that the client gets as an array.
func (r *response) endArray() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
	if a := r.array; a != nil && r.headers {
		r.array = nil
		r.write(a.End())
	}
}

func (r *response) end() {
	r.closed = true
	if r.silence != nil {
		r.silence.Stop()
	}
}
