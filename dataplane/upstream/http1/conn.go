package http1

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// readBuffer holds the head of an answer; larger reads of a body pass it by. Every open
// stream has one.
const readBuffer = 4 << 10

// conn is one connection. One exchange has it at a time.
type conn struct {
	origin origin
	nc     net.Conn // TLS included
	raw    net.Conn // below TLS
	br     *bufio.Reader
	head   []byte    // scratch, for the heads of answers
	peek   *peeker   // looks at the socket without taking from it; nil: cannot
	since  time.Time // idle since
}

func newConn(o origin, nc net.Conn) *conn {
	c := &conn{origin: o, nc: nc, raw: nc, br: bufio.NewReaderSize(nc, readBuffer)}
	if secure, ok := nc.(*tls.Conn); ok {
		c.raw = secure.NetConn()
	}
	c.peek = newPeeker(c.raw)
	return c
}

// close ends the connection at once, without TLS' goodbye, which could wait.
func (c *conn) close() {
	_ = c.raw.Close() // there is nothing to do about it
}

// alive reports whether an idle connection can take a request: the upstream has neither
// closed it nor sent what nobody asked for.
func (c *conn) alive() bool {
	switch c.peek.look() {
	case quiet:
		return true
	case pending:
		return c.raw != c.nc && c.ticketsOnly()
	}
	return false
}

// ticketsOnly lets TLS take in what has arrived: session tickets, which say nothing about
// HTTP, or the end of the connection.
func (c *conn) ticketsOnly() bool {
	if c.nc.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil {
		return false
	}
	_, err := c.br.Peek(1)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	c.br.Reset(c.nc)
	return c.nc.SetReadDeadline(time.Time{}) == nil
}

// state is what a look at an idle socket shows.
type state uint8

const (
	quiet   state = iota // open, nothing to read
	pending              // something to read
	ended                // closed or broken
)
