// Package config is the live configuration. Live holds it in memory, follows the store and makes
// every change one transaction. Editor takes the changes that callers ask for, History reads past
// revisions and goes back to them, and Opener opens the secrets of documents.
package config

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/validation"
)

// Options are what a Live works with; controlplane.Config is the configuration itself. Everything is required unless it says otherwise.
type Options struct {
	Store  Store
	Sealer controlplane.Sealer
	Pepper []byte           // keys the hashes of API keys; at least 16 bytes
	Now    func() time.Time // default time.Now
	Logger *slog.Logger
	// AllInOne allows providers of dialects that live in the all-in-one only. Elsewhere
	// every node would refuse a snapshot that holds one.
	AllInOne bool
}

// Validate reports what is missing.
func (c Options) Validate() error {
	switch {
	case c.Store == nil:
		return errors.New("live configuration: Store is missing")
	case c.Sealer == nil:
		return errors.New("live configuration: Sealer is missing")
	case len(c.Pepper) < 16:
		return errors.New("live configuration: Pepper is shorter than 16 bytes")
	case c.Logger == nil:
		return errors.New("live configuration: Logger is missing")
	}
	return nil
}

// Live is the configuration as it is now, in memory; every change is a transaction of it. Run
// follows what other replicas change. It is safe for concurrent use.
type Live struct {
	cfg     Options
	current atomic.Pointer[controlplane.Config]
	loaded  atomic.Bool

	mu          sync.Mutex // guards subscribers, and the order of what current becomes
	subscribers map[chan struct{}]struct{}
}

// New makes a Live whose configuration is empty until Load.
func New(cfg Options) (*Live, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Live{cfg: cfg, subscribers: map[chan struct{}]struct{}{}}
	l.current.Store(controlplane.NewConfig(0, "", nil, nil))
	return l, nil
}

// Load reads the whole configuration from the store. A stored configuration that present
// rules refuse is used all the same, with a warning: it served yesterday.
func (l *Live) Load(ctx context.Context) error {
	c, err := l.cfg.Store.Load(ctx)
	if err != nil {
		return err
	}
	if err := validation.Check(c); err != nil {
		l.cfg.Logger.Warn("the stored configuration violates current validation rules: changes are refused until it is fixed", "error", err)
	}
	l.install(c)
	l.loaded.Store(true)
	return nil
}

// Current is the newest configuration this replica knows. It is never nil.
func (l *Live) Current() *controlplane.Config { return l.current.Load() }

// Subscribe gives a channel that holds a value after each change until it is taken:
// several changes in a row may be one value, so read Current after each. cancel ends the
// subscription; the channel is never closed.
func (l *Live) Subscribe() (changed <-chan struct{}, cancel func()) {
	ch := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribers[ch] = struct{}{}
	return ch, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subscribers, ch)
	}
}

// install makes next the current configuration unless that is as new: results may come in
// another order than they were made in.
func (l *Live) install(next *controlplane.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	current := l.current.Load()
	if next.Lineage == current.Lineage && next.Revision <= current.Revision || slices.Contains(current.Replaces, next.Lineage) {
		return
	}
	l.current.Store(next)
	for ch := range l.subscribers {
		select {
		case ch <- struct{}{}:
		default: // it has not yet taken the last value
		}
	}
}

// now is the present time as databases keep it.
func (l *Live) now() time.Time { return l.cfg.Now().UTC().Truncate(time.Microsecond) }

// normalizer turns documents into stored form at the present time.
func (l *Live) normalizer() *normalizer {
	return &normalizer{sealer: l.cfg.Sealer, pepper: l.cfg.Pepper, now: l.now(), allInOne: l.cfg.AllInOne}
}

// preview is c as ops would make it; the error is what a transaction would refuse. secrets are stored
// with them, or are already.
func (l *Live) preview(c *controlplane.Config, ops []controlplane.Op, secrets []controlplane.Secret) (*controlplane.Config, error) {
	changes := c.Changes(c.Revision+1, l.now(), "", ops, func() string { return "" })
	next := c.With(c.Revision+1, changes, secrets)
	return next, validation.Check(next)
}
