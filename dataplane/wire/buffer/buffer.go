// Package buffer lends memory for bodies and events.
package buffer

import "sync"

// classes are the sizes of buffers that are kept for the next request, in bytes. Each has
// room for one byte more than a round number: the end of a body is seen without growing.
var classes = [...]int{1<<10 + 64, 4<<10 + 64, 16<<10 + 64, 64<<10 + 64, 256<<10 + 64, 1<<20 + 64, 4<<20 + 64}

// Pool lends memory. The zero value is ready. A prompt of 1 MB costs more to allocate and to collect
// than everything else that is done with it.
type Pool struct{ idle [len(classes)]sync.Pool }

// Buffer is lent memory; B grows within its capacity.
type Buffer struct {
	B     []byte
	class int // below zero: too large to be kept
}

// Get lends an empty buffer with room for at least size bytes.
func (p *Pool) Get(size int) *Buffer {
	for class, room := range classes {
		if size > room {
			continue
		}
		if lent, ok := p.idle[class].Get().(*Buffer); ok {
			return lent
		}
		return &Buffer{B: make([]byte, 0, room), class: class}
	}
	return &Buffer{B: make([]byte, 0, size), class: -1}
}

// Put takes a buffer back. Nobody may use what was in it any more.
func (p *Pool) Put(lent *Buffer) {
	if lent.class >= 0 {
		lent.B = lent.B[:0]
		p.idle[lent.class].Put(lent)
	}
}

// Grow gives a full buffer twice the room.
func (p *Pool) Grow(full *Buffer) *Buffer {
	more := p.Get(2 * cap(full.B))
	more.B = append(more.B, full.B...)
	p.Put(full)
	return more
}
