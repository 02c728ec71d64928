//go:build unix

package rawsocket

import (
	"io"
	"net"
	"os"
	"syscall"
)

// atOnce is how much one system call reads or writes at most, in bytes.
const atOnce = 64 << 10

// Socket is a connection's. One goroutine at a time may read, one may write, and another one look. Its closures are
// made once, so that none of them allocates anything.
type Socket struct {
	raw syscall.RawConn

	read func(fd uintptr) bool
	lent Buffer // lends into; nil: it is there
	into []byte // what read fills
	got  int
	rerr error

	write func(fd uintptr) bool
	from  []byte // what is to be written yet
	werr  error

	peek  func(fd uintptr)
	one   [1]byte
	state State
}

// Of returns nil for connections that are no sockets, and on systems on which one cannot wait without a buffer.
func Of(c net.Conn) *Socket {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	s := &Socket{raw: raw}
	s.read, s.write, s.peek = s.tryRead, s.tryWrite, s.tryPeek
	return s
}

// ReadLent waits for bytes and reads them once, into a buffer that is lent only then. With an error it is released
// again.
func (s *Socket) ReadLent(b Buffer) (int, error) {
	s.lent = b
	n, err := s.fill()
	s.lent, s.into = nil, nil
	return n, err
}

// Read implements io.Reader.
func (s *Socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.into = p[:min(len(p), atOnce)]
	n, err := s.fill()
	s.into = nil
	return n, err
}

func (s *Socket) fill() (int, error) {
	s.got, s.rerr = 0, nil
	if err := s.raw.Read(s.read); err != nil {
		return 0, told("read", err)
	}
	return s.got, s.rerr
}

// tryRead is called again when the socket has something to read; false: it has not.
func (s *Socket) tryRead(fd uintptr) bool {
	if s.lent != nil {
		s.into = s.lent.Lend()
	}
	for {
		n, errno := read(fd, s.into)
		switch {
		case errno == 0 && n > 0:
			s.got = n
			return true
		case errno == 0:
			s.rerr = io.EOF
		case errno == syscall.EINTR:
			continue
		case errno != syscall.EAGAIN:
			s.rerr = told("read", os.NewSyscallError("read", errno))
		}
		if s.lent != nil {
			s.lent.Release()
		}
		return errno != syscall.EAGAIN
	}
}

// Write implements io.Writer.
func (s *Socket) Write(p []byte) (int, error) {
	s.from, s.werr = p, nil
	err := s.raw.Write(s.write)
	n := len(p) - len(s.from)
	s.from = nil
	if err != nil {
		return n, told("write", err)
	}
	return n, s.werr
}

// tryWrite is called again when the socket has room; false: it has none.
func (s *Socket) tryWrite(fd uintptr) bool {
	for len(s.from) > 0 {
		n, errno := write(fd, s.from[:min(len(s.from), atOnce)])
		switch errno {
		case 0:
			s.from = s.from[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			s.werr = told("write", os.NewSyscallError("write", errno))
			return true
		}
	}
	return true
}

// told is an error as package net tells it.
func told(op string, err error) error {
	if e, is := err.(*net.OpError); is { // of a deadline, or a closed connection
		e.Op = op
		return e
	}
	return &net.OpError{Op: op, Net: "tcp", Err: err}
}

// Look tells how the socket stands. It waits for nothing and takes nothing; no socket looks quiet.
func (s *Socket) Look() State {
	if s == nil {
		return Quiet
	}
	if s.raw.Control(s.peek) != nil {
		return Ended // closed on this side
	}
	return s.state
}

func (s *Socket) tryPeek(fd uintptr) {
	n, errno := peek(fd, s.one[:])
	switch {
	case errno == 0 && n > 0:
		s.state = Pending
	case errno == syscall.EAGAIN, errno == syscall.EINTR:
		s.state = Quiet
	default:
		s.state = Ended
	}
}
