package upstream

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/upstream/http1"
	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// Client reaches one provider. It outlives snapshots as long as the provider keeps its
// address, so connections and counters survive a configuration change.
type Client struct {
	transport transport
	dialect   *dialect.Dialect
	base      *url.URL
	private   bool
	outbound  outbound.Config

	inFlight atomic.Int64
	turn     atomic.Uint32

	targets sync.Map // endpoint -> *url.URL
	known   atomic.Int32
}

func newClient(p *dataplane.Provider, d *dialect.Dialect, cfg *Config) *Client {
	dial := addrguard.Dial(cfg.AllowPrivateNetwork || p.AllowPrivateNetwork)
	if d.AllInOneOnly && cfg.AllInOneDial != nil {
		dial = cfg.AllInOneDial
	}
	through, err := p.Outbound.Dial(dial, cfg.AllowPrivateNetwork, p.AllowPrivateNetwork)
	secure, tlsErr := p.Outbound.TLS()
	if err = errors.Join(err, tlsErr); err != nil { // a snapshot is compiled with its check
		through = func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	base := d.Base(p.BaseURL)
	return &Client{
		transport: newTransport(base, through, secure, cfg.NetHTTP),
		dialect:   d,
		base:      base,
		private:   p.AllowPrivateNetwork,
		outbound:  p.Outbound,
	}
}

// serves reports whether the client may go on for the provider as it is now.
func (c *Client) serves(p *dataplane.Provider) bool {
	d, _ := dialect.Find(p.Dialect)
	return c.dialect == d && c.private == p.AllowPrivateNetwork && c.outbound == p.Outbound &&
		(p.BaseURL.Host == "" || p.BaseURL.String() == c.base.String())
}

// NewRequest prepares a POST to an endpoint such as /chat/completions, without a body.
// Only headers made here go upstream: nothing of the client's request does.
func (c *Client) NewRequest(ctx context.Context, p *dataplane.Provider, cred *dataplane.Credential, endpoint string) *http.Request {
	header := make(http.Header, 6+len(p.Headers))
	header["Content-Type"] = jsonType
	header["Accept-Encoding"] = identity
	header["User-Agent"] = userAgent
	if cred != nil {
		c.dialect.Authorize(header, endpoint, cred.Secret.Reveal())
	}
	for _, h := range p.Headers {
		header.Set(h.Name, h.Value)
	}
	target := c.target(endpoint)
	r := blank.WithContext(ctx)
	r.URL, r.Host, r.Header = target, target.Host, header
	return r
}

// blank is what all requests have in common; WithContext copies it.
var blank = &http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

// target is the URL of an endpoint, made once. Nobody changes it.
func (c *Client) target(endpoint string) *url.URL {
	if known, ok := c.targets.Load(endpoint); ok {
		return known.(*url.URL)
	}
	target := dialect.Join(c.base, endpoint)
	if c.known.Add(1) <= maxTargets {
		c.targets.Store(endpoint, target)
	}
	return target
}

// maxTargets bounds what a client remembers; there are fewer endpoints than that.
const maxTargets = 64

var (
	jsonType  = []string{"application/json"}
	identity  = []string{"identity"}
	userAgent = []string{"trunkline"}
)

// RoundTrip sends a request; it follows no redirect.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	return c.transport.RoundTrip(r)
}

// Waiter gives a way to wait until a response's body has something to read, without memory
// to read it into; nil: only a read can wait.
func (c *Client) Waiter(r *http.Response) func() { return http1.Waiter(r.Body) }

// ReleasesBody reports whether nobody reads a request's body any more once RoundTrip has
// failed or the answer's body was closed.
func (c *Client) ReleasesBody() bool {
	_, ours := c.transport.(*http1.Transport)
	return ours
}

// DropIdle closes idle connections, so that the next request dials.
func (c *Client) DropIdle() { c.transport.CloseIdleConnections() }

// Acquire takes a place among at most limit attempts in flight; 0 is no limit.
func (c *Client) Acquire(limit int) bool {
	if n := c.inFlight.Add(1); limit > 0 && n > int64(limit) {
		c.inFlight.Add(-1)
		return false
	}
	return true
}

// Release gives the place back.
func (c *Client) Release() { c.inFlight.Add(-1) }

// Turn counts up: credentials take turns by it.
func (c *Client) Turn() uint32 { return c.turn.Add(1) }
