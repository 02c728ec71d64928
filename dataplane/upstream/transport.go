package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/upstream/http1"
)

// transport sends requests and keeps connections.
type transport interface {
	send(r *http.Request, connected func(reused bool)) (*http.Response, error)
	CloseIdleConnections()
}

// lean is our own client.
type lean struct{ *http1.Transport }

func (t lean) send(r *http.Request, connected func(reused bool)) (*http.Response, error) {
	return t.Send(r, connected)
}

// netHTTP is net/http's.
type netHTTP struct{ *http.Transport }

func (t netHTTP) send(r *http.Request, connected func(reused bool)) (*http.Response, error) {
	if connected != nil {
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { connected(info.Reused) }}
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	}
	return t.RoundTrip(r)
}

const (
	maxIdle     = 512      // connections of one provider
	maxHead     = 64 << 10 // bytes of an answer's headers
	idleTimeout = 90 * time.Second
)

// DialFunc connects to an address.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// newTransport gives our own client, or net/http's where that is asked for or needed:
// http1 does not turn international host names into ASCII.
func newTransport(bases []*url.URL, dial DialFunc, secure *tls.Config, standard bool) transport {
	if !standard && !slices.ContainsFunc(bases, func(u *url.URL) bool { return !isASCII(u.Host) }) {
		return lean{http1.New(http1.Config{Dial: dial, TLS: secure, MaxIdle: maxIdle, IdleTimeout: idleTimeout, MaxHead: maxHead})}
	}
	return netHTTP{&http.Transport{
		DialContext:            dial,
		TLSClientConfig:        secure,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		DisableCompression:     true,
		WriteBufferSize:        64 << 10,
		ReadBufferSize:         16 << 10,
		MaxResponseHeaderBytes: maxHead,
		TLSHandshakeTimeout:    time.Minute, // the attempt's own clock is the real bound
	}}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
