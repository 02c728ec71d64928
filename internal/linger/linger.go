// Package linger ends connections on which a request was answered before all of it came. Many clients write
// a whole request before they read. Were such a connection closed at once, the bytes that nobody read would
// reset it, and the client would see that instead of the answer. So what is left is read and forgotten.
package linger

import (
	"io"
	"sync"
	"time"
)

// Bounds are for how long, and for how much, a client may go on sending.
type Bounds struct {
	Time    time.Duration // in all
	Silence time.Duration // without a byte
	Bytes   int64
}

// Default holds a connection for no longer than one that waits for its next request, whoever the client is.
var Default = Bounds{Time: time.Minute, Silence: 10 * time.Second, Bytes: 1 << 30}

type room [32 << 10]byte

var rooms = sync.Pool{New: func() any { return new(room) }}

// Rest reads what a client still sends, behind the answer and its half of the connection's end, until src
// ends, fails, or exceeds the bounds. deadline sets the time by which a read of src has to end.
func (b Bounds) Rest(src io.Reader, deadline func(time.Time)) {
	buf := rooms.Get().(*room)
	defer rooms.Put(buf)
	now := time.Now()
	for end, left := now.Add(b.Time), b.Bytes; left > 0 && now.Before(end); now = time.Now() {
		until := now.Add(b.Silence)
		if until.After(end) {
			until = end
		}
		deadline(until)
		n, err := src.Read(buf[:])
		if err != nil {
			return
		}
		left -= int64(n)
	}
}
