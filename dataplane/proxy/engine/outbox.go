package engine

import (
	"math"
	"time"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// outbox is what one attempt has for the client. Of a stream it holds events before the commit,
// and passes them on after it; other answers only claim the response. The response's mu guards
// all of it.
type outbox struct {
	to     *response
	held   held
	accept func()      // what the attempt does at its commit
	late   *time.Timer // commits held events by time
}

// claim makes the client's answer this attempt's; false when it is another's already. Streams
// commit instead.
func (o *outbox) claim() bool {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	return o.to.claimLocked(o)
}

// begin starts a stream; accept runs at its commit, before the headers.
func (o *outbox) begin(accept func()) {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	o.accept = accept
	o.held.drop()
}

// add takes an event: held before the commit, due at the next flush after it.
func (o *outbox) add(event []byte) {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	o.held.add(event, o.isOpenLocked())
}

// addSpliced takes an event that is in parts.
func (o *outbox) addSpliced(event scan.Spliced) {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	before, parts := o.held.events, event.Reader()
	for part := parts.Next(math.MaxInt); part != nil; part = parts.Next(math.MaxInt) {
		o.held.add(part, o.isOpenLocked())
	}
	o.held.events = min(o.held.events, before+1)
}

// isFull reports whether no more may be held.
func (o *outbox) isFull() bool {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	return o.held.isFull()
}

// holdsAll reports whether streams are held to their end.
func (o *outbox) holdsAll() bool { return o.held.full != nil }

// holdError tells why the stream cannot be held to its end, if it cannot.
func (o *outbox) holdError() error {
	if o.held.full == nil {
		return nil
	}
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	return o.held.full.err
}

// isOpen reports whether this attempt's stream is the client's.
func (o *outbox) isOpen() bool {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	return o.isOpenLocked()
}

func (o *outbox) isOpenLocked() bool { return o.to.open && o.to.owner == o }

// commit makes the attempt's stream the client's, unless another attempt's answer is. What is held
// goes out with the next flush.
func (o *outbox) commit() {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	o.commitLocked()
}

func (o *outbox) commitLocked() {
	r := o.to
	if r.open || r.closed || !r.claimLocked(o) {
		return
	}
	r.open = true
	if o.late != nil {
		o.late.Stop()
	}
	o.accept()
	o.accept = nil
	r.sendHeaders()
}

// commitAfter commits and flushes by itself unless something else ends the hold first.
func (o *outbox) commitAfter(d time.Duration) {
	r := o.to
	r.mu.Lock()
	defer r.mu.Unlock()
	o.late = time.AfterFunc(d, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.open || r.closed || o.held.events == 0 {
			return
		}
		if o.commitLocked(); o.isOpenLocked() {
			o.flushLocked()
		}
	})
}

// discard drops what is held; false means that it was committed and cannot be taken back.
func (o *outbox) discard() bool {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	if o.isOpenLocked() {
		return false
	}
	o.dropLocked()
	return true
}

// close drops what is left of a stream that is over, committed or not.
func (o *outbox) close() {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	o.dropLocked()
}

func (o *outbox) dropLocked() {
	if o.late != nil {
		o.late.Stop()
	}
	o.held.drop()
}

// flush writes what is due; before the commit nothing is.
func (o *outbox) flush() error {
	o.to.mu.Lock()
	defer o.to.mu.Unlock()
	if o.isOpenLocked() {
		o.flushLocked()
	}
	return o.to.err
}

func (o *outbox) flushLocked() {
	r := o.to
	if full := o.held.full; full != nil && r.err == nil {
		r.err = full.replay(func(b []byte) error {
			r.write(b)
			return r.err
		})
	}
	if o.held.pending != nil {
		r.write(o.held.pending.B)
		o.held.forget()
	}
}
