package nodelink

import (
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// tellOften makes a node's status frequent.
func tellOften(change func(*uplink.Config)) func(*uplink.Config) {
	return func(c *uplink.Config) {
		change(c)
		c.Sync.StatusInterval = 20 * time.Millisecond
	}
}

// The authority's key is replaced while nodes are linked to two replicas, one of which is killed in each step, and
// one node is away. No link breaks but those of the killed replica, and every node is known afterwards.
func TestTheAuthoritysKeyIsReplacedWithoutABreak(t *testing.T) {
	t.Parallel()
	shared := newRealm(t)
	shared.url = testenv.Postgres(t)
	var (
		replicas  [2]*control
		addresses [2]string
		configs   [2]*config
	)
	for i := range replicas {
		configs[i] = newConfig(1, 1)
		configs[i].realm = shared
		lis := listen(t, "127.0.0.1:0")
		addresses[i] = lis.Addr().String()
		replicas[i] = serve(t, lis, configs[i], newLedger())
	}
	restart := func(i int) {
		replicas[i].kill()
		replicas[i] = serve(t, listen(t, addresses[i]), configs[i], newLedger())
	}
	dirs := map[string]string{"kept": t.TempDir(), "away": t.TempDir()}
	var kept, moved diary
	start := func(name string, d *diary, address, token string) *node {
		n := join(t, name, address, d.logs(tellOften(known(t, with(token, dirs[name], func(i *identity.Config) { i.Now = shared.now })))))
		n.reaches(t, 1)
		return n
	}
	a := start("kept", &kept, addresses[0], token)
	b := start("moved", &moved, addresses[1], token)
	start("away", new(diary), addresses[0], token).stop()
	state := func() enrollment.Rotation { return replicas[0].joins.Rotation() }
	waits := func(what, signing string, keys int, nodes ...string) {
		t.Helper()
		until(t, what, func() bool {
			r := state()
			return len(r.Keys) == keys && (signing == "" || r.Keys[0].Fingerprint == signing) && slices.Equal(r.Waiting, nodes)
		})
	}
	old := state().Keys[0].Fingerprint

	if err := replicas[1].joins.Rotate(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	waits("the node that is away is waited for", old, 2, "away")
	next := state().Keys[1].Fingerprint
	restart(1)
	replicas[1].has(t, "moved")
	away := start("away", new(diary), addresses[1], "")
	until(t, "it learns to trust the new key", func() bool { return slices.Contains(away.Authorities(), next) })
	restart(1)
	late := start("late", new(diary), addresses[1], token)
	waits("the old key is gone", next, 1)

	for _, n := range []*node{a, b, late, away} {
		until(t, "it trusts the new key alone", func() bool { return slices.Equal(n.Authorities(), []string{next}) })
	}
	if kept.says("control plane lost") {
		t.Errorf("the link to the replica that was never killed broke:\n%s", &kept.text)
	}
	a.stop()
	start("kept", new(diary), addresses[1], "") // from its disk, without a token
}

// has waits until the replica has the node's stream.
func (c *control) has(t *testing.T, name string) {
	t.Helper()
	until(t, name+" is connected again", func() bool {
		for _, node := range c.nodes.Nodes() {
			if node.GetName() == name && node.GetConnected() {
				return true
			}
		}
		return false
	})
}
