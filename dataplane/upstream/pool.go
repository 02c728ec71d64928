// Package upstream talks to providers: one pooled HTTP client per provider behind the
// engine's interface. What differs between dialects is data in a registry that both planes
// read (internal/domain/dialect).
package upstream

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// Config may be empty.
type Config struct {
	// AllInOneDial connects to what lives in the all-in-one only; nil: there is no such thing
	// here.
	AllInOneDial DialFunc
	// AllowPrivateNetwork lets every provider resolve to private and loopback addresses,
	// as the all-in-one does; otherwise each provider must allow it.
	AllowPrivateNetwork bool
	// NetHTTP sends requests with net/http's client instead of our own leaner one.
	NetHTTP bool
}

// Pool holds a client for each provider of the snapshot in use. It is safe for concurrent use.
type Pool struct {
	cfg     Config
	clients atomic.Pointer[map[string]*Client]
	mu      sync.Mutex // serialises Update
}

// NewPool returns an empty pool.
func NewPool(cfg Config) *Pool {
	p := &Pool{cfg: cfg}
	p.clients.Store(&map[string]*Client{})
	return p
}

// Check reports the first provider of the snapshot that cannot be served here.
func (p *Pool) Check(s *dataplane.Snapshot) error {
	for _, provider := range s.Providers {
		if d, ok := dialect.Find(provider.Dialect); !ok || d.AllInOneOnly && p.cfg.AllInOneDial == nil {
			return fmt.Errorf("provider %q: dialect %q is not available on this node", provider.Name, provider.Dialect)
		}
	}
	return nil
}

// Update makes the pool hold exactly the snapshot's providers. A client whose
// connections stay valid keeps them; the others close theirs once idle, so requests in
// flight finish.
func (p *Pool) Update(s *dataplane.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := *p.clients.Load()
	next := make(map[string]*Client, len(s.Providers))
	for name, provider := range s.Providers {
		if c, ok := old[name]; ok && c.serves(provider) {
			next[name] = c
			continue
		}
		if d, ok := dialect.Find(provider.Dialect); ok { // Check said so
			next[name] = newClient(provider, d, &p.cfg)
		}
	}
	p.clients.Store(&next)
	for name, c := range old {
		if next[name] != c {
			c.transport.CloseIdleConnections()
		}
	}
}

// Client returns the client of a provider; nil when the pool does not hold it.
func (p *Pool) Client(provider string) *Client {
	return (*p.clients.Load())[provider]
}

// Close closes idle connections.
func (p *Pool) Close() {
	for _, c := range *p.clients.Load() {
		c.transport.CloseIdleConnections()
	}
}
