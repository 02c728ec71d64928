package upstream

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
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
	endpoints []dialect.Endpoint
	reach     *dialect.Reach
	private   bool
	outbound  outbound.Config

	inFlight atomic.Int64
	turn     atomic.Uint32

	routes sync.Map // endpoint -> *dialect.Route
	known  atomic.Int32
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
	reach := dialect.NewReach(d, p.BaseURL, p.Endpoints)
	return &Client{
		transport: newTransport(reach.Bases(), through, secure, cfg.NetHTTP),
		dialect:   d,
		base:      d.Base(p.BaseURL),
		endpoints: p.Endpoints,
		reach:     reach,
		private:   p.AllowPrivateNetwork,
		outbound:  p.Outbound,
	}
}

// serves reports whether the client may go on for the provider as it is now.
func (c *Client) serves(p *dataplane.Provider) bool {
	d, _ := dialect.Find(p.Dialect)
	return c.dialect == d && c.private == p.AllowPrivateNetwork && c.outbound == p.Outbound &&
		(p.BaseURL.Host == "" || p.BaseURL.String() == c.base.String()) && slices.EqualFunc(c.endpoints, p.Endpoints, dialect.Endpoint.Same)
}

// NewRequest prepares a POST to an endpoint such as /chat/completions for a model, which some
// providers have in the path, without a body. Only headers made here go upstream: nothing of the
// client's request does. What is minted for a credential is not in them: it may have to sign the whole
// request.
func (c *Client) NewRequest(ctx context.Context, p *dataplane.Provider, cred *dataplane.Credential, endpoint, model string) *http.Request {
	header := make(http.Header, 6+len(p.Headers))
	header["Content-Type"] = jsonType
	header["Accept-Encoding"] = identity
	header["User-Agent"] = userAgent
	secret := ""
	if cred != nil {
		secret = cred.Secret.Reveal()
	}
	route := c.route(endpoint)
	route.Prepare(header, secret)
	for _, h := range p.Headers {
		header.Set(h.Name, h.Value)
	}
	target := route.URL(model)
	r := blank.WithContext(ctx)
	r.URL, r.Host, r.Header = target, target.Host, header
	return r
}

// blank is what all requests have in common; WithContext copies it.
var blank = &http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

// route is the way to an endpoint, made once.
func (c *Client) route(endpoint string) *dialect.Route {
	if known, ok := c.routes.Load(endpoint); ok {
		return known.(*dialect.Route)
	}
	route := c.reach.Route(endpoint)
	if c.known.Add(1) <= maxRoutes {
		c.routes.Store(endpoint, route)
	}
	return route
}

// maxRoutes bounds what a client remembers; there are fewer endpoints than that.
const maxRoutes = 64

var (
	jsonType  = []string{"application/json"}
	identity  = []string{"identity"}
	userAgent = []string{"trunkline"}
)

// Send sends a request; it follows no redirect. connected learns whether the request's connection was
// used before, as soon as it has one; nil: nobody asks.
func (c *Client) Send(r *http.Request, connected func(reused bool)) (*http.Response, error) {
	return c.transport.send(r, connected)
}

// Waiter gives a way to wait until a response's body has something to read, without memory
// to read it into; nil: only a read can wait.
func (c *Client) Waiter(r *http.Response) func() { return http1.Waiter(r.Body) }

// ReleasesBody reports whether nobody reads a request's body any more once RoundTrip has
// failed or the answer's body was closed.
func (c *Client) ReleasesBody() bool {
	_, ours := c.transport.(lean)
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
