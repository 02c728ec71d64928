package ops

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second // a client that has not sent its headers by then is cut
	readTimeout       = 2 * time.Minute  // for a whole request, unless its handler says otherwise
	idleTimeout       = 2 * time.Minute  // above the 60 s that load balancers keep idle connections
	maxHeaderBytes    = 28 << 10         // net/http adds 4 KiB of its own: 32 KiB in all
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
	// TLS is how TLS is spoken, with its protocols in NextProtos; default: not at all.
	TLS *tls.Config
}

// Serve accepts connections on ln until ctx is done; then it stops accepting, lets
// requests in flight end, and returns nil. Requests are not cancelled by ctx. An error
// means that ln broke. Serve closes ln.
func (s Server) Serve(ctx context.Context, ln net.Listener) error {
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	upgraded := &upgrades{next: s.Handler}
	s.Handler = upgraded
	srv := s.server(requests)

	broken := make(chan error, 1)
	go func() { broken <- srv.Serve(strict(s.secure(srv, ln), s.Early)) }()
	select {
	case err := <-broken:
		_ = srv.Close() // the listener's error is the one to tell
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.settle()
	if s.OnDrain != nil {
		s.OnDrain()
	}
	err := s.drain(srv, upgraded, cancelRequests)
	<-broken // srv.Serve has returned http.ErrServerClosed
	return err
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
func (s Server) drain(srv *http.Server, upgraded *upgrades, cancelRequests context.CancelFunc) error {
	limit := cmp.Or(s.Drain, defaultDrain)
	if shutdown(srv, upgraded, limit, s.Hurry) == nil {
		return nil
	}
	s.Logger.Warn("requests in flight are cancelled: the time to drain is over", "drain", limit)
	if s.OnCut != nil {
		s.OnCut()
		if shutdown(srv, upgraded, cancelGrace, nil) == nil {
			return nil
		}
	}
	cancelRequests()
	if shutdown(srv, upgraded, cancelGrace, nil) == nil {
		return nil
	}
	if err := srv.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close connections: %w", err)
	}
	return nil
}

// shutdown waits for requests in flight, at most for the limit or until hurry is closed.
func shutdown(srv *http.Server, upgraded *upgrades, limit time.Duration, hurry <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	done := make(chan struct{})
	defer close(done)
	wg.Go(func() {
		select {
		case <-hurry:
			cancel()
		case <-done:
		}
	})
	if err := srv.Shutdown(ctx); err != nil {
		return err
	}
	return upgraded.wait(ctx)
}

func (s Server) server(requests context.Context) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(s.UnencryptedHTTP2)
	return &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: pingAfter},
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       withConn,
		ErrorLog:          slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),
	}
}
