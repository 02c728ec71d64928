package rollout

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// stepTime bounds one step.
	stepTime = 10 * time.Second
	// relisten is the pause before listening again after it ended.
	relisten = time.Second
)

// counters count what this replica decided.
type counters struct{ begun, promoted, takenBack, held atomic.Uint64 }

// Stats counts.
type Stats struct {
	State                            adminv1.RolloutState
	Begun, Promoted, TakenBack, Held uint64 // by this replica
}

// Stats counts what was decided here.
func (r *Rollouts) Stats() Stats {
	return Stats{
		State: r.Rollout().GetState(), Begun: r.count.begun.Load(), Promoted: r.count.promoted.Load(), TakenBack: r.count.takenBack.Load(), Held: r.count.held.Load(),
	}
}

// Run takes rollouts further until ctx ends. While changes are not tried it does nothing.
func (r *Rollouts) Run(ctx context.Context) error {
	var listener sync.WaitGroup
	defer listener.Wait()
	listener.Go(func() { r.listen(ctx) })
	configured, cancel := r.cfg.Source.Subscribe()
	defer cancel()
	nodes, cancelNodes := r.cfg.Nodes.Subscribe()
	defer cancelNodes()
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	failing := false
	for first := true; ; first = false {
		err := r.round(ctx, first)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failing {
			r.cfg.Logger.Warn("the rollout cannot continue; nodes keep their configuration", "error", err)
		}
		failing = err != nil
		news := nodes
		if !r.trying() {
			news = nil // they come and go; only what is tried depends on them
		}
		ticks := poll.C
		if !canary(r.cfg.Source.Current()) {
			ticks = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-configured:
		case <-r.wake:
		case <-news:
		case <-ticks:
		}
	}
}

// listen wakes Run when another replica wrote the record.
func (r *Rollouts) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.cfg.Store.NotifyRollouts(ctx, func() { nudge(r.wake) }); err != nil && ctx.Err() == nil {
			r.cfg.Logger.Warn("cannot receive notifications of rollouts; polling only", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(relisten):
		}
	}
}

// trying reports whether something is tried.
func (r *Rollouts) trying() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.record.Stage != Idle
}

// round reads the record and takes the step that follows, if one does. start: the record must be looked at
// even while changes are not tried.
func (r *Rollouts) round(ctx context.Context, start bool) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	cfg := r.cfg.Source.Current()
	if cfg.Lineage == "" {
		return nil
	}
	r.mu.Lock()
	on := r.record.Base != 0 || !r.loaded && start
	r.mu.Unlock()
	if !canary(cfg) && !on {
		return nil
	}
	r.stepping.Lock()
	defer r.stepping.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	return r.step(ctx, cfg)
}

// step decides what follows from the record and writes it. It needs stepping.
func (r *Rollouts) step(ctx context.Context, cfg *controlplane.Config) error {
	r.mu.Lock()
	before, written := r.record, r.written
	r.mu.Unlock()
	if cfg.Revision < max(before.Base, before.Target) {
		return nil // to follow first: another replica decided by what this one does not know yet
	}
	if !canary(cfg) {
		if before.Base == 0 {
			return nil
		}
		next := Record{Last: before.Last}
		if before.Stage != Idle {
			next = before.decided(0, Decision{Outcome: Promoted, Reason: "changes are not tried any more", Actor: audit.System, At: r.cfg.Now()})
		}
		return r.write(ctx, before, written, next)
	}
	s, err := r.situation(ctx, cfg, before)
	if err != nil {
		return err
	}
	next := before.next(s)
	if next.Last != nil && next.Last != before.Last {
		next.Last.Actor = audit.System
	}
	return r.write(ctx, before, written, next)
}

