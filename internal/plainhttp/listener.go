package plainhttp

import (
	"net"
	"sync"
)

// Listener serves what ln accepts, and gives to whoever accepts from it the connections that are for
// another server. Errors of ln are given as well. Closing it closes ln. Call it once.
func (s *Server) Listener(ln net.Listener) net.Listener {
	l := &listener{Listener: ln, s: s, accepted: make(chan accepted), closed: make(chan struct{})}
	s.other = l
	go l.accept() // ends with the listener
	return l
}

// listener is between a listener and the other server.
type listener struct {
	net.Listener
	s        *Server
	accepted chan accepted
	closed   chan struct{}
	once     sync.Once
}

type accepted struct {
	nc  net.Conn
	err error
}

// accept serves connections until the listener is closed. The other server decides how long to wait
// behind an error: it accepts no sooner again.
func (l *listener) accept() {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			select {
			case l.accepted <- accepted{err: err}:
				continue
			case <-l.closed:
				return
			}
		}
		if c := l.s.open(nc); c != nil {
			go c.serve() // Shutdown waits for it
		} else {
			l.handOver(nc)
		}
	}
}

// handOver gives a connection to the other server; when that accepts no more, it is closed.
func (l *listener) handOver(nc net.Conn) {
	select {
	case l.accepted <- accepted{nc: nc}:
	case <-l.closed:
		_ = nc.Close() // as a listener's backlog is
	}
}

// Accept gives the next connection for the other server.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case a := <-l.accepted:
		return a.nc, a.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. Requests that are under way go on.
func (l *listener) Close() error {
	var err error
	l.once.Do(func() {
		err = l.Listener.Close()
		close(l.closed)
	})
	return err
}

// begun is a connection of which something was read already.
type begun struct {
	net.Conn
	read []byte
}

// Read gives what was read first.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.read) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.read)
	if b.read = b.read[n:]; len(b.read) == 0 {
		b.read = nil
	}
	return n, nil
}

// CloseWrite lets the client read what was sent before the connection is gone.
func (b *begun) CloseWrite() error {
	if half, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
