// Package sse reads streams of server-sent events.
package sse

import (
	"bytes"
	"errors"
	"io"

	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// Bounds on what a stream may make us hold.
const (
	maxEvent  = 32 << 20 // one event
	readChunk = 16 << 10 // one read
)

// Errors of a stream with a large event.
var (
	ErrTooLarge = errors.New("an event is larger than 32 MiB")
	ErrBudget   = errors.New("too much memory is already in use for an event above 1 MiB")
)

// Reader cuts a stream into server-sent events. Events are returned as the
// upstream's own bytes, blank line included, and are valid until the next Fill.
//
// Its memory is lent while something is unread: a stream that is quiet holds none, if the
// upstream's client can wait without.
type Reader struct {
	src        io.Reader
	wait       func() // until src has something to read; nil: only a read can wait
	pool       *buffer.Pool
	claim      buffer.Claim   // of large events
	lent       *buffer.Buffer // nil: nothing is unread
	buf        []byte         // all of lent
	start, end int            // unread bytes
	scanned    int            // bytes behind start that hold no end of an event
	err        error
}

// NewReader reads a stream's body. wait is called when nothing is unread and returns once src
// has something to read; nil: only a read can wait. Events above 1 MiB are taken from the
// budget. Whoever makes a reader calls Close.
func NewReader(src io.Reader, wait func(), pool *buffer.Pool, budget buffer.Budget) *Reader {
	return &Reader{src: src, wait: wait, pool: pool, claim: buffer.NewClaim(budget)}
}

// Close gives the memory back. No event is valid behind it.
func (r *Reader) Close() {
	if r.lent != nil {
		r.pool.Put(r.lent)
		r.lent, r.buf = nil, nil
	}
	r.claim.Release()
	r.start, r.end, r.scanned = 0, 0, 0
}

// Next returns the next whole event that is already here; nil when a Fill is needed.
func (r *Reader) Next() []byte {
	for i := r.start + r.scanned; i < r.end; {
		n := bytes.IndexByte(r.buf[i:r.end], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		// A blank line is \n or \r\n right behind a line's end.
		j := i
		if j < r.end && r.buf[j] == '\r' {
			j++
		}
		if j >= r.end {
			r.scanned = i - 1 - r.start
			return nil
		}
		if r.buf[j] == '\n' {
			event := r.buf[r.start : j+1]
			r.start, r.scanned = j+1, 0
			return event
		}
	}
	r.scanned = max(r.end-r.start-2, 0)
	return nil
}

// Fill reads once. After an error, Rest holds what came behind the last whole event.
func (r *Reader) Fill() error {
	if r.err != nil {
		return r.err
	}
	if err := r.makeRoom(); err != nil {
		r.err = err
		return err
	}
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		r.err = err // told with the next Fill, after what came
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	r.err = err
	return err
}

// makeRoom sees to it that there is room to read into, and if nothing is unread, only once
// something has come.
func (r *Reader) makeRoom() error {
	switch {
	case r.start == r.end && (r.wait != nil || !r.claim.Empty()):
		r.Close()
		if r.wait != nil {
			r.wait()
		}
	case r.start > 0:
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	switch {
	case r.lent == nil:
		r.lent = r.pool.Get(readChunk)
	case r.end < len(r.buf):
		return nil
	case r.end >= maxEvent:
		return ErrTooLarge
	default:
		r.lent.B = r.lent.B[:r.end]
		var grown bool
		if r.lent, grown = r.claim.Grow(r.pool, r.lent); !grown {
			return ErrBudget
		}
	}
	r.buf = r.lent.B[:min(cap(r.lent.B), maxEvent)]
	return nil
}

// Rest is what follows the last whole event.
func (r *Reader) Rest() []byte { return r.buf[r.start:r.end] }
