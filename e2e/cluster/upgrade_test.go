package cluster_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/e2e/cluster"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// previous is the version that this one must be able to take over from, and give back to: the last
// tag or, while there is none, a commit. Move it when a version was released.
const previous = "3bb0f538ddc389dabee9a6cbcc23750f094f3f9c"

var before = program.BuildAt(previous, "trunkline-controlplane", "trunkline-dataplane", "fakeprovider")

// TestUpgrade goes from the version before to this one, one program after the other and under streams,
// and takes steps back: no stream is cut, no call is lost, and every call is in the log once.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	u := &upgrade{t: t, Cluster: cluster.Start(t, before, rollingDocuments, "--drain-delay", "1s"), stopped: map[string]time.Time{}}
	for _, p := range u.Nodes {
		awaitReady(t, p)
	}
	u.admin = signIn(t, u.Proxy.URL())
	l := newLoad(t, u.Proxy.URL())

	u.migrate()
	u.controlPlane(0, before)
	u.node(0, before)
	u.change("old programs on the new schema")

	u.controlPlane(0, programs)
	u.change("one new control plane beside an old one")
	u.controlPlane(1, programs)
	u.change("old nodes at new control planes")
	u.node(1, programs)
	u.change("a new node beside old ones")

	u.node(1, before)
	u.controlPlane(0, before)
	u.change("a step back")

	u.controlPlane(0, programs)
	for i := range u.Nodes {
		u.node(i, programs)
	}
	u.change("everything is new")
	served := l.end()
	if !t.Failed() {
		checkLog(t, u.admin, served, u.stopped)
	}
}

// upgrade is a cluster whose programs are replaced.
type upgrade struct {
	*cluster.Cluster
	t       *testing.T
	admin   *connect.Client
	stopped map[string]time.Time // when a node was first told to stop
}

// migrate brings the database to the schema of this version while the one before runs.
func (u *upgrade) migrate() {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), programs.Path(u.t, "trunkline-controlplane"), "migrate")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, u.ControlPlanes[0].Env...)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "schema_version") {
		u.t.Fatalf("migrate: %v\n%s", err, out)
	}
}

func (u *upgrade) controlPlane(i int, to *program.Set) {
	u.t.Helper()
	u.replace(fmt.Sprintf("control-plane-%d", i+1), u.ControlPlanes[i], to)
}

func (u *upgrade) node(i int, to *program.Set) {
	u.t.Helper()
	name := fmt.Sprintf("node-%d", i+1)
	if _, known := u.stopped[name]; !known {
		eventually(u.t, name+" has streams", func() bool { return inFlight(u.t, u.Nodes[i]) >= 2 })
		u.stopped[name] = time.Now()
	}
	u.replace(name, u.Nodes[i], to)
	if log := u.Nodes[i].Log(); strings.Contains(log, "cut_streams=") && !strings.Contains(log, "cut_streams=0") {
		u.t.Errorf("%s cut streams", name)
	}
}

func (u *upgrade) replace(name string, p *program.Process, by *program.Set) {
	u.t.Helper()
	u.TakeOut(u.t, name)
	p.Signal(syscall.SIGTERM)
	p.Wait()
	p.Become(by)
	p.Run()
	awaitReady(u.t, p)
	u.PutBack(u.t, name)
}

// change changes the configuration and waits until every node serves it.
func (u *upgrade) change(when string) {
	u.t.Helper()
	group := &adminv1.Group{Name: strings.ReplaceAll(when, " ", "-"), Members: []*adminv1.Member{{Provider: "steady", Model: "slow-100ms", Priority: 1}}}
	created, err := adminv1connect.NewGroupServiceClient(u.admin).CreateGroup(u.t.Context(), &adminv1.CreateGroupRequest{Group: group})
	if err != nil {
		u.t.Fatalf("a change with %s: %v", when, err)
	}
	var etag uint64
	if _, err := fmt.Sscan(created.GetGroup().GetEtag(), &etag); err != nil {
		u.t.Fatal(err)
	}
	nodes := adminv1connect.NewNodeServiceClient(u.admin)
	eventually(u.t, "with "+when+", every node serves a change", func() bool {
		list, err := nodes.ListNodes(u.t.Context(), &adminv1.ListNodesRequest{})
		live := 0
		for _, n := range list.GetNodes() {
			if n.GetConnected() && n.GetAppliedRevision() >= etag {
				live++
			}
		}
		return err == nil && live == len(u.Nodes)
	})
}
