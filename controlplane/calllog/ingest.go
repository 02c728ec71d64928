// Package calllog takes in the calls that nodes ship, removes them when they are old, and
// checks that the sums of usage agree with them. It decides what a plausible call is; the
// store decides which are new.
package calllog

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// MaxBatch is how many calls one batch may hold.
const MaxBatch = 500

// Source is the configuration as it is now.
type Source interface {
	// Current returns the newest configuration; nil while there is none yet.
	Current() *controlplane.Config
}

// Lock keeps jobs that one replica does for all from running on two at once.
type Lock interface {
	// Exclusive runs do unless another replica runs the job of that name, and reports whether
	// it ran.
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
}

// Config is what a Log needs.
type Config struct {
	Store  Store      // required
	Gaps   GapStore   // required
	Usage  UsageStore // sums of the calls; nil when Run has none to look after
	Lock   Lock       // held while one replica does a job for all; nil: there is no other replica
	Bodies BodyStore  // bodies of calls; nil: they are not kept
	// BodySealer encrypts bodies; required with Bodies.
	BodySealer BodySealer
	Source     Source           // required; says how long calls are kept
	Logger     *slog.Logger     // required
	Now        func() time.Time // default time.Now
	// Interval is the time between two rounds of removing what is old; default 10m.
	Interval time.Duration
}

// Log is the call log's way in and out. It is safe for concurrent use.
type Log struct {
	cfg   Config
	drift atomic.Int64 // see Drift
	// bodiesLost counts bodies that could not be stored.
	bodiesLost atomic.Uint64

	stored, summed, refused atomic.Int64 // see Stored, Summed and Refused
}

// New returns a log; Run keeps it within its bounds.
func New(cfg Config) (*Log, error) {
	if cfg.Store == nil || cfg.Gaps == nil || cfg.Source == nil || cfg.Logger == nil {
		return nil, errors.New("calllog: Store, Gaps, Source and Logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Interval == 0 {
		cfg.Interval = 10 * time.Minute
	}
	return &Log{cfg: cfg}, nil
}

// Ingest stores the calls that are not stored yet and returns, after the commit, how many
// were new. A call that cannot be stored whatever the node does is put aside and returned
// as rejected, with the reason, and holds up no other. What is merely too long is shortened. Ingest
// may keep and change calls. A batch that is too large is errs.InvalidArgument.
func (l *Log) Ingest(ctx context.Context, node string, calls []*nodev1.Call) (stored int, rejected []*nodev1.RejectedCall, err error) {
	if len(calls) > MaxBatch {
		return 0, nil, errs.Newf(errs.InvalidArgument, "a batch holds %d calls, at most %d are allowed", len(calls), MaxBatch)
	}
	bodies := detach(calls)
	now := l.cfg.Now()
	aside := &aside{node: node, at: now}
	seen := make(map[string]bool, len(calls))
	good := make([]*nodev1.Call, 0, len(calls))
	for _, c := range calls {
		if reason := normalize(c, now); reason != "" {
			aside.add(RefusedCall, c, reason)
			continue
		}
		if !seen[c.GetId()] {
			seen[c.GetId()] = true
			good = append(good, c)
		}
	}
	if len(good) > 0 {
		var refused []*nodev1.RejectedCall
		if stored, refused, err = l.cfg.Store.InsertCalls(ctx, node, good); err != nil {
			return 0, nil, err
		}
		reasons := reasonsOf(refused)
		for _, c := range good {
			if reason, ok := reasons[c.GetId()]; ok {
				delete(bodies, c.GetId())
				aside.add(RefusedCall, c, reason)
			}
		}
	}
	if err := l.putAside(ctx, aside); err != nil {
		return 0, nil, err
	}
	l.stored.Add(int64(stored))
	l.keepBodies(ctx, good, bodies)
	return stored, aside.rejected, nil
}
