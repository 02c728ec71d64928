package rollout

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Source is the present configuration.
type Source interface {
	Current() *controlplane.Config
	// Subscribe gives a channel that gets a value after each change, and a function that ends the subscription.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// History is what the configuration was.
type History interface {
	// Held is a configuration with all that nodes follow, but API keys, as it was at an earlier revision, and the
	// newest revision that changed something of that; nil and 0 when there is no difference.
	Held(ctx context.Context, cfg *controlplane.Config, base controlplane.Revision) (held *controlplane.Config, target controlplane.Revision, err error)
	// TakeBack makes a new revision in which all that nodes follow, but API keys, is as it was at an earlier one.
	// errs.Conflict when target is not, or no more, the newest revision that changed something of that.
	TakeBack(ctx context.Context, actor string, base, target controlplane.Revision) (controlplane.Revision, error)
}

// Nodes are the nodes of all replicas.
type Nodes interface {
	// Nodes lists them. The list is the caller's; the nodes in it are shared and must not be changed.
	Nodes() []*adminv1.Node
	// Incomplete says why some may be missing or shown as they were; empty when none are.
	Incomplete() string
	// Subscribe gives a channel that gets a value after changes of what Nodes says, and a function that ends
	// the subscription.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// Config is what Rollouts work with. Everything is required unless it says otherwise.
type Config struct {
	Store   Store
	Source  Source
	History History
	Nodes   Nodes
	Logger  *slog.Logger
	Now     func() time.Time // default time.Now

	Poll   time.Duration // between two looks at the record, or at nodes while something is tried; default 1s
	Settle time.Duration // after its start nodes may not have connected yet; default 15s
}

// Rollouts decide what nodes get of the newest configuration. They are safe for concurrent use.
type Rollouts struct {
	cfg      Config
	began    time.Time
	wake     chan struct{}
	stepping sync.Mutex // held while a step is decided and written
	count    counters

	mu          sync.Mutex // guards the fields below
	loaded      bool
	written     int64 // of record
	record      Record
	trouble     error                // why the record or the past is not known
	since       time.Time            // when this stage of this rollout was seen first
	gone        map[string]time.Time // first nodes that are not connected: since when
	subscribers map[chan struct{}]struct{}
}

// New makes Rollouts that know nothing until Run.
func New(cfg Config) (*Rollouts, error) {
	if cfg.Store == nil || cfg.Source == nil || cfg.History == nil || cfg.Nodes == nil || cfg.Logger == nil {
		return nil, errors.New("rollout: Store, Source, History, Nodes and Logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	if cfg.Settle == 0 {
		cfg.Settle = 15 * time.Second
	}
	return &Rollouts{
		cfg: cfg, began: cfg.Now(), wake: make(chan struct{}, 1), gone: map[string]time.Time{}, subscribers: map[chan struct{}]struct{}{},
	}, nil
}

// canary reports whether a configuration wants changes to be tried.
func canary(cfg *controlplane.Config) bool {
	return controlplane.EffectiveRollout(cfg.Settings()).GetMode() == controlplane.RolloutCanary
}

// Stage says what nodes get of a configuration. On an error nobody knows, and nodes must keep what they have.
// Until the first nodes are chosen every one counts as one of the others.
func (r *Rollouts) Stage(ctx context.Context, cfg *controlplane.Config) (controlplane.Staged, error) {
	if !canary(cfg) {
		return controlplane.Staged{}, nil
	}
	r.mu.Lock()
	loaded := r.loaded
	r.mu.Unlock()
	if !loaded {
		r.stepping.Lock()
		err := r.load(ctx)
		r.stepping.Unlock()
		if err != nil {
			return controlplane.Staged{}, err
		}
	}
	r.mu.Lock()
	record := r.record
	r.mu.Unlock()
	switch {
	case record.Base == 0:
		return controlplane.Staged{}, nil
	case cfg.Revision < record.Base:
		return controlplane.Staged{}, errs.Newf(errs.Unavailable, "this replica has not reached revision %d of the configuration yet", record.Base)
	}
	held, target, err := r.cfg.History.Held(ctx, cfg, record.Base)
	if err != nil || target == 0 {
		return controlplane.Staged{}, err
	}
	return controlplane.Staged{Held: held, Base: record.Base, First: record.first}, nil
}

// Watches reports whether a node is one of the first, whose reports are waited for.
func (r *Rollouts) Watches(node string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return (r.record.Stage == Applying || r.record.Stage == Watching) && r.record.first(node)
}

// Subscribe gives a channel that gets a value when Stage may say something else of the same configuration, and
// a function that ends the subscription.
func (r *Rollouts) Subscribe() (changed <-chan struct{}, cancel func()) {
	ch := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribers[ch] = struct{}{}
	return ch, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.subscribers, ch)
	}
}

// load reads the record. It needs stepping.
func (r *Rollouts) load(ctx context.Context) error {
	record, written, err := r.cfg.Store.Rollout(ctx)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.trouble = err
		return err
	}
	r.take(record, written)
	return nil
}

// take makes a record the present one. It needs stepping.
func (r *Rollouts) take(record Record, written int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = nil
	if r.loaded && written == r.written {
		return
	}
	if record.Stage != r.record.Stage || record.Target != r.record.Target || len(record.Lost) != len(r.record.Lost) {
		r.since = r.cfg.Now()
	}
	r.loaded, r.record, r.written = true, record, written
	for ch := range r.subscribers {
		nudge(ch)
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
