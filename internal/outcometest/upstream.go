package outcometest

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
)

// upstreams are the kinds of upstream that Serve can set up.
var upstreams = []string{"", "closed_port", "unknown_host", "untrusted_tls", "plain_as_tls", "blocked", "silent_dial", "stale"}

// Endpoint is where a provider of a case is reached.
type Endpoint struct {
	BaseURL string
	// Dial replaces the network where a failure must be told apart from this machine's
	// network; nil for a normal dial.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Serve sets up the upstream a case needs, until the test ends. handler answers where
// answers are possible.
//
//	""             an HTTP server
//	closed_port    a port nobody listens on
//	unknown_host   a name that does not resolve
//	untrusted_tls  a certificate nobody signed
//	plain_as_tls   https to a server that speaks plain HTTP
//	blocked        an address of cloud metadata
//	silent_dial    a dial that never ends
//	stale          a server that closes a connection when its second request comes
func Serve(t testing.TB, kind string, handler http.Handler) Endpoint {
	t.Helper()
	switch kind {
	case "closed_port":
		return Endpoint{BaseURL: "http://" + ClosedPort(t) + "/v1"}
	case "unknown_host":
		return Endpoint{BaseURL: "http://provider.invalid/v1", Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "provider.invalid", IsNotFound: true}}
		}}
	case "blocked":
		return Endpoint{BaseURL: "http://169.254.169.254/v1"}
	case "silent_dial":
		return Endpoint{BaseURL: "http://127.0.0.1:9/v1", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
		}}
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	t.Cleanup(func() {
		server.CloseClientConnections() // answers that stall would be waited for
		server.Close()
	})
	switch kind {
	case "untrusted_tls":
		server.StartTLS()
	case "plain_as_tls":
		server.Start()
		return Endpoint{BaseURL: "https://" + server.Listener.Addr().String() + "/v1"}
	case "stale":
		server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, requestsKey{}, new(atomic.Int32))
		}
		server.Config.Handler = onceAConnection(handler)
		server.Start()
	default:
		server.Start()
	}
	return Endpoint{BaseURL: server.URL + "/v1"}
}

// ClosedPort is an address that refuses connections until the test ends: its port is
// bound, so that nobody else gets it, but nobody listens.
func ClosedPort(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("make a socket: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatalf("bind a port: %v", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatalf("read the bound port: %v", err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

type requestsKey struct{}

// onceAConnection answers the first request of each connection and closes it at the second.
func onceAConnection(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, ok := r.Context().Value(requestsKey{}).(*atomic.Int32); ok && n.Add(1) > 1 {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
				return
			}
		}
		handler.ServeHTTP(w, r)
	})
}
