package proxy

import "sync"

// classes are the sizes of buffers that are kept for the next request, in bytes. Each has
// room for one byte more than a round number: the end of a body is seen without growing.
var classes = [...]int{1<<10 + 64, 4<<10 + 64, 16<<10 + 64, 64<<10 + 64, 256<<10 + 64, 1<<20 + 64, 4<<20 + 64}

// buffers lends memory for bodies. A prompt of 1 MB costs more to allocate and to collect
// than everything else that is done with it.
type buffers struct{ idle [len(classes)]sync.Pool }

// buffer is lent memory; b grows within its capacity.
type buffer struct {
	b     []byte
	class int // below zero: too large to be kept
}

// get lends an empty buffer with room for at least size bytes.
func (p *buffers) get(size int) *buffer {
	for class, room := range classes {
		if size > room {
			continue
		}
		if lent, ok := p.idle[class].Get().(*buffer); ok {
			return lent
		}
		return &buffer{b: make([]byte, 0, room), class: class}
	}
	return &buffer{b: make([]byte, 0, size), class: -1}
}

// put takes a buffer back. Nobody may use what was in it any more.
func (p *buffers) put(lent *buffer) {
	if lent.class >= 0 {
		lent.b = lent.b[:0]
		p.idle[lent.class].Put(lent)
	}
}

// grow gives a full buffer twice the room.
func (p *buffers) grow(full *buffer) *buffer {
	more := p.get(2 * cap(full.b))
	more.b = append(more.b, full.b...)
	p.put(full)
	return more
}

// keep notes a buffer that the call uses until its end.
func (c *call) keep(lent *buffer) []byte {
	if c.lent == nil {
		c.lent = c.few[:0]
	}
	c.lent = append(c.lent, lent)
	return lent.b
}

// bodyIsSent gives the memory of the request's body back when the answer has begun: no
// other attempt will need it. An upstream that still reads it keeps it.
func (c *call) bodyIsSent(a *attempt) {
	if c.leaked || c.form != nil || !a.sent.Load() {
		return
	}
	for _, lent := range c.lent {
		c.h.buffers.put(lent)
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
			c.h.buffers.put(lent)
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
