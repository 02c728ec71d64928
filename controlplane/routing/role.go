package routing

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// assignRoles says of each candidate, in their order, what part it has in serving calls: the
// first of those that are neither cooling nor probing serve, all of one rank together; those
// of the next rank follow when they fail.
func (e *explanation) assignRoles() {
	ranks, last, weight := 0, explained{}, 0.0
	var serving []*adminv1.Candidate
	for _, t := range e.tried {
		if t.last >= refusing {
			t.Role = adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT
			continue
		}
		switch t.GetState() {
		case cooling:
			t.Role = adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT
			continue
		case probing:
			t.Role = adminv1.CandidateRole_CANDIDATE_ROLE_PROBING
			continue
		}
		if ranks == 0 || e.compareRank(last, t) != 0 {
			ranks++
		}
		last = t
		switch ranks {
		case 1:
			t.Role = adminv1.CandidateRole_CANDIDATE_ROLE_SERVING
			serving, weight = append(serving, t.Candidate), weight+float64(t.GetWeight())
		case 2:
			t.Role = adminv1.CandidateRole_CANDIDATE_ROLE_NEXT
		default:
			t.Role = adminv1.CandidateRole_CANDIDATE_ROLE_STANDBY
		}
	}
	for _, c := range serving {
		c.Share = float64(c.GetWeight()) / weight
	}
}

// state says how the group stands as a whole, and why when it does not stand well.
func (e *explanation) state() (adminv1.TargetState, adminv1.GroupRouteReason) {
	if !controlplane.IsEnabled(e.group.Enabled) {
		return disabled, adminv1.GroupRouteReason_GROUP_ROUTE_REASON_DISABLED
	}
	if len(e.tried) == 0 {
		if len(e.leftOut) > 0 {
			return cooling, adminv1.GroupRouteReason_GROUP_ROUTE_REASON_ALL_LEFT_OUT
		}
		return cooling, adminv1.GroupRouteReason_GROUP_ROUTE_REASON_NO_MEMBERS
	}
	first := e.tried[0]
	for _, t := range e.tried {
		if e.compareRank(t, first) < 0 {
			first = t // it would be first if nothing cooled
		}
	}
	if e.tried[0].GetState() == cooling {
		return cooling, adminv1.GroupRouteReason_GROUP_ROUTE_REASON_ALL_COOLING
	}
	for _, t := range e.tried {
		if e.compareRank(t, first) != 0 {
			continue
		}
		if s := t.GetState(); s == cooling || s == probing {
			return degraded, adminv1.GroupRouteReason_GROUP_ROUTE_REASON_FIRST_NOT_SERVING
		}
	}
	return healthy, adminv1.GroupRouteReason_GROUP_ROUTE_REASON_UNSPECIFIED
}
