package nodelink

import (
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/internal/pace"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestChangesReachEveryNode(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"tcp", "memory"} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			lis, change := inMemory()
			if link == "tcp" {
				lis, change = listen(t, "127.0.0.1:0"), nil
			}
			cfg := newConfig(3, 1)
			c := serve(t, lis, cfg, newLedger())
			a := join(t, "a", lis.Addr().String(), change)
			b := join(t, "b", lis.Addr().String(), change)
			a.reaches(t, 3)
			b.reaches(t, 3)
			if _, ok := a.serving.Load().Group("group-0"); !ok {
				t.Error("the group is missing")
			}
			cfg.set(4, 2)
			a.reaches(t, 4)
			b.reaches(t, 4)
			if _, ok := b.serving.Load().Group("group-1"); !ok {
				t.Error("the new group is missing")
			}
			until(t, "both are listed at revision 4", func() bool {
				nodes := c.nodes.Nodes()
				return len(nodes) == 2 && live(nodes[0], "a", 4) && live(nodes[1], "b", 4)
			})
			b.stop()
			until(t, "b is listed as gone", func() bool { return !c.nodes.Nodes()[1].GetConnected() })
		})
	}
}

func live(n *adminv1.Node, name string, revision uint64) bool {
	return n.GetName() == name && n.GetConnected() && n.GetAppliedRevision() == revision && n.GetError() == ""
}

func TestNodeThatRefusesKeepsTheOldConfiguration(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	good := join(t, "good", lis.Addr().String(), nil)
	picky := join(t, "picky", lis.Addr().String(), nil)
	good.reaches(t, 1)
	picky.reaches(t, 1)
	picky.refuse.Store(2)
	cfg.set(2, 2)
	good.reaches(t, 2)
	until(t, "the refusal is listed with its reason", func() bool {
		nodes := c.nodes.Nodes()
		return live(nodes[0], "good", 2) && nodes[1].GetAppliedRevision() == 1 && nodes[1].GetConnected() &&
			nodes[1].GetError() == "revision 2: revision 2 is refused by the test"
	})
	if _, ok := picky.serving.Load().Group("group-1"); ok || picky.Revision() != 1 {
		t.Errorf("the refused configuration is served, revision %d", picky.Revision())
	}
	cfg.set(3, 1)
	picky.reaches(t, 3)
	until(t, "the error is gone", func() bool { return live(c.nodes.Nodes()[1], "picky", 3) })
}

func TestSlowNodeGetsTheLatest(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	serve(t, lis, cfg, newLedger())
	entered, leave := make(chan struct{}), make(chan struct{})
	var slow []uint64
	n := join(t, "slow", lis.Addr().String(), func(c *uplink.Config) {
		apply := c.Sync.Apply
		c.Sync.Change = nil // it takes whole snapshots
		c.Sync.Apply = func(s *nodev1.Snapshot, _ *pace.Pace) error {
			if len(slow) == 0 {
				close(entered)
				<-leave
			}
			slow = append(slow, s.GetRevision())
			return apply(s, nil)
		}
	})
	quick := join(t, "quick", lis.Addr().String(), nil)
	<-entered
	for revision := 2; revision <= 6; revision++ {
		cfg.set(revision, revision)
		quick.reaches(t, uint64(revision))
	}
	close(leave)
	n.reaches(t, 6)
	n.stop()
	// One more may have been on its way when the last came.
	if len(slow) > 3 || slow[0] != 1 || slow[len(slow)-1] != 6 {
		t.Errorf("the slow node was sent %v, want 1 and 6, and at most one between", slow)
	}
}

func TestWrongTokenNeverGetsASnapshot(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	tries := make(chan string, 100)
	n := join(t, "stranger", lis.Addr().String(), func(c *uplink.Config) {
		c.Logger = messages(tries)
		known(t, func(i *identity.Config) { i.JoinToken = "guessed" })(c)
	})
	select {
	case m := <-tries:
		if !strings.Contains(m, "the proof of the join token is not valid") {
			t.Errorf("logged %q", m)
		}
	case <-time.After(patience):
		t.Fatal("the refusal is not logged")
	}
	if n.Revision() != 0 || len(c.nodes.Nodes()) != 0 {
		t.Errorf("revision %d, nodes %v", n.Revision(), c.nodes.Nodes())
	}
}

func TestControlPlaneIsKilledAndRestarted(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"killed", "shut down"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			lis := listen(t, "127.0.0.1:0")
			address := lis.Addr().String()
			cfg := newConfig(1, 1)
			stored := newLedger()
			c := serve(t, lis, cfg, stored)
			nodes := []*node{join(t, "a", address, nil), join(t, "b", address, nil)}
			for i, n := range nodes {
				n.reaches(t, 1)
				n.record(i, 0, 200)
			}
			if end == "killed" {
				c.kill()
			} else {
				c.stop()
			}
			for i, n := range nodes {
				if n.Revision() != 1 || n.serving.Load() == nil {
					t.Errorf("node %d stopped serving", i)
				}
				n.record(i, 200, 900)
			}
			cfg.set(2, 5)
			c = serve(t, listen(t, address), cfg, stored)
			for i, n := range nodes {
				n.reaches(t, 2)
				n.record(i, 900, 1000)
				n.flush(t)
			}
			stored.check(t, len(nodes), 1000)
			until(t, "both are listed again", func() bool {
				nodes := c.nodes.Nodes()
				return len(nodes) == 2 && live(nodes[0], "a", 2) && live(nodes[1], "b", 2)
			})
		})
	}
}
