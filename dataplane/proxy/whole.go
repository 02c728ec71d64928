package proxy

import (
	"errors"
	"io"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// commitHeader lets a client ask for the whole answer or none: "complete". Every key may.
const commitHeader = "X-Trunkline-Commit"

// whole holds a stream until it is complete, so that failover stays possible to its last
// token: no cut, no stall and no late error or keyword ever reaches the client. It is held
// in memory while it is small, then in a temporary file.
type whole struct {
	spool spool
	limit int64
	all   *holdings // what all requests hold
	taken int64     // of all
	err   error     // why it could not be held
}

var errWholeTooLarge = errors.New("the stream is too large to be held whole")

// holdWhole makes the outlet hold streams whole, when the group or the client wants that.
func (c *call) holdWhole(policy *dataplane.Policy) {
	if !c.envelope.Stream || !policy.HoldWhole && !strings.EqualFold(c.r.Header.Get(commitHeader), "complete") {
		return
	}
	c.out.whole = &whole{
		spool: spool{dir: c.h.cfg.SpoolDir}, limit: c.h.cfg.MaxWhole, all: &c.h.bodies,
	}
}

// add holds one more event; after the first failure nothing is held any more.
func (w *whole) add(event []byte) {
	n := int64(len(event))
	switch {
	case w.err != nil:
		return
	case w.spool.size+n > w.limit:
		w.err = errWholeTooLarge
		return
	case !w.all.take(n):
		w.err = errBodiesFull
		return
	}
	w.taken += n
	_, w.err = w.spool.Write(event)
}

// drop forgets what is held and removes its file.
func (w *whole) drop() {
	w.spool.close()
	w.spool = spool{dir: w.spool.dir, mem: w.spool.mem[:0]}
	w.all.give(w.taken)
	w.taken, w.err = 0, nil
}

// replay gives what is held to write, piece by piece, and forgets it.
func (w *whole) replay(write func([]byte) error) error {
	if w.spool.size == 0 {
		return nil
	}
	defer w.drop()
	from := w.spool.section(0, w.spool.size)
	buf := make([]byte, min(w.spool.size, 32<<10))
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if err := write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &spoolError{err}
		}
	}
}

// pass adds an event to the client's stream, and judges when that cannot be held whole.
func (a *attempt) pass(event []byte) (v dataplane.Verdict, failed bool) {
	out := &a.call.out
	out.add(event)
	err := out.holdError()
	switch {
	case err == nil:
		return v, false
	case errors.Is(err, errWholeTooLarge):
		return dataplane.Verdict{Outcome: dataplane.TooLarge, Reason: err.Error()}, true
	}
	a.call.h.cfg.Logger.Error("a stream could not be held whole", "request_id", a.call.record.ID, "error", err)
	return dataplane.Verdict{Outcome: dataplane.GatewayBusy, Reason: "the stream could not be held whole"}, true
}

// holdError tells why the stream cannot be held whole, if it cannot.
func (o *outlet) holdError() error {
	if o.whole == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.whole.err
}

// silence is the outcome of a stream that went silent before its commit: before its first
// token, or somewhere in the answer that was to be held whole.
func (a *attempt) silence() dataplane.Outcome {
	if a.call.out.whole != nil && a.record.FirstToken > 0 {
		return dataplane.ResponseTimeout
	}
	return dataplane.FirstTokenTimeout
}
