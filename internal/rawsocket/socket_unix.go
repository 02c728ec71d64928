//go:build unix

package rawsocket

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Socket is a connection's. One goroutine at a time may read, and another one look. Its closures are made once,
// so that neither allocates anything.
type Socket struct {
	raw syscall.RawConn

	read func(fd uintptr) bool
	into Buffer // what read fills
	n    int
	err  error

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
	s.read, s.peek = s.tryRead, s.tryPeek
	return s
}

// Read waits for bytes and reads them once, into a buffer that is lent only then. With an error it is released
// again.
func (s *Socket) Read(b Buffer) (n int, err error) {
	s.into, s.n, s.err = b, 0, nil
	err = s.raw.Read(s.read)
	s.into = nil
	if err != nil {
		return 0, err
	}
	return s.n, s.err
}

// tryRead is called again when the socket has something to read; false: it has not.
func (s *Socket) tryRead(fd uintptr) bool {
	buf := s.into.Lend()
	for {
		n, err := syscall.Read(int(fd), buf)
		switch {
		case n > 0:
			s.n = n
			return true
		case err == nil:
			s.err = io.EOF
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			s.into.Release()
			return false
		default:
			s.err = os.NewSyscallError("read", err)
		}
		s.into.Release()
		return true
	}
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
	n, _, err := syscall.Recvfrom(int(fd), s.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch {
	case err == nil && n > 0:
		s.state = Pending
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		s.state = Quiet
	default:
		s.state = Ended
	}
}
