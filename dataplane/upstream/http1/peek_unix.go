//go:build unix

package http1

import (
	"errors"
	"net"
	"syscall"
)

// peeker looks at what a socket has received. Its closure is made once, so that a look
// allocates nothing.
type peeker struct {
	raw   syscall.RawConn
	peek  func(fd uintptr) bool
	state state
	one   [1]byte
}

// newPeeker returns nil for connections that are no sockets.
func newPeeker(c net.Conn) *peeker {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peeker{raw: raw}
	p.peek = func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), p.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == nil && n > 0:
			p.state = pending
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			p.state = quiet
		default:
			p.state = ended
		}
		return true // never wait
	}
	return p
}

// look tells how the socket stands; no peeker sees nothing.
func (p *peeker) look() state {
	if p == nil {
		return quiet
	}
	if p.raw.Read(p.peek) != nil {
		return ended
	}
	return p.state
}
