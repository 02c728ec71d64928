package plainhttp

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// roomSize is the size of the buffers for heads and answers. They are lent while bytes flow, so a connection
// that is quiet holds none.
const roomSize = 16 << 10

type room [roomSize]byte

var rooms = sync.Pool{New: func() any { return new(room) }}

// input is what a connection has received and nobody has taken yet.
type input struct {
	lent *room // nil: there is nothing
	r, w int   // lent[r:w] is unread
}

// Lend takes a buffer.
func (in *input) Lend() []byte {
	in.lent = rooms.Get().(*room)
	return in.lent[:]
}

func (in *input) unread() []byte {
	if in.lent == nil {
		return nil
	}
	return in.lent[in.r:in.w]
}

// Release lets go of the buffer, and of what is unread in it.
func (in *input) Release() {
	in.r, in.w = 0, 0
	if in.lent != nil {
		rooms.Put(in.lent)
		in.lent = nil
	}
}

// take gives what is here, at most len(p).
func (in *input) take(p []byte) int {
	n := copy(p, in.unread())
	if in.r += n; in.r == in.w {
		in.Release()
	}
	return n
}

// body is a request's body, whose length is known.
type body struct {
	c      *conn
	closed atomic.Bool

	mu   sync.Mutex // held while bytes are waited for: what handlers leave behind may still read
	left int64      // guarded by mu
	err  error      // guarded by mu
}

// Read gives the body.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.read(p)
}

func (b *body) read(p []byte) (n int, err error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if n = b.c.in.take(p); n == 0 {
		n, err = b.c.read(p)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	if b.left -= int64(n); b.left == 0 {
		err = io.EOF
	}
	b.err = err
	return n, err
}

// Close ends the reading.
func (b *body) Close() error {
	b.closed.Store(true)
	return nil
}

// mostDiscarded is how much of a body that its handler did not read is read before the answer.
const mostDiscarded = 256 << 10

// discard reads the rest of the body, which nobody can read any more; false: it is not worth it, and the
// connection has to end.
func (b *body) discard() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.left == 0:
		return true
	case b.err != nil, b.left > mostDiscarded:
		return false
	}
	b.closed.Store(true)
	_, err := io.Copy(io.Discard, readerFunc(b.read))
	return err == nil
}

// rest reads on, for the server itself.
func (b *body) rest(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed.Store(true)
	return b.read(p)
}

type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
