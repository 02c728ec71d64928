//go:build !unix

package rawsocket

import (
	"errors"
	"net"
)

// Socket cannot be had here.
type Socket struct{}

// Of returns nil.
func Of(net.Conn) *Socket { return nil }

// Read is never called.
func (*Socket) Read(Buffer) (int, error) { return 0, errors.ErrUnsupported }

// Look sees nothing.
func (*Socket) Look() State { return Quiet }
