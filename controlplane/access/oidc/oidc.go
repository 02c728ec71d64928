// Package oidc signs people in at an identity provider: OpenID Connect with the authorization code flow,
// PKCE, state and nonce. It tells who somebody is there and which role their groups give; users and
// sessions are the caller's.
package oidc

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/trunkline-ai/trunkline/internal/addrguard"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	fetchTimeout = 10 * time.Second
	maxAnswer    = 1 << 20 // bytes of one answer of the provider
	// flowLifetime is how long somebody may take to sign in there.
	flowLifetime = 10 * time.Minute
	// freshness is how old a proof may be that was asked for again.
	freshness = 2 * time.Minute
	// DefaultSession is how long sessions last that began there: a working day.
	DefaultSession = 8 * time.Hour
	minSession     = 5 * time.Minute
	maxSession     = 7 * 24 * time.Hour
	// failureKept is for how long nobody looks for a provider again that was not found: everybody may ask for it.
	failureKept = 5 * time.Second
	// oldestProof is how long ago somebody may have signed in there, as long as our sessions last. It is asked for
	// because only then every provider has to say when that was.
	oldestProof = 7 * 24 * time.Hour
	emailClaim  = "email"
	// longestName is how long the name of a user may be, in bytes.
	longestName = 256
)

// Config says which provider, and what its groups mean.
type Config struct {
	Issuer   string // required; exactly as the provider calls itself
	ClientID string // required
	// ClientSecret is asked for at each sign-in; nil, or empty text: a public client, which PKCE alone protects.
	ClientSecret func() string
	RedirectURL  string // required: the console's /login, as browsers reach it
	Scopes       []string
	// UsernameClaim names users; default email, which must be verified. Any other claim is taken as the provider
	// states it.
	UsernameClaim string
	// RoleClaim holds the groups that Roles names; without Roles users have the role that an owner gave them.
	RoleClaim string
	Roles     map[string]adminv1.Role
	// AllowPrivateNetwork lets the provider be at a private or loopback address.
	AllowPrivateNetwork bool
	// Session is how long a session that began there lasts at most: what somebody may do is asked again at the next
	// sign-in only. 5 minutes to 7 days; default DefaultSession.
	Session time.Duration
	// Key seals what the browser keeps while its user is away.
	Key    []byte
	Logger *slog.Logger
	Now    func() time.Time
}

// Identity is somebody as the provider knows them.
type Identity struct {
	Issuer, Subject string
	Name            string       // by UsernameClaim
	ProvedAt        time.Time    // when the provider last asked who it is; now where it does not say
	Role            adminv1.Role // by their groups; unspecified: none of them gives one
}

// Provider is one identity provider. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	client *http.Client
	sealer flowSealer

	// looking has room for whoever looks for the provider: one at a time.
	looking  chan struct{}
	mu       sync.Mutex
	provider *goidc.Provider // guarded by mu; nil until it was found
	failure  error           // guarded by mu; of the last look
	failedAt time.Time       // guarded by mu
}

// Check reports what is missing or cannot be.
func (c Config) Check() error {
	for name, value := range map[string]string{"issuer": c.Issuer, "redirect URL": c.RedirectURL} {
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Fragment != "" {
			return errs.Newf(errs.InvalidArgument, "OpenID Connect: the %s %q is not an http or https URL", name, value)
		}
	}
	if c.ClientID == "" {
		return errs.Newf(errs.InvalidArgument, "OpenID Connect: the client id is missing")
	}
	if c.Session != 0 && (c.Session < minSession || c.Session > maxSession) {
		return errs.Newf(errs.InvalidArgument, "OpenID Connect: sessions last %s, want %s to %s", c.Session, minSession, maxSession)
	}
	return nil
}

