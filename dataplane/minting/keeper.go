// Package minting keeps what is sent for credentials that are not sent themselves: tokens, and keys that
// sign. They are minted and renewed in the background, long before they end, so that no call ever waits
// for a token endpoint and none notices that one is away for a while.
//
//	Use(snapshot) --> one goroutine for each distinct credential
//	                      | mint, then wait: most of the token's life, or a pause after a failure
//	                      v
//	                  the token, which calls read without a lock
//
// Credentials that are equal in everything, the way to their provider included, are minted once. What a
// snapshot does not have any more is stopped; what is new or changed is minted at once. A credential
// without a valid token is skipped like one that is refused (Health).
package minting

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
)

// Config is what a Keeper needs.
type Config struct {
	// Mint gets what a credential is good for, in bounded time; required. Its error is shown to people.
	Mint   func(ctx context.Context, s cloudauth.Spec, way cloudauth.Way) (cloudauth.Grant, error)
	Logger *slog.Logger // required
	// OnChange, if set, is called when a credential gets or loses its token, or is refused one. It must not block.
	OnChange func()
	// Metrics, if set, counts what is minted.
	Metrics prometheus.Registerer
}

// firstWait is how long a new configuration waits for the first tokens of what it changed.
const firstWait = 2 * time.Second

// Keeper keeps tokens. It is safe for concurrent use.
type Keeper struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	minted *prometheus.CounterVec

	mu      sync.Mutex // guards running
	running map[key]*renewal

	// scopes are the credentials in use; it is replaced as a whole.
	scopes atomic.Pointer[map[dataplane.Scope]*renewal]
}

// key is what makes two credentials the same.
type key struct {
	spec cloudauth.Spec
	way  cloudauth.Way
}

// New makes a Keeper of nothing. Close ends it.
func New(cfg Config) (*Keeper, error) {
	if cfg.Mint == nil || cfg.Logger == nil {
		return nil, errors.New("minting: Mint or Logger is missing")
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func() {}
	}
	k := &Keeper{cfg: cfg, running: map[key]*renewal{}}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	k.scopes.Store(&map[dataplane.Scope]*renewal{})
	k.measure()
	return k, nil
}

// Use makes the Keeper mint for exactly the snapshot's credentials, each of which gets its source.
// Call it before the snapshot is in use: it waits up to 2 s until the first try of each new one is over,
// so that a change of a credential does not begin with an outage.
func (k *Keeper) Use(s *dataplane.Snapshot) {
	fresh := k.replace(s)
	timeout := time.NewTimer(firstWait)
	defer timeout.Stop()
	for _, r := range fresh {
		select {
		case <-r.first:
		case <-timeout.C:
			return
		case <-k.ctx.Done():
			return
		}
	}
}

// replace starts what is new, gives every credential its source, and stops what is gone.
func (k *Keeper) replace(s *dataplane.Snapshot) (fresh []*renewal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := map[key]*renewal{}
	scopes := map[dataplane.Scope]*renewal{}
	for _, p := range s.Providers {
		for _, c := range p.Credentials {
			if c.Minted == nil {
				continue
			}
			of := key{c.Minted.Spec, c.Minted.Way}
			r := next[of]
			if r == nil {
				r = k.running[of]
			}
			if r == nil {
				r = newRenewal(of)
				fresh = append(fresh, r)
			}
			next[of], scopes[c.Scope] = r, r
			c.Minted.Source = r
		}
	}
	for of, r := range k.running {
		if next[of] == nil {
			r.stop()
		}
	}
	for _, r := range next {
		r.used.Store(usersOf(r, scopes))
	}
	k.running = next
	k.scopes.Store(&scopes)
	for _, r := range fresh {
		ctx, stop := context.WithCancel(k.ctx)
		r.stop = stop
		k.wg.Go(func() { k.run(ctx, r) })
	}
	return fresh
}

// Retry tries again at once where the last try failed: an admin says that the trouble is over.
func (k *Keeper) Retry(s dataplane.Scope) {
	if r := (*k.scopes.Load())[s]; r != nil && r.failure.Load() != nil {
		select {
		case r.again <- struct{}{}:
		default: // it is told already
		}
	}
}

// Close stops all of it and waits. Tokens stay what they are until they end.
func (k *Keeper) Close() {
	k.cancel()
	k.wg.Wait()
}

// jitter makes a wait up to a tenth shorter, so that nodes that began together do not ask together.
func jitter(d time.Duration) time.Duration {
	return d - time.Duration(rand.Float64()*float64(d)/10) //nolint:gosec // no secret depends on it
}
