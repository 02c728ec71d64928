package proxy

import (
	"bytes"
	"errors"
	"io"
)

// Bounds on what a stream may make us hold.
const (
	maxEvent   = 1 << 20  // one event
	readChunk  = 16 << 10 // one read
	holdBytes  = 64 << 10 // before the commit
	holdEvents = 32       // before the commit
)

var errEventTooLarge = errors.New("an event is larger than 1 MiB")

// eventReader cuts a stream into server-sent events. Events are returned as the
// upstream's own bytes, blank line included, and are valid until the next fill.
//
// Its memory is lent while something is unread: a stream that is quiet holds none, if the
// upstream's client can wait without.
type eventReader struct {
	src        io.Reader
	wait       func() // until src has something to read; nil: only a read can wait
	pool       *buffers
	lent       *buffer // nil: nothing is unread
	buf        []byte  // all of lent
	start, end int     // unread bytes
	scanned    int     // bytes behind start that hold no end of an event
	err        error
}

// newEventReader reads a stream's body. Whoever makes it calls close.
func newEventReader(src io.Reader, pool *buffers) *eventReader {
	r := &eventReader{src: src, pool: pool}
	if body, ok := src.(interface{ Await() }); ok {
		r.wait = body.Await
	}
	return r
}

// close gives the memory back. No event is valid behind it.
func (r *eventReader) close() {
	if r.lent != nil {
		r.pool.put(r.lent)
		r.lent, r.buf = nil, nil
	}
	r.start, r.end, r.scanned = 0, 0, 0
}

// next returns the next whole event that is already here; nil when a fill is needed.
func (r *eventReader) next() []byte {
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

// fill reads once. After an error, rest holds what came behind the last whole event.
func (r *eventReader) fill() error {
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
		r.err = err // told with the next fill, after what came
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
func (r *eventReader) makeRoom() error {
	switch {
	case r.start == r.end && r.wait != nil:
		r.close()
		r.wait()
	case r.start > 0:
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	switch {
	case r.lent == nil:
		r.lent = r.pool.get(readChunk)
	case r.end < len(r.buf):
		return nil
	case r.end >= maxEvent:
		return errEventTooLarge
	default:
		r.lent.b = r.lent.b[:r.end]
		r.lent = r.pool.grow(r.lent)
	}
	r.buf = r.lent.b[:min(cap(r.lent.b), maxEvent)]
	return nil
}

// rest is what follows the last whole event.
func (r *eventReader) rest() []byte { return r.buf[r.start:r.end] }

// data returns an event's data: the text behind "data:" of its lines, joined by newlines.
// ok is false when the event has none, as with comments. The result may share the event's bytes.
func data(event []byte) (text []byte, ok bool) {
	for len(event) > 0 {
		line := event
		if n := bytes.IndexByte(event, '\n'); n >= 0 {
			line, event = event[:n], event[n+1:]
		} else {
			event = nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		value, found := bytes.CutPrefix(line, []byte("data:"))
		if !found {
			if string(line) == "data" {
				value = nil
			} else {
				continue
			}
		}
		value = bytes.TrimPrefix(value, []byte(" "))
		if !ok {
			text, ok = value, true
			continue
		}
		joined := make([]byte, 0, len(text)+1+len(value))
		text = append(append(append(joined, text...), '\n'), value...)
	}
	return text, ok
}