// New makes a provider; it is asked when the first user comes.
func New(cfg Config) (*Provider, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	sealer, err := newFlowSealer(cfg.Key)
	if err != nil {
		return nil, err
	}
	if cfg.Session == 0 {
		cfg.Session = DefaultSession
	}
	cfg.UsernameClaim = cmp.Or(cfg.UsernameClaim, emailClaim)
	if cfg.ClientSecret == nil {
		cfg.ClientSecret = func() string { return "" }
	}
	return &Provider{cfg: cfg, sealer: sealer, looking: make(chan struct{}, 1), client: &http.Client{
		Timeout: fetchTimeout,
		Transport: limited{&http.Transport{
			DialContext: addrguard.Dial(cfg.AllowPrivateNetwork), TLSHandshakeTimeout: fetchTimeout, ForceAttemptHTTP2: true,
			MaxIdleConns: 4, IdleConnTimeout: time.Minute,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the identity provider redirects") },
	}}, nil
}

// SessionLifetime is how long a session that began there lasts at most.
func (p *Provider) SessionLifetime() time.Duration { return p.cfg.Session }

// MapsRoles reports whether the provider's groups say who has which role.
func (p *Provider) MapsRoles() bool { return len(p.cfg.Roles) > 0 }

// Begin gives the address to send a browser to, and what the browser has to keep until it is back. again asks
// for a new proof even of those whom the provider knows already.
func (p *Provider) Begin(ctx context.Context, next string, again bool) (address, kept string, err error) {
	config, _, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	f := newFlow(next, again, p.cfg.Now().Add(flowLifetime))
	options := []oauth2.AuthCodeOption{goidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	oldest := oldestProof
	if again {
		oldest, options = 0, append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	options = append(options, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(oldest.Seconds()))))
	return config.AuthCodeURL(f.State, options...), p.sealer.seal(f), nil
}

// Finish exchanges the code that a browser came back with. next is what Begin was given.
func (p *Provider) Finish(ctx context.Context, kept, state, code string) (id Identity, next string, err error) {
	f, ok := p.sealer.open(kept)
	if !ok || p.cfg.Now().After(f.Expires) || subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) != 1 {
		return Identity{}, "", errs.Newf(errs.Unauthenticated, "this sign-in was not begun in this browser, or too long ago: begin again")
	}
	config, found, err := p.discover(ctx)
	if err != nil {
		return Identity{}, "", err
	}
	token, err := config.Exchange(goidc.ClientContext(ctx, p.client), code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, "", p.refused(ctx, "the code was not exchanged", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, "", p.refused(ctx, "there is no ID token", nil)
	}
	idToken, err := found.Verifier(&goidc.Config{ClientID: p.cfg.ClientID, Now: p.cfg.Now}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, "", p.refused(ctx, "the ID token is not valid", err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(f.Nonce)) != 1 {
		return Identity{}, "", p.refused(ctx, "the ID token is for another sign-in", nil)
	}
	all, err := p.claims(ctx, found, idToken, token)
	if err != nil {
		return Identity{}, "", err
	}
	if id, err = p.identity(ctx, idToken, all, f.Again); err != nil {
		return Identity{}, "", err
	}
	return id, f.Next, nil
}

// discover asks the provider where its parts are, once.
func (p *Provider) discover(ctx context.Context) (*oauth2.Config, *goidc.Provider, error) {
	found, err := p.found()
	if found == nil && err == nil {
		found, err = p.look(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret(), Endpoint: found.Endpoint(), RedirectURL: p.cfg.RedirectURL, Scopes: p.cfg.Scopes,
	}, found, nil
}

// found is the provider if it was found, or why it was not a moment ago.
func (p *Provider) found() (*goidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil && p.cfg.Now().Sub(p.failedAt) < failureKept {
		return nil, p.failure
	}
	return p.provider, nil
}

// look looks for the provider, or waits for who does.
func (p *Provider) look(ctx context.Context) (*goidc.Provider, error) {
	select {
	case p.looking <- struct{}{}:
		defer func() { <-p.looking }()
	case <-ctx.Done():
		return nil, errs.Wrap(errs.Unavailable, ctx.Err(), "the identity provider does not respond")
	}
	if found, err := p.found(); found != nil || err != nil {
		return found, err
	}
	// Its keys are fetched long after the call that finds it.
	found, err := goidc.NewProvider(goidc.ClientContext(context.WithoutCancel(ctx), p.client), p.cfg.Issuer)
	if err != nil {
		p.cfg.Logger.WarnContext(ctx, "identity provider discovery failed", "issuer", p.cfg.Issuer, "error", err)
		err = errs.Wrap(errs.Unavailable, err, "the identity provider's response is not valid: see the log of the control plane")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.provider, p.failure, p.failedAt = found, err, p.cfg.Now()
	return found, err
}

// refused tells the log why, and the caller only that. The cause may quote what the provider answered, which is cut
// and may repeat what it was sent: the client secret, or these.
func (p *Provider) refused(ctx context.Context, why string, cause error, sent ...string) error {
	said := ""
	if cause != nil {
		said = cause.Error()
		if secret := p.cfg.ClientSecret(); secret != "" {
			basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(p.cfg.ClientID) + ":" + url.QueryEscape(secret)))
			sent = append(sent, secret, url.QueryEscape(secret), basic)
		}
		for _, secret := range sent {
			said = strings.ReplaceAll(said, secret, "[redacted]")
		}
		said = said[:min(len(said), 200)]
	}
	p.cfg.Logger.WarnContext(ctx, "OIDC sign-in failed", "reason", why, "error", said)
	return errs.Newf(errs.Unauthenticated, "signing in at the identity provider failed: %s", why)
}

// limited bounds answers.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	return res, nil
}
