package fakeprovider

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Listener joins an HTTP server to HTTP clients of the same process. Its connections are
// net.Pipe: synchronous, with working deadlines, and closing one end is EOF at the other.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

var _ net.Listener = (*Listener)(nil)

// Listen makes a listener in memory. Serve it with http.Server.Serve and hand DialContext
// to the client's http.Transport.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next DialContext; net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, l.failure("accept", net.ErrClosed)
	}
}

// DialContext connects to the listener, whatever the address. After Close it is refused,
// as a port that nobody listens on.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, l.failure("dial", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, l.failure("dial", ctx.Err())
	}
}

// Close refuses further connections; those that exist live on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is a name for logs; nothing can be dialled by it.
func (l *Listener) Addr() net.Addr { return memoryAddr{} }

func (l *Listener) failure(op string, err error) error {
	return &net.OpError{Op: op, Net: memoryAddr{}.Network(), Addr: l.Addr(), Err: err}
}

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "fakeprovider" }