// situation is what the next step is decided from.
func (r *Rollouts) situation(ctx context.Context, cfg *controlplane.Config, record Record) (s situation, err error) {
	now := r.cfg.Now()
	s = situation{
		policy: controlplane.EffectiveRollout(cfg.Settings()), revision: cfg.Revision, nodes: map[string]*adminv1.Node{},
		gone: map[string]time.Duration{}, now: now.UTC(), settled: now.Sub(r.began) >= r.cfg.Settle && r.cfg.Nodes.Incomplete() == "",
	}
	if record.Base != 0 {
		if _, s.target, err = r.cfg.History.Held(ctx, cfg, record.Base); err != nil {
			return s, fmt.Errorf("read the changes since revision %d: %w", record.Base, err)
		}
	}
	for _, n := range r.cfg.Nodes.Nodes() {
		s.nodes[n.GetName()] = n
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.waiting = now.Sub(r.since)
	gone := map[string]time.Time{}
	for _, name := range record.Nodes {
		if s.nodes[name].GetConnected() {
			continue
		}
		since, known := r.gone[name]
		if !known {
			since = now
		}
		gone[name], s.gone[name] = since, now.Sub(since)
	}
	r.gone = gone
	return s, nil
}

// write stores what follows on a record. Another replica may have been faster; then the next round goes on from there.
func (r *Rollouts) write(ctx context.Context, before Record, written int64, next Record) error {
	if same(before, next) {
		return nil
	}
	if event, ok := eventOf(before, next); ok {
		ctx, _ = audit.Begin(ctx, event)
	}
	ok, err := r.cfg.Store.ChangeRollout(ctx, written, next)
	if err != nil {
		return err
	}
	if !ok {
		nudge(r.wake)
		return r.load(ctx)
	}
	r.take(next, written+1)
	r.tell(before, next)
	return nil
}

// same reports whether nothing follows: a step changes one of these.
func same(a, b Record) bool {
	return a.Base == b.Base && a.Stage == b.Stage && a.Target == b.Target && len(a.Lost) == len(b.Lost) && a.Last == b.Last && a.Began.Equal(b.Began)
}

// tell logs and counts a step of this replica.
func (r *Rollouts) tell(before, next Record) {
	switch {
	case next.Last != nil && next.Last != before.Last:
		count := &r.count.promoted
		if next.Last.Outcome == TakenBack {
			count = &r.count.takenBack
		}
		count.Add(1)
		r.cfg.Logger.Info("rollout ended", "revision", next.Last.Target, "outcome", next.Last.Outcome, "by", next.Last.Actor, "reason", next.Last.Reason)
	case next.Stage == Held && (before.Stage != Held || before.Target != next.Target):
		r.count.held.Add(1)
		r.cfg.Logger.Warn("rollout held: other nodes do not get the change", "revision", next.Target, "nodes", next.Nodes, "reason", next.Reason)
	case next.Stage == Applying && (before.Stage == Idle || before.Target != next.Target):
		r.count.begun.Add(1)
		r.cfg.Logger.Info("rollout started on the first nodes", "revision", next.Target, "nodes", next.Nodes)
	}
}

// eventOf is what the audit log says of a step; that nodes begin to be watched is no event.
func eventOf(before, next Record) (audit.Event, bool) {
	e := audit.Event{Actor: audit.System, Revision: uint64(next.Target)}
	switch {
	case next.Last != nil && next.Last != before.Last:
		if next.Last.Actor != audit.System {
			return e, false // the caller's own event says it
		}
		e.Action, e.Revision, e.Detail = audit.ActionEndRollout, uint64(next.Last.Target), next.Last.Outcome+": "+next.Last.Reason
	case next.Stage == Held && (before.Stage != Held || before.Target != next.Target):
		e.Action, e.Detail = audit.ActionHoldRollout, next.Reason
	case next.Stage == Applying && (before.Stage == Idle || before.Target != next.Target):
		e.Action = audit.ActionBeginRollout
	default:
		return e, false
	}
	for _, name := range next.Nodes {
		e.Targets = append(e.Targets, "Node/"+name)
	}
	return e, true
}

// errNothing is why there is nothing to decide.
func errNothing(asked, target controlplane.Revision) error {
	if asked != 0 && target != 0 {
		return errs.Newf(errs.Conflict, "the rollout is at revision %d, not %d: check it first", target, asked)
	}
	return errs.Newf(errs.FailedPrecondition, "no rollout is in progress")
}
