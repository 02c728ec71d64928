package engine

import "github.com/trunkline-ai/trunkline/internal/wire/buffer"

// What a stream may make us hold before the commit.
const (
	holdBytes  = 64 << 10
	holdEvents = 32
)

// held is the events of a stream that the client does not have yet: before the commit, its
// head or all of it; after the commit, what is due at the next flush.
type held struct {
	pool    *buffer.Pool
	pending *buffer.Buffer // nil: nothing
	events  int            // before the commit
	full    *fullResponse  // holds streams to their end; nil: only their head is held
}

// add takes an event.
func (h *held) add(event []byte, committed bool) {
	if h.full != nil && !committed {
		h.full.add(event)
		return
	}
	h.append(event)
	if !committed {
		h.events++
	}
}

func (h *held) append(event []byte) {
	if h.pending == nil {
		h.pending = h.pool.Get(len(event))
	}
	for len(h.pending.B)+len(event) > cap(h.pending.B) {
		h.pending = h.pool.Grow(h.pending)
	}
	h.pending.B = append(h.pending.B, event...)
}

// isFull reports whether no more may be held.
func (h *held) isFull() bool {
	return h.pending != nil && len(h.pending.B) >= holdBytes || h.events >= holdEvents
}

// forget gives back the memory of what was pending.
func (h *held) forget() {
	if h.pending != nil {
		h.pool.Put(h.pending)
		h.pending = nil
	}
}

// drop forgets what an attempt has held.
func (h *held) drop() {
	h.forget()
	h.events = 0
	if h.full != nil {
		h.full.drop()
	}
}
