package rollout

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Promote sends what is tried to every node now. revision is what the caller means; 0: whatever is tried.
// errs.FailedPrecondition when nothing is, errs.Conflict when it is another one.
func (r *Rollouts) Promote(ctx context.Context, actor string, revision controlplane.Revision) error {
	r.stepping.Lock()
	defer r.stepping.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	before, written := r.record, r.written
	r.mu.Unlock()
	cfg := r.cfg.Source.Current()
	target, err := r.tried(ctx, cfg, before, revision)
	if err != nil {
		return err
	}
	before.Target = target
	next := before.decided(cfg.Revision, Decision{Outcome: Promoted, Reason: "by hand", Actor: actor, At: r.cfg.Now().UTC()})
	ok, err := r.cfg.Store.ChangeRollout(ctx, written, next)
	if err != nil {
		return err
	}
	if !ok {
		return errs.Newf(errs.Conflict, "the rollout has moved on in the meantime: check it first")
	}
	r.take(next, written+1)
	r.tell(before, next)
	return nil
}

// Abort takes back what is tried: with a new revision, which it returns. The errors are those of Promote.
func (r *Rollouts) Abort(ctx context.Context, actor string, revision controlplane.Revision) (controlplane.Revision, error) {
	r.stepping.Lock()
	defer r.stepping.Unlock()
	if err := r.load(ctx); err != nil {
		return 0, err
	}
	r.mu.Lock()
	before, written := r.record, r.written
	r.mu.Unlock()
	target, err := r.tried(ctx, r.cfg.Source.Current(), before, revision)
	if err != nil {
		return 0, err
	}
	made, err := r.cfg.History.TakeBack(ctx, actor, before.Base, target)
	if err != nil {
		return 0, err
	}
	before.Target = target
	if _, left, err := r.cfg.History.Held(ctx, r.cfg.Source.Current(), before.Base); err == nil && left == 0 {
		next := before.decided(made, Decision{Outcome: TakenBack, Reason: "by hand", Actor: actor, At: r.cfg.Now().UTC()})
		if ok, err := r.cfg.Store.ChangeRollout(ctx, written, next); err == nil && ok {
			r.take(next, written+1)
			r.tell(before, next)
		}
	}
	nudge(r.wake) // what could not be taken back is tried in its turn
	return made, nil
}

// tried is the newest revision that is tried, if it is the one that the caller means.
func (r *Rollouts) tried(ctx context.Context, cfg *controlplane.Config, record Record, meant controlplane.Revision) (controlplane.Revision, error) {
	if !canary(cfg) || record.Base == 0 {
		return 0, errNothing(meant, 0)
	}
	_, target, err := r.cfg.History.Held(ctx, cfg, record.Base)
	if err != nil {
		return 0, err
	}
	if target == 0 || meant != 0 && target != meant {
		return 0, errNothing(meant, target)
	}
	return target, nil
}

// states are the stages as the API has them.
var states = map[Stage]adminv1.RolloutState{
	Idle: adminv1.RolloutState_ROLLOUT_STATE_IDLE, Applying: adminv1.RolloutState_ROLLOUT_STATE_APPLYING,
	Watching: adminv1.RolloutState_ROLLOUT_STATE_WATCHING, Held: adminv1.RolloutState_ROLLOUT_STATE_HELD,
}

// Rollout is how the present one stands, as this replica knows it.
func (r *Rollouts) Rollout() *adminv1.Rollout {
	r.mu.Lock()
	record, trouble := r.record, r.trouble
	r.mu.Unlock()
	out := &adminv1.Rollout{State: states[record.Stage], LastDecision: decision(record.Last)}
	if !canary(r.cfg.Source.Current()) {
		out.State = adminv1.RolloutState_ROLLOUT_STATE_OFF
		return out
	}
	if trouble != nil {
		out.Reason = "the database is away: shown as it was"
	}
	if record.Stage == Idle {
		return out
	}
	nodes := map[string]*adminv1.Node{}
	for _, n := range r.cfg.Nodes.Nodes() {
		nodes[n.GetName()] = n
	}
	c := record.count(nodes)
	out.Revision, out.BaseRevision = uint64(record.Target), uint64(record.Base)
	out.Nodes, out.LostNodes = slices.Sorted(slices.Values(record.Nodes)), slices.Sorted(slices.Values(record.Lost))
	out.StartTime, out.Watched = timestamppb.New(record.Began), durationpb.New(record.watched(nodes))
	out.Requests, out.FailedRequests, out.OtherRequests, out.OtherFailedRequests = c.Requests, c.Failed, c.OtherRequests, c.OtherFailed
	if record.Reason != "" {
		out.Reason = record.Reason
	}
	return out
}

func decision(d *Decision) *adminv1.RolloutDecision {
	if d == nil {
		return nil
	}
	return &adminv1.RolloutDecision{
		Revision: uint64(d.Target), Outcome: d.Outcome, Reason: d.Reason, Actor: d.Actor, DecideTime: timestamppb.New(d.At),
	}
}
