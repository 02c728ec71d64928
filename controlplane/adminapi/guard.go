package adminapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// guard is what stands before every route: it refuses requests that another site made
// a browser send, and marks answers as neither cacheable nor embeddable.
type guard struct {
	crossOrigin *http.CrossOriginProtection
	// namedHosts says whether requests may come under any host name. Otherwise only under
	// addresses and localhost: a page whose own name resolves to this machine (DNS
	// rebinding) is same-origin to the browser, and could sign in with the default password.
	// Nor through a proxy, behind which everyone has this machine's address.
	namedHosts func(context.Context) bool
	errors     *connecthttp.ErrorWriter
}

func newGuard(namedHosts func(context.Context) bool) *guard {
	return &guard{
		crossOrigin: http.NewCrossOriginProtection(),
		namedHosts:  namedHosts,
		errors:      connecthttp.NewErrorWriter(),
	}
}

func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case g.crossOrigin.Check(r) != nil:
			g.refuse(w, r, "cross-site requests are refused")
		case (!unboundHost(r.Host) || isForwarded(r.Header)) && !g.namedHosts(r.Context()):
			g.refuse(w, r, "with the default password the admin API is available only at localhost or an IP address, and not through a proxy")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (g *guard) refuse(w http.ResponseWriter, r *http.Request, why string) {
	g.fail(w, r, connect.NewError(connect.CodePermissionDenied, why))
}

// fail answers in the protocol of the request. A failed write is a client that left.
func (g *guard) fail(w http.ResponseWriter, r *http.Request, err error) {
	_ = g.errors.Write(w, r, err)
}

// isForwarded reports whether a proxy says that it hands on the request of another.
func isForwarded(h http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

// unboundHost reports whether a Host header names this machine without DNS.
func unboundHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// guarded keeps handlers behind the guard, and what begins a session behind its door as well.
type guarded struct {
	routes map[string]http.Handler
	guard  *guard
	door   *loginDoor
}

// Handle implements connecthttp.ServeMux.
func (m guarded) Handle(pattern string, handler http.Handler) {
	switch pattern {
	case adminv1connect.SessionServiceLoginProcedure, adminv1connect.SessionServiceBeginOidcProcedure, adminv1connect.SessionServiceFinishOidcProcedure:
		handler = m.door.wrap(handler)
	}
	if strings.HasSuffix(pattern, "/") { // what is no method is refused elsewhere
		return
	}
	m.routes[pattern] = m.guard.wrap(readingWithin(pattern, handler))
}
