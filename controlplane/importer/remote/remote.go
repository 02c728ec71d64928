// Package remote talks to providers for the control plane: it reads the models they list,
// and tests them step by step. It never carries traffic.
//
// Providers are not trusted. Addresses are judged when they are dialled, after the name was
// resolved, and again at every redirect: link-local and metadata addresses never, private
// ones only where that is allowed. At most 3 redirects are followed, and only on the same
// scheme, host and port, so that a secret stays with its URL. An answer has 5 seconds and
// 4 MiB after decompression, and must be JSON. What goes wrong is said in words of our own:
// no error holds anything of a body, a secret, or the query of a URL. A proxy of the
// environment is not used.
package remote

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// What bounds one answer and one list.
const (
	answerTime   = 5 * time.Second
	answerBytes  = 4 << 20
	headerBytes  = 64 << 10
	maxRedirects = 3
	maxPages     = 50
	listTime     = 20 * time.Second // all pages together
	// MaxModels is how many models a provider may list.
	MaxModels = 10_000
)

// DialFunc replaces the network.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Config has a default for every field.
type Config struct {
	// AllowPrivateNetwork lets every provider have a private or loopback address, as the
	// all-in-one does; otherwise each provider must allow it.
	AllowPrivateNetwork bool
	// FakeDial reaches the built-in scripted upstream, for providers of dialect fake
	// without a base URL; nil: there is none.
	FakeDial DialFunc
	// TLS is how TLS is spoken; nil trusts what the system trusts.
	TLS *tls.Config
	// AnswerTime bounds one answer; default 5 s.
	AnswerTime time.Duration
	// Mint gets what is sent for credentials that are not sent themselves; default: what cloudauth mints
	// without the identity of this machine.
	Mint func(ctx context.Context, s cloudauth.Spec, way cloudauth.Way) (cloudauth.Grant, error)
}

// Client reaches providers. It is safe for concurrent use and keeps no connections.
type Client struct{ cfg Config }

// New makes a Client.
func New(cfg Config) *Client {
	if cfg.AnswerTime == 0 {
		cfg.AnswerTime = answerTime
	}
	if cfg.Mint == nil {
		cfg.Mint = cloudauth.New(cloudauth.Config{AllowPrivateNetwork: cfg.AllowPrivateNetwork}).Mint
	}
	return &Client{cfg}
}

// Target is a provider as it is called.
type Target struct {
	BaseURL             string
	Dialect             string // openai when empty
	Endpoints           []dialect.Endpoint
	Headers             map[string]string
	SecretQuery         map[string]string // added to the query of each URL
	Secret              string            // sent to the hosts of its base URLs only; may be empty
	Minted              *cloudauth.Spec   // what is sent for the credential in place of Secret; nil: Secret is
	AllowPrivateNetwork bool
	Outbound            outbound.Config // the way to it

	grant *cloudauth.Grant // of Minted, where it was minted before
}

// String tells nothing secret; headers may hold secrets too.
func (t Target) String() string { return "provider of dialect " + cmp.Or(t.Dialect, dialect.Default) }

// GoString is String.
func (t Target) GoString() string { return t.String() }

// LogValue is String.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.String()) }

// reach is how the target's endpoints are reached.
func (t Target) reach() (*dialect.Reach, error) {
	d, ok := dialect.Find(t.Dialect)
	if !ok {
		return nil, fault(kindURL, "its dialect is not known")
	}
	base, err := dialect.ParseBase(t.BaseURL)
	if err != nil {
		return nil, fault(kindURL, "its base_url is not a URL")
	}
	reach := dialect.NewReach(d, base, t.Endpoints)
	for i, u := range reach.Bases() {
		if u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fault(kindURL, []string{"its base_url", "an endpoint's base_url"}[min(i, 1)]+" is not a URL")
		}
	}
	return reach, nil
}

