package alerts

import (
	"context"
	"fmt"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// goneFor is how long a node must be gone, or behind, to be told of: a restart is shorter.
const goneFor = time.Minute

// LostNodes finds nodes that were there and are not, other than drained and revoked ones.
type LostNodes struct {
	Nodes   Nodes
	Revoked func(node string) bool
	Now     func() time.Time

	began time.Time // when it looked first: nobody was heard of while nobody listened
}

// Event implements Detector.
func (*LostNodes) Event() string { return EventNodeLost }

// Every implements Detector.
func (*LostNodes) Every() time.Duration { return healthEvery }

// Look implements Detector.
func (d *LostNodes) Look(context.Context) (found []Condition, ok bool) {
	now := d.Now()
	if d.began.IsZero() {
		d.began = now
	}
	if d.Nodes.Incomplete() != "" {
		return nil, false
	}
	for _, n := range d.Nodes.Nodes() {
		seen := n.GetLastSeenTime().AsTime()
		since := seen
		if since.Before(d.began) {
			since = d.began
		}
		if n.GetConnected() || n.GetDrainOrdered() || n.GetDraining() || d.Revoked(n.GetName()) {
			continue
		}
		found = append(found, Condition{
			Subject: n.GetName(), Severity: 1, Keep: now.Sub(since) < goneFor,
			Alert: &adminv1.Alert{
				Node: n.GetName(), Summary: oneLine(fmt.Sprintf("node %s is gone; it was heard of last at %s", n.GetName(), seen.UTC().Format(time.RFC3339))),
			},
		})
	}
	return found, true
}

// Drift finds connected nodes that do not serve the newest configuration.
type Drift struct {
	Nodes Nodes
	Now   func() time.Time
}

// Event implements Detector.
func (Drift) Event() string { return EventDrift }

// Every implements Detector.
func (Drift) Every() time.Duration { return healthEvery }

// Look implements Detector. Of a node that is gone nothing new is known.
func (d Drift) Look(context.Context) (found []Condition, ok bool) {
	if d.Nodes.Incomplete() != "" {
		return nil, false
	}
	for _, n := range d.Nodes.Nodes() {
		text, reason, severity := drift(n, d.Now())
		if severity == 0 && n.GetConnected() {
			continue
		}
		found = append(found, Condition{
			Subject: n.GetName(), Severity: severity, Keep: !n.GetConnected(),
			Alert: &adminv1.Alert{Node: n.GetName(), Summary: oneLine("node " + n.GetName() + " " + text), Reason: oneLine(reason)},
		})
	}
	return found, true
}

// drift says how a node differs from what it should serve; severity 0: it does not. One that
// has just connected is behind for as long as it was away.
func drift(n *adminv1.Node, now time.Time) (text, reason string, severity int) {
	switch {
	case n.GetLineage().GetAhead():
		return "refuses this database: it has seen a newer or another one", n.GetError(), 2
	case n.GetError() != "":
		return "refuses the newest configuration", n.GetError(), 2
	case n.GetHeldRevision() != 0: // so it is meant; a rollout that is held has an alert of its own
	case n.GetBehindFor().AsDuration() >= goneFor && now.Sub(n.GetConnectTime().AsTime()) >= goneFor:
		return fmt.Sprintf("has served revision %d for more than a minute, which is not the newest", n.GetAppliedRevision()), "", 1
	case n.GetRefusedDocumentCount() > 0:
		return fmt.Sprintf("does not serve %d documents that its build does not know enough of", n.GetRefusedDocumentCount()), "", 1
	}
	return "", "", 0
}
