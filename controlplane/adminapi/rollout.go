package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Rollouts decide how changes of the configuration reach the nodes.
type Rollouts interface {
	// Rollout is how the present one stands.
	Rollout() *adminv1.Rollout
	// Promote sends what is tried to every node now, and Abort takes it back with a new revision. revision is what
	// the caller means; 0: whatever is tried. errs.FailedPrecondition when nothing is, errs.Conflict when it is another one.
	Promote(ctx context.Context, actor string, revision controlplane.Revision) error
	Abort(ctx context.Context, actor string, revision controlplane.Revision) (controlplane.Revision, error)
}

// rolloutService shows and decides rollouts.
type rolloutService struct {
	rollouts Rollouts // nil: changes reach every node at once
}

func (s rolloutService) rollout() *adminv1.Rollout {
	if s.rollouts == nil {
		return &adminv1.Rollout{State: adminv1.RolloutState_ROLLOUT_STATE_OFF}
	}
	return s.rollouts.Rollout()
}

// some refuses what needs rollouts where there are none.
func (s rolloutService) some() error {
	if s.rollouts == nil {
		return errs.Newf(errs.FailedPrecondition, "the all-in-one has a single node, which gets changes at once")
	}
	return nil
}

// GetRollout tells how the rollout of the newest change stands.
func (s rolloutService) GetRollout(context.Context, *adminv1.GetRolloutRequest) (*adminv1.GetRolloutResponse, error) {
	return &adminv1.GetRolloutResponse{Rollout: s.rollout()}, nil
}

// PromoteRollout sends what is tried to every node now.
func (s rolloutService) PromoteRollout(ctx context.Context, req *adminv1.PromoteRolloutRequest) (*adminv1.PromoteRolloutResponse, error) {
	if err := s.some(); err != nil {
		return nil, err
	}
	if err := s.rollouts.Promote(ctx, caller(ctx).actor(), controlplane.Revision(req.GetRevision())); err != nil {
		return nil, err
	}
	return &adminv1.PromoteRolloutResponse{Rollout: s.rollout()}, nil
}

// AbortRollout takes back what is tried.
func (s rolloutService) AbortRollout(ctx context.Context, req *adminv1.AbortRolloutRequest) (*adminv1.AbortRolloutResponse, error) {
	if err := s.some(); err != nil {
		return nil, err
	}
	made, err := s.rollouts.Abort(ctx, caller(ctx).actor(), controlplane.Revision(req.GetRevision()))
	if err != nil {
		return nil, err
	}
	return &adminv1.AbortRolloutResponse{Revision: uint64(made), Rollout: s.rollout()}, nil
}