// inProcess reports whether the target is in this process rather than on a network.
func (t Target) inProcess() bool {
	d, ok := dialect.Find(t.Dialect)
	return ok && d.AllInOneOnly
}

// dial is how the target is reached.
func (c *Client) dial(t Target) (DialFunc, error) {
	if !t.inProcess() {
		dial, err := t.Outbound.Dial(addrguard.Dial(c.cfg.AllowPrivateNetwork || t.AllowPrivateNetwork), c.cfg.AllowPrivateNetwork, t.AllowPrivateNetwork)
		if err != nil {
			return nil, fault(kindURL, "its "+err.Error())
		}
		return dial, nil
	}
	if c.cfg.FakeDial == nil {
		return nil, fault(kindURL, "the scripted provider lives in the all-in-one only")
	}
	return c.cfg.FakeDial, nil
}

// session is a client for one target; close it.
type session struct {
	target  Target
	dialect *dialect.Dialect
	reach   *dialect.Reach
	http    *http.Client
	time    time.Duration
}

func (c *Client) open(ctx context.Context, t Target) (*session, error) {
	if err := c.mint(ctx, &t); err != nil {
		return nil, err
	}
	reach, err := t.reach()
	if err != nil {
		return nil, err
	}
	dial, err := c.dial(t)
	if err != nil {
		return nil, err
	}
	secure, err := c.tls(t)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        secure,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // inflated here, under a bound
		MaxResponseHeaderBytes: headerBytes,
		TLSHandshakeTimeout:    c.cfg.AnswerTime,
		MaxIdleConnsPerHost:    1,
	}
	d, _ := dialect.Find(t.Dialect) // reach knows it
	return &session{
		target: t, dialect: d, reach: reach, time: c.cfg.AnswerTime,
		http: &http.Client{Transport: transport, CheckRedirect: checkRedirect},
	}, nil
}

func (c *Client) tls(t Target) (*tls.Config, error) {
	if cfg, err := t.Outbound.TLS(); err != nil || cfg != nil {
		if err != nil {
			return nil, fault(kindTLS, err.Error())
		}
		return cfg, nil
	}
	if c.cfg.TLS == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	return c.cfg.TLS.Clone(), nil
}

func (s *session) close() { s.http.CloseIdleConnections() }

// checkRedirect lets a redirect stay where the first request went. The new address is
// judged when it is dialled.
func checkRedirect(next *http.Request, via []*http.Request) error {
	from := via[0].URL
	if via[0].Method != http.MethodGet {
		return fault(kindRedirect, "it redirects a chat, which is not followed; is base_url right?")
	}
	if next.URL.Scheme != from.Scheme || next.URL.Host != from.Host {
		return fault(kindRedirect, fmt.Sprintf("it redirects to %s://%s, which is not followed; if that is right, make it the base_url",
			next.URL.Scheme, shortened(next.URL.Host)))
	}
	if len(via) > maxRedirects {
		return fault(kindRedirect, fmt.Sprintf("it redirects more than %d times", maxRedirects))
	}
	return nil
}

// shortened cuts a host that the provider made up to the longest there is, as valid text.
func shortened(host string) string { return strings.ToValidUTF8(host[:min(len(host), 253)], "?") }

// request makes a request to an endpoint, for a model, with the target's headers and credential.
// More is added to the query.
func (s *session) request(ctx context.Context, method, endpoint, model string, more url.Values) (*http.Request, error) {
	route := s.reach.Route(endpoint)
	address := *route.URL(model)
	target := &address
	if len(more)+len(s.target.SecretQuery) > 0 {
		query := target.Query()
		for name, value := range s.target.SecretQuery {
			query.Set(name, value)
		}
		for name, values := range more {
			query[name] = values
		}
		target.RawQuery = query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return nil, fault(kindURL, "its base_url is not a URL")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("User-Agent", "trunkline")
	route.Prepare(r.Header, s.target.Secret)
	for name, value := range s.target.Headers {
		r.Header.Set(name, value)
	}
	return r, nil
}
