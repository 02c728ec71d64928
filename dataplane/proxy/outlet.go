package proxy

import (
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// outlet is the client's side of a stream. Before the commit it holds events, and keeps
// a silent connection alive with comments; after it, it passes events on.
//
// Until the commit its timers write too, so mu guards everything; the only ones who ever
// wait for it are this request's own goroutine and its own timers.
type outlet struct {
	call *call
	rc   *http.ResponseController

	mu      sync.Mutex
	pending *buffer.Buffer // held before the commit; after it, to be written at the next flush; nil: nothing
	events  int            // held
	whole   *whole         // holds streams to their end; nil: only their head is held
	open    bool           // committed: this attempt's answer is the client's
	headers bool           // sent, maybe by a keep-alive comment long before
	closed  bool
	accept  func() // what the present attempt does at its commit
	waiting *time.Timer
	late    *time.Timer // commits held events by time
	written time.Time   // when the write deadline was set last
	err     error       // of the first write that failed
}

func (o *outlet) init(c *call) {
	o.call = c
	o.rc = http.NewResponseController(c.w)
}

// keepAlive sends a comment after each silence of the given length, until the commit. A
// comment commits the status but no content, so failover stays possible.
func (o *outlet) keepAlive(every time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = time.AfterFunc(every, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.open || o.closed || o.err != nil {
			return
		}
		o.sendHeaders()
		// One newline and no blank line: a blank line would dispatch an empty event.
		o.write([]byte(": wait\n"))
		o.waiting.Reset(every)
	})
}

// begin starts an attempt's stream; accept runs at its commit, before the headers.
func (o *outlet) begin(accept func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.accept = accept
	o.dropHeld()
}

// add takes an event: held before the commit, due at the next flush after it.
func (o *outlet) add(event []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.whole != nil && !o.open {
		o.whole.add(event)
		return
	}
	o.append(event)
	if !o.open {
		o.events++
	}
}

// append adds to what is pending. The caller holds mu.
func (o *outlet) append(event []byte) {
	pool := &o.call.h.buffers
	if o.pending == nil {
		o.pending = pool.Get(len(event))
	}
	for len(o.pending.B)+len(event) > cap(o.pending.B) {
		o.pending = pool.Grow(o.pending)
	}
	o.pending.B = append(o.pending.B, event...)
}

// forget gives back the memory of what was pending. The caller holds mu.
func (o *outlet) forget() {
	if o.pending != nil {
		o.call.h.buffers.Put(o.pending)
		o.pending = nil
	}
}

// full reports whether no more may be held.
func (o *outlet) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pending != nil && len(o.pending.B) >= holdBytes || o.events >= holdEvents
}

func (o *outlet) isOpen() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.open
}

// commit makes the attempt's answer the client's. What is held goes out with the next flush.
func (o *outlet) commit() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.commitLocked()
}

func (o *outlet) commitLocked() {
	if o.open || o.closed {
		return
	}
	o.open = true
	o.stopTimers()
	o.accept()
	o.accept = nil
	o.sendHeaders()
}

// commitAfter commits and flushes by itself unless something else ends the hold first.
func (o *outlet) commitAfter(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.late = time.AfterFunc(d, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.open || o.closed || o.events == 0 {
			return
		}
		o.commitLocked()
		o.flushLocked()
	})
}

// discard drops what is held; false means that it was committed and cannot be taken back.
func (o *outlet) discard() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open {
		return false
	}
	if o.late != nil {
		o.late.Stop()
	}
	o.dropHeld()
	return true
}

// dropHeld forgets what an attempt has held. The caller holds mu.
func (o *outlet) dropHeld() {
	o.forget()
	o.events = 0
	if o.whole != nil {
		o.whole.drop()
	}
}

// flush writes what is due; before the commit nothing is.
func (o *outlet) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open {
		o.flushLocked()
	}
	return o.err
}

func (o *outlet) flushLocked() {
	if o.whole != nil && o.err == nil {
		o.err = o.whole.replay(func(b []byte) error {
			o.write(b)
			return o.err
		})
	}
	if o.pending != nil {
		o.write(o.pending.B)
		o.forget()
	}
}

// fail sends a whole error event if the headers of a stream are out; false means that the
// error can still be a response.
func (o *outlet) fail(event []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.stopTimers()
	if !o.headers {
		return false
	}
	o.write(event)
	return true
}

// close stops the timers; none of them runs on when it returns.
func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.stopTimers()
	o.dropHeld()
}

func (o *outlet) stopTimers() {
	for _, t := range [...]*time.Timer{o.waiting, o.late} {
		if t != nil {
			t.Stop()
		}
	}
}

func (o *outlet) sendHeaders() {
	if o.headers {
		return
	}
	o.headers = true
	h := o.call.w.Header()
	h["Content-Type"] = eventStream
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = noBuffering
	o.call.w.WriteHeader(http.StatusOK)
}

var (
	eventStream = []string{"text/event-stream; charset=utf-8"}
	noCache     = []string{"no-cache"}
	noBuffering = []string{"no"}
)

// write sends bytes and flushes them; a client that does not take them is cut.
func (o *outlet) write(b []byte) {
	if o.err != nil {
		return
	}
	if now := time.Now(); now.Sub(o.written) > o.call.h.cfg.SlowClient/4 {
		o.call.allowWrite(o.rc)
		o.written = now
	}
	if _, o.err = o.call.w.Write(b); o.err == nil {
		o.err = o.rc.Flush()
	}
}

// allowWrite gives the next write to the client its time.
func (c *call) allowWrite(rc *http.ResponseController) {
	_ = rc.SetWriteDeadline(time.Now().Add(c.h.cfg.SlowClient)) // in-memory servers have no deadlines
}

// clientVerdict judges an error of writing to the client.
func clientVerdict(err error) dataplane.Verdict {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return dataplane.Verdict{Outcome: dataplane.SlowClient, Reason: "the client took no data for too long"}
	}
	if _, ours := errors.AsType[*spoolError](err); ours {
		return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: "the held stream could not be read again"}
	}
	return dataplane.Verdict{Outcome: dataplane.ClientClosed}
}
