package alerts

import (
	"context"
	"slices"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Groups finds groups of which no member serves.
type Groups struct {
	Nodes Nodes
	// Routes explains every group with what nodes report of their health.
	Routes func(nodes []*adminv1.Node) []*adminv1.GroupRoute
}

// Event implements Detector.
func (Groups) Event() string { return EventGroupUnavailable }

// Every implements Detector.
func (Groups) Every() time.Duration { return 2 * healthEvery }

// unavailable is why a group serves nothing. One that has no members yet is none of them.
var unavailable = map[adminv1.GroupRouteReason]adminv1.AlertCause{
	adminv1.GroupRouteReason_GROUP_ROUTE_REASON_ALL_COOLING:  adminv1.AlertCause_ALERT_CAUSE_MEMBERS_COOLING,
	adminv1.GroupRouteReason_GROUP_ROUTE_REASON_ALL_LEFT_OUT: adminv1.AlertCause_ALERT_CAUSE_MEMBERS_DISABLED,
}

// Look implements Detector.
func (d Groups) Look(context.Context) (found []Condition, ok bool) {
	nodes := connected(d.Nodes)
	if len(nodes) == 0 {
		return nil, false
	}
	for _, route := range d.Routes(nodes) {
		cause, ok := unavailable[route.GetReason()]
		if !ok {
			continue
		}
		a := summarized(EventGroupUnavailable, &adminv1.Alert{Group: route.GetGroup(), Cause: cause})
		for _, c := range route.GetCandidates() {
			if a.Reason == "" {
				a.Reason = c.GetReason()
			}
			for _, n := range c.GetNodes() {
				if !slices.Contains(a.Nodes, n) && len(a.Nodes) < 20 {
					a.Nodes = append(a.Nodes, n)
				}
			}
		}
		found = append(found, Condition{Subject: route.GetGroup(), Severity: 1, Alert: a})
	}
	return found, true
}
