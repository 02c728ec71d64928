//go:build unix

package http1

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// socket does with a connection's socket what net.Conn cannot: look at what has come
// without taking it, and wait for bytes without a buffer. Its closures are made once, so
// that neither allocates anything.
type socket struct {
	raw   syscall.RawConn
	peek  func(fd uintptr) bool
	state state
	one   [1]byte
	read  func(fd uintptr) bool
	in    *input // what read fills
	err   error  // of read
}

// newSocket returns nil for connections that are no sockets.
func newSocket(c net.Conn) *socket {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.peek = s.tryPeek
	s.read = s.tryRead
	return s
}

// look tells how the socket stands; no socket sees nothing.
func (s *socket) look() state {
	if s == nil {
		return quiet
	}
	if s.raw.Read(s.peek) != nil {
		return ended
	}
	return s.state
}

func (s *socket) tryPeek(fd uintptr) bool {
	n, _, err := syscall.Recvfrom(int(fd), s.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch {
	case err == nil && n > 0:
		s.state = pending
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		s.state = quiet
	default:
		s.state = ended
	}
	return true // never wait
}

// fill waits for bytes and reads them into a buffer that is lent only then.
func (s *socket) fill(in *input) error {
	s.in, s.err = in, nil
	err := s.raw.Read(s.read)
	s.in = nil
	if err != nil {
		return err
	}
	return s.err
}

// tryRead is called again when the socket has something to read; false: it has not.
func (s *socket) tryRead(fd uintptr) bool {
	s.in.lend()
	for {
		n, err := syscall.Read(int(fd), s.in.buf)
		switch {
		case n > 0:
			s.in.w = n
			return true
		case err == nil:
			s.err = io.EOF
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			s.in.release()
			return false
		default:
			s.err = os.NewSyscallError("read", err)
		}
		s.in.release()
		return true
	}
}
