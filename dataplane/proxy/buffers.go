package proxy

import (
	"io"

	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// keep notes a buffer that the call uses until its end.
func (c *call) keep(lent *buffer.Buffer) []byte {
	if c.lent == nil {
		c.lent = c.few[:0]
	}
	c.lent = append(c.lent, lent)
	return lent.B
}

// bodyIsSent gives the memory of the request's body back when the answer has begun: no
// other attempt will need it. An upstream that still reads it keeps it.
func (c *call) bodyIsSent(a *attempt) {
	if c.leaked || c.form != nil || !a.sent.Load() {
		return
	}
	for _, lent := range c.lent {
		c.h.buffers.Put(lent)
	}
	c.lent, c.body = nil, nil
	c.h.bodies.give(c.held)
	c.held = 0
}

// giveBack ends the use of the call's buffers. Those of a call whose upstream may still
// read them are left to the garbage collector.
func (c *call) giveBack() {
	if !c.leaked {
		for _, lent := range c.lent {
			c.h.buffers.Put(lent)
		}
	}
	c.lent, c.body = nil, nil
}

// releaser is an Upstream that says whether it is done with a request's body once
// RoundTrip has failed or the answer's body was closed. One that does not say is not.
type releaser interface{ ReleasesBody() bool }

func releases(up Upstream) bool {
	r, ok := up.(releaser)
	return ok && r.ReleasesBody()
}

// waits gives a way to wait for a body's next bytes without memory to read them into; nil:
// it has none.
func waits(body io.Reader) func() {
	if b, ok := body.(interface{ Await() }); ok {
		return b.Await
	}
	return nil
}
