// Package fleet knows every data-plane node, whichever control-plane replica it is
// connected to. Replicas tell each other of their nodes through the database: what changes
// all the time every two seconds, in one statement; what others wait for (a node came or
// went, applied or refused a snapshot, began to drain) within a moment. Each replica keeps
// what it read in memory, so nobody who asks waits for the database, and a database that is
// away costs the news of the others' nodes only.
//
// What a node is to do is ordered in two ways. A drain is a state, kept with the node's line
// for as long as the node runs: every replica that the node comes to tells it so. A reset or
// the end of a stream is an order for the replica that has the stream: it is taken once,
// carried out, and expires when nobody takes it.
//
// No clocks are compared between machines where it matters: a replica is gone when its sign
// of life has not changed for ten seconds, and which of two streams of a node is newer is
// told by the node's own uptime.
package fleet

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Local is the nodes that are connected to this replica.
type Local interface {
	// Lines is what is known of every node that is or was connected here.
	Lines() []Line
	// Urgent holds a value after something changed that others wait for.
	Urgent() <-chan struct{}
	// Reset ends cooldowns on a node, End its stream; false when it is not connected here.
	Reset(node, provider, model, credential string) bool
	End(node, reason string) bool
	// Drain tells a node whether it is to get new clients.
	Drain(node, bootID string, drain bool)
	// Supersede ends a node's stream because a newer one is elsewhere.
	Supersede(node, bootID string, opened int64)
	// Forget stops listing a node that is not connected.
	Forget(node string)
}

// Lock keeps jobs that one replica does for all from running on two at once.
type Lock interface {
	// Exclusive runs do unless another replica runs the job of that name, and reports whether
	// it ran.
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
}

// Source is the present configuration.
type Source interface {
	Current() *controlplane.Config
}

// Config is what a Fleet works with. Everything is required unless it says otherwise.
type Config struct {
	Store   Store
	Lock    Lock
	Local   Local
	Source  Source
	Replica string // name of this replica, unique; default: a new UUID
	// MasterKeys lists the ids of the master keys that this replica was given; default: none.
	MasterKeys func() []string
	Logger     *slog.Logger
	Now        func() time.Time // default time.Now

	Interval time.Duration // between two rounds; default 2s
	DeadAt   time.Duration // a replica is gone when its sign of life did not change for so long; default 10s
}

// Fleet is the nodes of all replicas. It is safe for concurrent use.
type Fleet struct {
	cfg      Config
	wake     chan struct{} // another round is worth while
	rounds   chan struct{} // holds a value while one runs
	lag      lag
	refusals refusals
	count    counters
	awaited  func(node string) bool // nil: nobody waits for reports

	showing sync.Mutex
	shown   map[string]shown // guarded by showing; by node

	mu      sync.Mutex // guards the fields below
	state   state
	watched map[chan struct{}]struct{}
}

// New makes a fleet that knows its own nodes only until Run.
func New(cfg Config) (*Fleet, error) {
	if cfg.Store == nil || cfg.Lock == nil || cfg.Local == nil || cfg.Source == nil || cfg.Logger == nil {
		return nil, errors.New("fleet: Store, Lock, Local, Source and Logger are required")
	}
	if cfg.Replica == "" {
		cfg.Replica = uuid.NewString()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Interval == 0 {
		cfg.Interval = 2 * time.Second
	}
	if cfg.DeadAt == 0 {
		cfg.DeadAt = 10 * time.Second
	}
	return &Fleet{
		cfg: cfg, wake: make(chan struct{}, 1), rounds: make(chan struct{}, 1), state: newState(), watched: map[chan struct{}]struct{}{}, shown: map[string]shown{},
		refusals: refusals{now: cfg.Now, byNode: map[string]refusal{}},
	}, nil
}

// Await has other replicas told of every report of some nodes, also where nothing else is new in it. Call it before
// Run; some must not call back.
func (f *Fleet) Await(some func(node string) bool) { f.awaited = some }

// Replica is the name of this replica.
func (f *Fleet) Replica() string { return f.cfg.Replica }

// Nodes lists the nodes of all replicas in name order, as far as this replica has heard. The
// list is the caller's; the nodes in it are shared and must not be changed.
func (f *Fleet) Nodes() []*adminv1.Node {
	lines := f.lines()
	now, newest := f.cfg.Now(), uint64(f.cfg.Source.Current().Revision)
	nodes := make([]*adminv1.Node, 0, len(lines))
	f.showing.Lock()
	defer f.showing.Unlock()
	maps.DeleteFunc(f.shown, func(name string, _ shown) bool { _, listed := lines[name]; return !listed })
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		from := basis{lines[name], newest}
		from.line.Seen, from.line.Change = time.Time{}, 0 // a new report is another document
		is := f.shown[name]
		if is.from != from || is.node.GetRevisionsBehind() > 0 { // for how long grows with time
			is = shown{from, f.present(lines[name], newest, now)}
			f.shown[name] = is
		}
		nodes = append(nodes, is.node)
	}
	return nodes
}

// shown is a node as Nodes gave it last.
type shown struct {
	from basis
	node *adminv1.Node
}

// basis is what a node is shown from.
type basis struct {
	line   Line
	newest uint64
}

// Node returns one node, which is the caller's; errs.NotFound when nobody knows it.
func (f *Fleet) Node(name string) (*adminv1.Node, error) {
	l, ok := f.lines()[name]
	if !ok {
		return nil, errs.Newf(errs.NotFound, "node %q does not exist", name)
	}
	return f.present(l, uint64(f.cfg.Source.Current().Revision), f.cfg.Now()), nil
}

// Incomplete says why nodes of other replicas are missing or shown as they were; empty when
// they are not.
func (f *Fleet) Incomplete() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.trouble == nil {
		return ""
	}
	return "the database is away: nodes of other control-plane replicas are shown as they were"
}

// Subscribe gives a channel that holds a value after each change of what Nodes says, until
// it is taken: several changes in a row may be one value. cancel ends the subscription.
func (f *Fleet) Subscribe() (changed <-chan struct{}, cancel func()) {
	ch := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watched[ch] = struct{}{}
	return ch, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watched, ch)
	}
}

// DrainNode orders that a node gets no new clients as long as it runs, or undoes that, and
// returns the node as it stands.
func (f *Fleet) DrainNode(ctx context.Context, name string, drain bool) (*adminv1.Node, error) {
	if _, err := f.Node(name); err != nil {
		return nil, err
	}
	// A node that has just come may not have been written down yet.
	if err := f.round(ctx); err != nil {
		return nil, err
	}
	if err := f.cfg.Store.OrderDrain(ctx, name, drain); err != nil {
		return nil, err
	}
	if err := f.round(ctx); err != nil {
		return nil, err
	}
	return f.Node(name)
}

// ForgetNode stops listing a node; errs.FailedPrecondition while it is connected.
func (f *Fleet) ForgetNode(ctx context.Context, name string) error {
	node, err := f.Node(name)
	if err != nil {
		return err
	}
	if node.GetConnected() {
		return errs.Newf(errs.FailedPrecondition, "node %q is connected: stop it first", name)
	}
	if err := f.round(ctx); err != nil {
		return err
	}
	if err := f.cfg.Store.ForgetNode(ctx, name); err != nil {
		return err
	}
	f.cfg.Local.Forget(name)
	return f.round(ctx)
}

// nudge puts a value into a channel of size one unless there is one.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
