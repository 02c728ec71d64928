package alerts

import (
	"context"
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
			Alert: summarized(EventNodeLost, &adminv1.Alert{Node: n.GetName(), LastSeenTime: n.GetLastSeenTime()}),
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
		alert, severity := drift(n, d.Now())
		if severity == 0 && n.GetConnected() {
			continue
		}
		found = append(found, Condition{
			Subject: n.GetName(), Severity: severity, Keep: !n.GetConnected(),
			Alert: summarized(EventDrift, alert),
		})
	}
	return found, true
}

// drift says how a node differs from what it should serve; severity 0: it does not. One that
// has just connected is behind for as long as it was away.
func drift(n *adminv1.Node, now time.Time) (a *adminv1.Alert, severity int) {
	a = &adminv1.Alert{Node: n.GetName(), Reason: oneLine(n.GetError())}
	switch {
	case n.GetLineage().GetAhead():
		a.Cause = adminv1.AlertCause_ALERT_CAUSE_DATABASE_REFUSED
		return a, 2
	case n.GetError() != "":
		a.Cause = adminv1.AlertCause_ALERT_CAUSE_CONFIGURATION_REFUSED
		return a, 2
	case n.GetBehindFor().AsDuration() >= goneFor && now.Sub(n.GetConnectTime().AsTime()) >= goneFor: // held back or not
		a.Cause, a.Revision = adminv1.AlertCause_ALERT_CAUSE_BEHIND, n.GetAppliedRevision()
		return a, 1
	case n.GetRefusedDocumentCount() > 0:
		a.Cause, a.Count = adminv1.AlertCause_ALERT_CAUSE_DOCUMENTS_REFUSED, n.GetRefusedDocumentCount()
		return a, 1
	}
	return a, 0
}
