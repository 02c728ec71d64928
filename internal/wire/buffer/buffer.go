// Package buffer lends memory for bodies and events.
package buffer

import (
	"sync"
	"sync/atomic"
)

// classes are the sizes of buffers that are kept for the next request, in bytes. Each has
// room for one byte more than a round number: the end of a body is seen without growing.
var classes = [...]int{1<<10 + 64, 4<<10 + 64, 16<<10 + 64, 64<<10 + 64, 256<<10 + 64, 1<<20 + 64, 4<<20 + 64}

// Pool lends memory. The zero value is ready. A prompt of 1 MB costs more to allocate and to collect
// than everything else that is done with it.
type Pool struct {
	idle  [len(classes)]sync.Pool
	large atomic.Int64
}

// large is the size from which buffers count in LargeReturned, in bytes.
const large = 1 << 20

// LargeReturned is the size of all buffers of at least 1 MiB that were taken back, in bytes.
func (p *Pool) LargeReturned() int64 { return p.large.Load() }

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
	if cap(lent.B) >= large {
		p.large.Add(int64(cap(lent.B)))
	}
	if lent.class >= 0 {
		lent.B = lent.B[:0]
		p.idle[lent.class].Put(lent)
	}
}

// Grow gives a full buffer twice the room.
func (p *Pool) Grow(full *Buffer) *Buffer { return p.GrowTo(full, 2*cap(full.B)) }

// GrowTo gives a full buffer room for at least size bytes, which is more than it has.
func (p *Pool) GrowTo(full *Buffer, size int) *Buffer {
	more := p.Get(size)
	more.B = append(more.B, full.B...)
	p.Put(full)
	return more
}

// Room is the room of the buffer that Get lends for a size.
func Room(size int) int {
	for _, room := range classes {
		if size <= room {
			return room
		}
	}
	return size
}
