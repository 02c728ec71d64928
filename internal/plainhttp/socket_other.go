//go:build !unix

package plainhttp

import (
	"errors"
	"net"
)

// socket is for systems on which one can wait without a buffer. On others net/http serves everything.
type socket struct{ *net.TCPConn }

func newSocket(net.Conn) *socket { return nil }

func (*socket) fill(*input) error { return errors.ErrUnsupported }

func (*socket) hasLeft() bool { return false }
