//go:build unix

package plainhttp

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// socket does with a connection's socket what net.Conn cannot: wait for bytes without a buffer, and look
// whether the client is still there while something else is done. Its closures are made once.
type socket struct {
	*net.TCPConn
	raw  syscall.RawConn
	read func(fd uintptr) bool
	peek func(fd uintptr)
	into *input // what read fills
	err  error  // of read
	// Of peek, which one goroutine calls at a time.
	one  [1]byte
	left bool
}

// newSocket returns nil for connections that are no TCP sockets, or that cannot be looked into.
func newSocket(nc net.Conn) *socket {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		wrapped, is := nc.(interface{ NetConn() net.Conn })
		if !is {
			return nil
		}
		if tcp, ok = wrapped.NetConn().(*net.TCPConn); !ok {
			return nil
		}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{TCPConn: tcp, raw: raw}
	s.read, s.peek = s.tryRead, s.tryPeek
	return s
}

// fill waits for bytes, and takes a buffer only when there are some.
func (s *socket) fill(in *input) error {
	s.into, s.err = in, nil
	err := s.raw.Read(s.read)
	s.into = nil
	if err != nil {
		return err
	}
	return s.err
}

// tryRead is called again when the socket has something to read; false: it has not.
func (s *socket) tryRead(fd uintptr) bool {
	s.into.lend()
	for {
		n, err := syscall.Read(int(fd), s.into.lent[:])
		switch {
		case n > 0:
			s.into.w = n
			return true
		case err == nil:
			s.err = io.EOF
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			s.into.release()
			return false
		default:
			s.err = os.NewSyscallError("read", err)
		}
		s.into.release()
		return true
	}
}

// hasLeft reports whether the client has closed the connection. It waits for nothing and takes nothing.
func (s *socket) hasLeft() bool {
	s.left = false
	return s.raw.Control(s.peek) == nil && s.left // an error: it is closed already
}

func (s *socket) tryPeek(fd uintptr) {
	n, _, err := syscall.Recvfrom(int(fd), s.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	s.left = n == 0 && err == nil || err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
}
