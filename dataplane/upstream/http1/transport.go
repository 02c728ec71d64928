// Package http1 is a lean HTTP/1.1 client for one kind of work: send a request that lies
// in memory, relay the answer. http.Transport moves each request through two goroutines of
// its connection, which costs more than everything else the proxy does; here the caller's
// own goroutine writes the request and reads the answer. Only a body too large for the
// socket's buffer is written by a goroutine of its own, so that an early answer is seen.
//
// It is strict where http.Transport is lenient: folded headers, framing that two readers
// could take in two ways, and bytes behind an answer are refused or end the connection. It
// knows no redirects, cookies, compression, proxies or HTTP/2.
package http1

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Config has a default for every field.
type Config struct {
	// Dial opens a connection; default net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for https; its ServerName is set to the host. Default: the system's roots.
	TLS *tls.Config
	// MaxIdle is how many idle connections are kept for each scheme and host; default 512.
	MaxIdle int
	// IdleTimeout is how long an idle connection is kept; default 90 s.
	IdleTimeout time.Duration
	// MaxHead bounds an answer's status line and headers, those of 1xx answers before it
	// included, in bytes; default 64 KiB.
	MaxHead int
}

// Transport is a client with its pool of connections. It is safe for concurrent use.
type Transport struct {
	cfg  Config
	pool pool
}

var _ http.RoundTripper = (*Transport)(nil)

// New makes a Transport. It has nothing to close but its idle connections.
func New(cfg Config) *Transport {
	if cfg.Dial == nil {
		cfg.Dial = new(net.Dialer).DialContext
	}
	if cfg.TLS == nil {
		cfg.TLS = new(tls.Config)
	}
	cfg.MaxIdle = cmp.Or(cfg.MaxIdle, 512)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, 90*time.Second)
	cfg.MaxHead = cmp.Or(cfg.MaxHead, 64<<10)
	return &Transport{cfg: cfg, pool: pool{max: cfg.MaxIdle, timeout: cfg.IdleTimeout, idle: map[origin][]*conn{}}}
}

// CloseIdleConnections closes connections that nobody uses, and those in use once they are
// done, until the next request.
func (t *Transport) CloseIdleConnections() { t.pool.closeIdle() }

// RoundTrip sends a request and returns its answer as soon as the headers are here. It
// never sends a request twice. When ctx ends, so does everything, with its cause as error.
//
// The request's body is not touched any more, and closed, once RoundTrip has returned an
// error or the answer's body was closed or read to its end. Closing the request's body must
// end a Read of it that waits. Read and Close of the answer's body must not run at the same
// time.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.Send(r, nil)
}

// Send is RoundTrip which tells whether the request's connection was used before, as soon as it has one;
// connected may be nil.
func (t *Transport) Send(r *http.Request, connected func(reused bool)) (*http.Response, error) {
	ctx := r.Context()
	o, err := originOf(r.URL)
	if err == nil {
		err = checkRequest(r)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, closeBody(r))
	}
	c, reused, err := t.connect(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		_ = closeBody(r) // the error that counts is there
		return nil, err
	}
	if connected != nil {
		connected(reused)
	}
	return begin(t, c, r)
}

// connect takes an idle connection or dials.
func (t *Transport) connect(ctx context.Context, o origin) (c *conn, reused bool, err error) {
	for c := t.pool.get(o); c != nil; c = t.pool.get(o) {
		if c.alive() {
			return c, true, nil
		}
		c.close()
	}
	nc, err := t.cfg.Dial(ctx, "tcp", o.address)
	if err != nil {
		return nil, false, err
	}
	fresh := newConn(o, nc)
	if !o.tls {
		return fresh, false, nil
	}
	cfg := t.cfg.TLS.Clone()
	cfg.NextProtos = []string{"http/1.1"}
	if cfg.ServerName == "" {
		cfg.ServerName = o.host
	}
	if err := fresh.secure(ctx, cfg); err != nil {
		fresh.close() // the handshake's error is the one to tell
		return nil, false, err
	}
	return fresh, false, nil
}

// origin is where a connection leads.
type origin struct {
	tls     bool
	host    string
	address string // host:port
}

func originOf(u *url.URL) (origin, error) {
	if u == nil {
		return origin{}, errors.New("http1: the request has no URL")
	}
	o := origin{host: u.Hostname(), address: u.Host}
	if o.host == "" {
		return origin{}, errors.New("http1: the request has no host")
	}
	port := "80"
	switch u.Scheme {
	case "http":
	case "https":
		o.tls, port = true, "443"
	default:
		return origin{}, fmt.Errorf("http1: unknown scheme %q", u.Scheme)
	}
	if u.Port() == "" {
		o.address = net.JoinHostPort(o.host, port)
	}
	return o, nil
}

func closeBody(r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	return r.Body.Close()
}
