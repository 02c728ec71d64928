package socket

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// maxError bounds what is kept of an error answer; ours and those that are passed on are smaller.
const maxError = 1 << 20

// answer is the response writer of one turn: each server-sent event becomes a message, and an error
// answer becomes an error event. Comments, which keep a silent stream open, stay out: pings do that.
type answer struct {
	s      *session
	lane   string
	header http.Header
	status int
	events bool   // the answer is a stream
	rest   []byte // of an event that is not whole yet, or of an error
	out    output
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
		a.events = strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream")
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !a.events {
		a.rest = append(a.rest, b[:min(len(b), max(maxError-len(a.rest), 0))]...)
		return len(b), nil
	}
	n, left := len(b), b
	if len(a.rest) > 0 {
		a.rest = append(a.rest, b...)
		left = a.rest
	}
	for {
		event, more, whole := cut(left)
		if !whole {
			break
		}
		if err := a.pass(event); err != nil {
			return 0, err
		}
		left = more
	}
	a.rest = append(a.rest[:0], left...)
	return n, nil
}

// cut takes the first event off a stream; whole is false where none has come to its end, a blank line.
func cut(stream []byte) (event, more []byte, whole bool) {
	for at := 0; ; {
		n := bytes.IndexByte(stream[at:], '\n')
		if n < 0 {
			return nil, stream, false
		}
		at += n + 1
		next := at
		if next < len(stream) && stream[next] == '\r' {
			next++
		}
		if next < len(stream) && stream[next] == '\n' {
			return stream[:next+1], stream[next+1:], true
		}
	}
}

// pass sends an event's data.
func (a *answer) pass(event []byte) error {
	data, ok := sse.Data(event)
	if !ok || bytes.Equal(data, sse.Done) {
		return nil
	}
	a.out.see(data)
	return a.s.send(inLane(data, a.lane))
}

// end sends what is left: an error answer.
func (a *answer) end() error {
	if a.events || a.status == 0 { // a call whose client left has no answer
		return nil
	}
	return a.s.send(errorEvent(a.status, a.rest, a.header, a.lane))
}

// Flush implements http.Flusher: messages are never held.
func (*answer) Flush() {}

// SetReadDeadline is for whoever reads the request's body, which is all here.
func (*answer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is of no use here: each message has its own.
func (*answer) SetWriteDeadline(time.Time) error { return nil }
