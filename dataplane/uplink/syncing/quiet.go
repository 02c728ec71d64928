package syncing

import (
	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// QuietAfter is after how many reports in a row that say nothing new a node reports less often: longer than
	// a rollout watches a node by default.
	QuietAfter = 4
	// QuietEvery is how many intervals there are then between two reports.
	QuietEvery = 6
)

// Quiet tells which regular reports are worth sending. In a large fleet at rest they are most of what a control plane has
// to do.
type Quiet struct {
	last *nodev1.Status // without what is new in every report
	same int            // intervals since something else was new
}

// Due takes what a node could report now and says whether it is to be sent.
func (q *Quiet) Due(st *nodev1.Status) bool {
	news := newsOf(st)
	if !proto.Equal(q.last, news) {
		q.last, q.same = news, 0
		return true
	}
	q.same++
	return q.same <= QuietAfter || (q.same-QuietAfter)%QuietEvery == 0
}

// newsOf is a status without times that only go on. Those of cooldowns stay: the control plane shows them as reported.
func newsOf(st *nodev1.Status) *nodev1.Status {
	st = proto.CloneOf(st)
	st.UptimeMs, st.WallUs = 0, 0
	for _, r := range st.GetRefusals() {
		r.AgeMs, r.RemainingMs = 0, 0
	}
	return st
}
