// Package rawsocket does with a connection's socket what net.Conn cannot: wait for bytes without a buffer, look at
// what has come without taking it, and read and write without the scheduler's help for calls that may block.
package rawsocket

import "net"

// Buffer is lent while bytes flow, so that a connection that is quiet holds none.
type Buffer interface {
	Lend() []byte
	Release()
}

// State is what a look at a socket shows.
type State uint8

// The states.
const (
	Quiet   State = iota // open, nothing to read
	Pending              // something to read
	Ended                // closed or broken
)

// Conn is c, read and written through its socket s; c itself if that is nil.
func Conn(c net.Conn, s *Socket) net.Conn {
	if s == nil {
		return c
	}
	return conn{c, s}
}

type conn struct {
	net.Conn
	s *Socket
}

// Read implements net.Conn.
func (c conn) Read(p []byte) (int, error) { return c.s.Read(p) }

// Write implements net.Conn.
func (c conn) Write(p []byte) (int, error) { return c.s.Write(p) }
