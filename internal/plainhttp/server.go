// Package plainhttp serves what nearly all requests of API clients are, at half of net/http's cost: whole,
// ordinary HTTP/1.1 requests on connections that stay open. It understands no more than that, see head.go.
// At the first byte of anything else (an upgrade, chunks, HTTP/1.0 or 2, a head that is large, odd or
// broken) the connection goes to another server with every byte that came, for good. So whatever strangers
// send is judged by net/http alone, and nothing is served here that net/http would read in another way.
package plainhttp

import (
	"context"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

// Config is complete when every field without a default is set.
type Config struct {
	Handler http.Handler
	// Serves says whether requests to a path may be served here; nil: all may.
	Serves func(path string) bool
	// Base is the context of all requests: they have its values, and end with it.
	Base context.Context
	// HeadTimeout bounds how long a head may take, and a new connection its first byte; IdleTimeout the
	// silence between requests; BodyTimeout a whole request, unless its handler says otherwise.
	HeadTimeout, IdleTimeout, BodyTimeout time.Duration
	Log                                   *log.Logger
}

// Server serves the connections of one listener.
type Server struct {
	cfg   Config
	base  context.Context // cfg.Base's values
	other *listener

	mu       sync.Mutex
	conns    map[*conn]struct{} // guarded by mu
	gone     []chan struct{}    // closed when there is no connection left; guarded by mu
	watching bool               // guarded by mu
	watcher  *time.Timer        // guarded by mu
	old      []*conn            // of the watch alone

	stops  atomic.Bool
	active atomic.Int64 // requests that are under way
	ticks  atomic.Int64 // of the watch
	date   atomic.Pointer[date]
}

// New returns a server.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, base: context.WithoutCancel(cfg.Base), conns: map[*conn]struct{}{}}
	context.AfterFunc(cfg.Base, s.cancelRequests)
	return s
}

// cancelRequests ends the contexts of all requests, and of all to come.
func (s *Server) cancelRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.cancelRequests()
	}
}

// open begins to serve a connection; nil: it is not one for us.
func (s *Server) open(nc net.Conn) *conn {
	tcp := tcpOf(nc)
	if tcp == nil {
		return nil
	}
	sock := rawsocket.Of(tcp)
	if sock == nil {
		return nil
	}
	c := &conn{s: s, nc: nc, tcp: tcp, sock: sock, remote: nc.RemoteAddr().String()}
	c.reads.apply, c.writes.apply = tcp.SetReadDeadline, tcp.SetWriteDeadline
	s.mu.Lock()
	defer s.mu.Unlock()
	c.ended = s.cfg.Base.Err() != nil
	s.conns[c] = struct{}{}
	return c
}

// tcpOf is the connection of the kernel's that nc is, or wraps; nil: there is none.
func tcpOf(nc net.Conn) *net.TCPConn {
	if wrapped, is := nc.(interface{ NetConn() net.Conn }); is {
		nc = wrapped.NetConn()
	}
	tcp, _ := nc.(*net.TCPConn)
	return tcp
}

// forget is called once for each connection, when it is served no longer.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) > 0 {
		return
	}
	for _, g := range s.gone {
		close(g)
	}
	s.gone = nil
}

// Stop closes the connections that wait for a request; those that serve one end behind it.
func (s *Server) Stop() {
	s.stops.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.closeIdle()
	}
}

// Wait waits until no connection is left, behind Stop and with the listener closed, or until ctx ends.
func (s *Server) Wait(ctx context.Context) error {
	s.Stop() // those that came meanwhile
	s.mu.Lock()
	if len(s.conns) == 0 {
		s.mu.Unlock()
		return nil
	}
	gone := make(chan struct{})
	s.gone = append(s.gone, gone)
	s.mu.Unlock()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close closes every connection, whatever it does. It waits for nothing.
func (s *Server) Close() {
	s.stops.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.nc.Close() // nothing is left to do about it
	}
}
