//go:build !unix

package rawsocket

import (
	"errors"
	"net"
)

// Socket cannot be had here, and none of its methods is called.
type Socket struct{}

// Of returns nil.
func Of(net.Conn) *Socket { return nil }

// ReadLent reads nothing.
func (*Socket) ReadLent(Buffer) (int, error) { return 0, errors.ErrUnsupported }

// Read reads nothing.
func (*Socket) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Write writes nothing.
func (*Socket) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Look sees nothing.
func (*Socket) Look() State { return Quiet }
