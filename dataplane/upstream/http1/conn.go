package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

// conn is one connection. One exchange has it at a time.
type conn struct {
	origin origin
	nc     net.Conn          // TLS included
	raw    net.Conn          // below TLS
	sock   *rawsocket.Socket // of raw; nil: it is none
	in     input
	since  time.Time // idle since
}

func newConn(o origin, raw net.Conn) *conn {
	c := &conn{origin: o, raw: raw, sock: rawsocket.Of(raw)}
	c.nc = rawsocket.Conn(raw, c.sock)
	c.in.nc, c.in.sock = c.nc, c.sock
	return c
}

// secure begins TLS.
func (c *conn) secure(ctx context.Context, cfg *tls.Config) error {
	secure := tls.Client(c.nc, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		return err
	}
	c.nc, c.in.nc, c.in.sock = secure, secure, nil
	return nil
}

// close ends the connection at once, without TLS' goodbye, which could wait.
func (c *conn) close() {
	_ = c.raw.Close() // there is nothing to do about it
}

// alive reports whether an idle connection can take a request: the upstream has neither
// closed it nor sent what nobody asked for.
func (c *conn) alive() bool {
	switch c.sock.Look() {
	case rawsocket.Quiet:
		return true
	case rawsocket.Pending:
		return c.origin.tls && c.ticketsOnly()
	}
	return false
}

// ticketsOnly lets TLS take in what has arrived: session tickets, which say nothing about
// HTTP, or the end of the connection.
func (c *conn) ticketsOnly() bool {
	if c.nc.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil {
		return false
	}
	if err := c.in.more(); !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	c.in.err = nil
	return c.nc.SetReadDeadline(time.Time{}) == nil
}
