package http1

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

const (
	// lentBuffer is the size of the buffers that sockets read into. They are lent while bytes
	// flow, so it costs an open stream that is quiet nothing.
	lentBuffer = 16 << 10
	// ownBuffer is the size of the buffer of a connection that cannot wait without one, as
	// with TLS.
	ownBuffer = 4 << 10
)

// input is what a connection has received and nobody has taken yet. While a socket has
// nothing, its input holds no memory.
type input struct {
	nc   net.Conn
	sock *rawsocket.Socket // of nc; nil: it can only be read into a buffer that is there
	lent *[lentBuffer]byte
	buf  []byte // lent or our own; nil: none
	r, w int    // buf[r:w] is unread
	err  error  // told once what came before it is taken
}

var inputs = sync.Pool{New: func() any { return new([lentBuffer]byte) }}

// unread is how many bytes are here.
func (in *input) unread() int { return in.w - in.r }

// Release lets go of the buffer and of what is unread in it.
func (in *input) Release() {
	in.r, in.w = 0, 0
	if in.lent != nil {
		inputs.Put(in.lent)
		in.lent, in.buf = nil, nil
	}
}

// Lend takes a buffer.
func (in *input) Lend() []byte {
	in.lent = inputs.Get().(*[lentBuffer]byte)
	in.buf = in.lent[:]
	return in.buf
}

// more reads once, and waits for that. After it there is more to take, or an error.
func (in *input) more() error {
	if in.err != nil {
		return in.err
	}
	if in.unread() > 0 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	} else {
		in.Release()
		if in.sock != nil {
			in.w, in.err = in.sock.ReadLent(in)
			return in.err
		}
		if in.buf == nil {
			in.buf = make([]byte, ownBuffer)
		}
	}
	n, err := in.nc.Read(in.buf[in.w:])
	in.w += n
	in.err = err
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// line takes a line with its end, or with an error what there is of it; it is valid until
// the next call. Of a line longer than the buffer it gives a part, with bufio.ErrBufferFull.
func (in *input) line() ([]byte, error) {
	for searched := 0; ; {
		if n := bytes.IndexByte(in.buf[in.r+searched:in.w], '\n'); n >= 0 {
			return in.take(searched + n + 1), nil
		}
		searched = in.unread()
		if searched > 0 && searched == len(in.buf) {
			return in.take(searched), bufio.ErrBufferFull
		}
		if err := in.more(); err != nil {
			return in.take(in.unread()), err
		}
	}
}

func (in *input) take(n int) []byte {
	b := in.buf[in.r : in.r+n]
	in.r += n
	return b
}

// Read takes what is here, and waits only if nothing is.
func (in *input) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if in.unread() == 0 {
		if len(p) >= lentBuffer && in.err == nil {
			in.Release()
			return in.nc.Read(p) // no detour
		}
		if err := in.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	return n, nil
}
