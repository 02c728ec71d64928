package syncing

import (
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Of a node at rest every report says how long it has been up; that alone is told every 30 s instead of every 5 s, and
// anything else at once.
func TestWhichReportsAreSent(t *testing.T) {
	t.Parallel()
	var q Quiet
	uptime := int64(0)
	due := func(what string, st *nodev1.Status, want ...bool) {
		t.Helper()
		for i, w := range want {
			uptime += 5000
			st.UptimeMs, st.WallUs = uptime, 1_700_000_000_000_000+uptime*1000
			for _, r := range st.Refusals {
				r.AgeMs, r.RemainingMs = r.GetAgeMs()+5000, r.GetRemainingMs()-5000
			}
			if got := q.Due(st); got != w {
				t.Errorf("%s, interval %d: sent is %v, want %v", what, i+1, got, w)
			}
		}
	}
	due("from the start", &nodev1.Status{AppliedRevision: 7}, true, true, true, true, true, false, false, false, false, false, true, false)
	due("a call came", &nodev1.Status{AppliedRevision: 7, Requests: 1}, true, true, true, true, true, false)
	due("a revision was applied", &nodev1.Status{AppliedRevision: 8, Requests: 1}, true)
	due("something was learned", &nodev1.Status{AppliedRevision: 8, Refusals: []*nodev1.LearnedRefusal{{Provider: "a", AgeMs: 10, RemainingMs: 3_600_000}}},
		true, true, true, true, true, false)
	for left := int64(60_000); left > 0; left -= 5000 {
		due("a target cools down", &nodev1.Status{AppliedRevision: 8, Targets: []*nodev1.TargetHealth{{Provider: "a", State: "cooling", RemainingMs: left}}}, true)
	}
	due("it has cooled down", &nodev1.Status{AppliedRevision: 8}, true)
}
