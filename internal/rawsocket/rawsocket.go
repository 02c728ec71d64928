// Package rawsocket does with a connection's socket what net.Conn cannot: wait for bytes without a buffer, and
// look at what has come without taking it.
package rawsocket

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
