package alerts

import (
	"context"
	"fmt"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Rollouts finds a change that is held back from most nodes.
type Rollouts struct {
	Rollout func() *adminv1.Rollout
}

// Event implements Detector.
func (Rollouts) Event() string { return EventRolloutHeld }

// Every implements Detector.
func (Rollouts) Every() time.Duration { return healthEvery }

// Look implements Detector.
func (d Rollouts) Look(context.Context) (found []Condition, ok bool) {
	r := d.Rollout()
	if r.GetState() != adminv1.RolloutState_ROLLOUT_STATE_HELD {
		return nil, true
	}
	return []Condition{{
		Subject: fmt.Sprint(r.GetRevision()), Severity: 1,
		Alert: summarized(EventRolloutHeld, &adminv1.Alert{
			Nodes: firstOf(r.GetNodes(), 20), Reason: oneLine(r.GetReason()), Revision: r.GetRevision(),
		}),
	}}, true
}
