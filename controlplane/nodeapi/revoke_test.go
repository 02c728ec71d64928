package nodeapi

import (
	"slices"
	"testing"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func of(lineage string, n uint64) pushed {
	p := revision(n)
	p.full.Lineage, p.full.Replaces = lineage, []string{"older"}
	return p
}

// A replica that lags behind waits, one of a database that was adopted does not; and what a
// node refused of one database is offered again as that of the one that took its place.
func TestPusherMindsTheLineage(t *testing.T) {
	t.Parallel()
	p := &pusher{have: []byte{9}, lineage: "a", floor: 9}
	p.offer(of("a", 5))
	sends(t, p, 0) // this replica may lag
	p.offer(of("b", 5))
	full, err := p.take()
	if err != nil || full.GetRevision() != 5 || full.GetLineage() != "b" || !slices.Equal(full.GetReplaces(), []string{"older"}) {
		t.Fatalf("sends %v, want the adopted database", full)
	}
	p.nacked(full.GetNonce(), nodev1.NackCode_NACK_CODE_OTHER_DATABASE)
	p.offer(of("b", 5))
	sends(t, p, 0) // it was refused
	p.offer(of("c", 5))
	nonce := sends(t, p, 5)
	if _, ok := p.acked(nonce); !ok || p.lineage != "c" {
		t.Errorf("the node follows %q", p.lineage)
	}
	if !p.offer(of("c", 5)) || p.offer(of("d", 5)) {
		t.Error("the same content of another database is not what the node has")
	}
	sends(t, p, 5)
}

func TestRegistryKeepsWhatNodesConfirm(t *testing.T) {
	t.Parallel()
	r := newRegistry(time.Now)
	s, _ := r.connect(&nodev1.Hello{Node: "n", HaveLineage: "a", HaveRevision: 9, RevokedRevision: 7}, func(error) {})
	wants := func(when, lineage string, revoked uint64, ahead bool, kept ...string) {
		t.Helper()
		l := r.Nodes()[0].GetLineage()
		if l.GetLineage() != lineage || l.GetRevokedRevision() != revoked || l.GetAhead() != ahead || !slices.Equal(l.GetKeptRevocations(), kept) {
			t.Errorf("%s: %v", when, l)
		}
	}
	wants("connected", "a", 7, false)
	s.revoked(&nodev1.RevokeAck{Revision: 10})
	wants("confirmed", "a", 10, false)
	s.revoked(&nodev1.RevokeAck{Revision: 8})
	wants("an older word", "a", 10, false)
	s.status(&nodev1.Status{RevokedRevision: 11})
	wants("by status", "a", 11, false)
	s.ahead(nodev1.NackCode_NACK_CODE_VERSION_REGRESSION)
	wants("refused an older state", "a", 11, true)
	s.ahead(nodev1.NackCode_NACK_CODE_UNSPECIFIED)
	wants("refused for its content", "a", 11, false)
	s.ahead(nodev1.NackCode_NACK_CODE_OTHER_DATABASE)
	s.follows("b")
	s.revoked(&nodev1.RevokeAck{Revision: 3, Kept: []string{"app"}, KeptCount: 1})
	wants("adopted", "b", 3, false, "app")
	many := slices.Repeat([]string{"k"}, maxKept+5)
	s.revoked(&nodev1.RevokeAck{Revision: 3, Kept: many, KeptCount: int32(len(many))})
	wants("more than are shown", "b", 3, false, many[:maxKept]...)
	select {
	case <-r.Urgent():
	default:
		t.Error("Urgent was not signalled")
	}
}
