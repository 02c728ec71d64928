//go:build !unix

package http1

import "net"

// socket cannot be looked at here: a connection that the upstream closed shows when it is
// used, and one that waits for bytes keeps its buffer.
type socket struct{}

func newSocket(net.Conn) *socket { return nil }

func (*socket) look() state { return quiet }

func (*socket) fill(in *input) error {
	in.lend()
	n, err := in.nc.Read(in.buf)
	in.w = n
	return err
}
