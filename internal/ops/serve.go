package ops

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second // a client that has not sent its headers by then is cut
	readTimeout       = 2 * time.Minute  // for a whole request, unless its handler says otherwise
	idleTimeout       = 2 * time.Minute  // above the 60 s that load balancers keep idle connections
	maxHeaderBytes    = 60 << 10         // net/http adds 4 KiB of its own: 64 KiB in all; over HTTP/2 more ends the connection
	pingAfter         = 30 * time.Second // HTTP/2: silence after which the peer is asked for a sign of life
	defaultDrain      = 30 * time.Second // what container runtimes commonly grant
	cancelGrace       = time.Second      // for handlers to return once their requests are cancelled
)

// Server serves HTTP until it is told to stop, and then drains. There is no limit on how
// long a request may take, for streams may be long: handlers set their own deadlines.
type Server struct {
	Handler http.Handler // required
	Logger  *slog.Logger // required
	// Drain is how long requests in flight may go on once the server is to stop;
	// default 30s. After that they are cancelled.
	Drain time.Duration
	// Settle is how long the server goes on as before once it is to stop, so that load
	// balancers which ask for its readiness learn of it first; default 0.
	Settle time.Duration
	// OnStop, if set, is called once when the server is to stop, before Settle.
	OnStop func()
	// OnDrain, if set, is called once when draining begins, to end streams that would
	// never end by themselves.
	OnDrain func()
	// OnCut, if set, is called once when requests in flight may go on no longer, so that
	// their answers say so; they are cancelled a second later.
	OnCut func()
	// Hurry, when it is closed, ends Settle and Drain at once. Default: nothing does.
	Hurry <-chan struct{}
	// Early words what is answered to requests that never reach Handler; default: net/http's
	// plain text.
	Early Early
	// UnencryptedHTTP2 also serves HTTP/2 without TLS, as gRPC clients speak it.
	UnencryptedHTTP2 bool
	// Plain says of which paths ordinary requests are served without net/http where TLS is not spoken, see
	// package plainhttp; nil: of none.
	Plain func(path string) bool
	// TLS is how TLS is spoken, with its protocols in NextProtos; default: not at all.
	TLS *tls.Config
}

// Serve accepts connections on ln until ctx is done; then it stops accepting, lets
// requests in flight end, and returns nil. Requests are not cancelled by ctx. An error
// means that ln broke. Serve closes ln.
func (s Server) Serve(ctx context.Context, ln net.Listener) error {
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	all := s.servers(requests)

	broken := make(chan error, 1)
	go func() { broken <- all.serve(ln) }()
	select {
	case err := <-broken:
		cancelRequests()
		all.close() // the listener's error is the one to tell
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.settle()
	if s.OnDrain != nil {
		s.OnDrain()
	}
	s.drain(all, cancelRequests)
	<-broken // it is http.ErrServerClosed
	return nil
}

// settle lets the world learn that the server is about to stop.
func (s Server) settle() {
	if s.OnStop != nil {
		s.OnStop()
	}
	t := time.NewTimer(s.Settle)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.Hurry:
	}
}

// drain waits for requests in flight, cancels those that last too long and closes the
// connections of those that do not heed it.
func (s Server) drain(all *servers, cancelRequests context.CancelFunc) {
	limit := cmp.Or(s.Drain, defaultDrain)
	if all.shutdown(limit, s.Hurry) == nil {
		return
	}
	s.Logger.Warn("drain ended: cancelling requests in flight", "drain", limit)
	if s.OnCut != nil {
		s.OnCut()
		if all.shutdown(cancelGrace, nil) == nil {
			return
		}
	}
	cancelRequests()
	if all.shutdown(cancelGrace, nil) != nil {
		all.close()
	}
}
