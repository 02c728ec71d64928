package fleet_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestLag(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	f := b.fleets[0]
	b.locals[0].connect("behind", "boot", 1, 7)
	b.locals[0].connect("newest", "boot", 1, 7)
	b.round(f)
	for r := controlplane.Revision(8); r <= 10; r++ {
		b.pass(time.Second)
		b.source.set(r)
		b.round(f)
	}
	b.locals[0].connect("newest", "boot", 1, 10)
	b.locals[0].connect("nothing", "boot", 1, 0)
	for name, applied := range map[string]uint64{"held": 10, "held too long": 9} { // what they have of API keys
		b.locals[0].set(name, "boot", 1, &adminv1.Node{Name: name, Connected: true, AppliedRevision: applied, HeldRevision: 7})
	}
	b.pass(time.Second)
	for name, want := range map[string]struct {
		revisions uint64
		since     time.Duration
	}{"behind": {3, 3 * time.Second}, "newest": {0, 0}, "nothing": {10, 4 * time.Second}, "held": {0, 0}, "held too long": {1, time.Second}} {
		n, err := f.Node(name)
		if err != nil {
			t.Fatal(err)
		}
		var since *durationpb.Duration
		if want.since > 0 {
			since = durationpb.New(want.since)
		}
		if n.GetRevisionsBehind() != want.revisions || !proto.Equal(n.GetBehindFor(), since) {
			t.Errorf("%s is behind by %d for %v, want %d for %s", name, n.GetRevisionsBehind(), n.GetBehindFor().AsDuration(), want.revisions, want.since)
		}
	}
	if n, err := f.Node("held"); err != nil || n.GetAppliedRevision() != 7 {
		t.Errorf("a node from which something is held back serves %d, %v", n.GetAppliedRevision(), err)
	}
	if s := f.Stats(); s.Behind != 4 || s.MostBehind != 10 || s.LongestBehind != 4*time.Second {
		t.Errorf("stats %+v", s)
	}
}
