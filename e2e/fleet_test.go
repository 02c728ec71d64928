package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// replica is one of several control-plane processes, with clients of its API.
type replica struct {
	*program.Process
	nodes     adminv1connect.NodeServiceClient
	groups    adminv1connect.GroupServiceClient
	providers adminv1connect.ProviderServiceClient
}

// twoReplicas starts two control planes on one PostgreSQL and four nodes that know both.
func twoReplicas(t *testing.T) (*stack, []*replica) {
	t.Helper()
	s := newStack(t)
	env := []string{
		"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t),
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}
	var replicas []*replica
	var addresses []string
	for range 2 {
		p := programs.Start(t, "trunkline-controlplane", env, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
		r := &replica{Process: p}
		r.connect(s)
		replicas, addresses = append(replicas, r), append(addresses, p.Address("nodes"))
	}
	for i := range 4 {
		s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", []string{
			"TRUNKLINE_CONTROL_PLANE=" + strings.Join(addresses, ","), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
		}, "--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	s.awaitNodes(4)
	// A replica that does not yet rely on the other keeps every node that comes, which may be all
	// of them: a node that comes again later is sent on.
	s.eventually("nodes are at both replicas", func(ctx context.Context) bool {
		homes := replicas[0].homes(ctx)
		at := map[string]bool{}
		for _, home := range homes {
			at[home] = true
		}
		if len(homes) == 4 && len(at) == 1 {
			s.nodes[0].Restart()
		}
		return len(homes) == 4 && len(at) == 2
	})
	return s, replicas
}

// connect signs in at a replica.
func (r *replica) connect(s *stack) {
	s.admin = r.Address("console")
	client := s.rpc()
	r.nodes, r.groups = adminv1connect.NewNodeServiceClient(client), adminv1connect.NewGroupServiceClient(client)
	r.providers = adminv1connect.NewProviderServiceClient(client)
}

// shown is what a replica says of the nodes, without what changes from moment to moment.
func (r *replica) shown(ctx context.Context) (all []string) {
	list, err := r.nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
	if err != nil {
		return nil
	}
	for _, n := range list.GetNodes() {
		all = append(all, fmt.Sprintf("%s connected=%t at %s serves %d of %d, drain %t/%t, boot %s",
			n.GetName(), n.GetConnected(), n.GetReplica(), n.GetAppliedRevision(), list.GetRevision(), n.GetDrainOrdered(), n.GetDraining(), n.GetBootId()))
	}
	return all
}

// homes is where connected nodes are, by name.
func (r *replica) homes(ctx context.Context) map[string]string {
	list, err := r.nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
	if err != nil || list.GetIncomplete() != "" {
		return nil
	}
	homes := map[string]string{}
	for _, n := range list.GetNodes() {
		if n.GetConnected() {
			homes[n.GetName()] = n.GetReplica()
		}
	}
	return homes
}

// TestEveryReplicaIsTheWholeControlPlane: whichever one is asked, the answer is the same,
// and what is ordered reaches nodes that are connected to the other one.
func TestEveryReplicaIsTheWholeControlPlane(t *testing.T) {
	t.Parallel()
	s, replicas := twoReplicas(t)
	a, b := replicas[0], replicas[1]
	same := func(what string) {
		t.Helper()
		s.eventually("both replicas say the same "+what, func(ctx context.Context) bool {
			one, other := a.shown(ctx), b.shown(ctx)
			return len(one) == 4 && slices.Equal(one, other)
		})
	}
	same("of four nodes")
	count := map[string]int{}
	for _, home := range a.homes(t.Context()) {
		count[home]++
	}
	if len(count) != 2 || slices.Max(slices.Collect(maps.Values(count))) > 3 {
		t.Fatalf("nodes are spread as %v, want both replicas to have some and none more than three", count)
	}

	// A cooldown on every node is explained and ended by either replica.
	for i, asked := range replicas {
		for _, n := range s.nodes {
			if got := attempts(t, n, "first-429"); got != "2" {
				t.Fatalf("the call took %s attempts, want 2", got)
			}
		}
		for _, r := range replicas {
			s.eventually("the cooldown is explained, on four nodes", func(ctx context.Context) bool {
				res, err := r.groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "first-429"})
				return err == nil && len(res.GetRoute().GetCandidates()) == 2 && len(res.GetRoute().GetCandidates()[1].GetNodes()) == 4
			})
		}
		reset, err := asked.providers.ResetCooldown(t.Context(), &adminv1.ResetCooldownRequest{Provider: "bad-429"})
		if err != nil || !slices.Equal(reset.GetNodes(), []string{"node-1", "node-2", "node-3", "node-4"}) {
			t.Fatalf("replica %d told %v: %v", i, reset.GetNodes(), err)
		}
		for _, r := range replicas {
			s.eventually("the cooldown is over", func(ctx context.Context) bool {
				res, err := r.groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "first-429"})
				return err == nil && len(res.GetRoute().GetCandidates()) == 2 && res.GetRoute().GetCandidates()[0].GetState() == adminv1.TargetState_TARGET_STATE_HEALTHY
			})
		}
	}

	// A drain by whichever replica: not ready, and answering all the same.
	for i, asked := range replicas {
		node := s.nodes[i]
		name := fmt.Sprintf("node-%d", i+1)
		drained, err := asked.nodes.DrainNode(t.Context(), &adminv1.DrainNodeRequest{Name: name})
		if err != nil || !drained.GetNode().GetDrainOrdered() {
			t.Fatalf("drain %s: %v, %v", name, drained, err)
		}
		s.eventually(name+" is not ready", func(context.Context) bool { return readyz(node) == http.StatusServiceUnavailable })
		if got := attempts(t, node, "plain"); got != "1" {
			t.Errorf("the draining node took %s attempts", got)
		}
		for _, r := range replicas {
			s.eventually("the drain is shown", func(ctx context.Context) bool {
				got, err := r.nodes.GetNode(ctx, &adminv1.GetNodeRequest{Name: name})
				return err == nil && got.GetNode().GetDraining()
			})
		}
		if _, err := replicas[1-i].nodes.DrainNode(t.Context(), &adminv1.DrainNodeRequest{Name: name, Undo: true}); err != nil {
			t.Fatal(err)
		}
		s.eventually(name+" is ready again", func(context.Context) bool { return readyz(node) == http.StatusOK })
	}
	for _, r := range replicas {
		if _, err := r.nodes.DrainNode(t.Context(), &adminv1.DrainNodeRequest{Name: "nobody"}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("draining nobody: %v", err)
		}
		if _, err := r.nodes.ForgetNode(t.Context(), &adminv1.ForgetNodeRequest{Name: "node-1"}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
			t.Errorf("forgetting a connected node: %v", err)
		}
	}
	same("after all of that")

	// A node that is gone is forgotten by either.
	s.nodes[3].Stop()
	if text := s.nodes[3].Log(); !strings.Contains(text, "msg=stopped cut_streams=0") {
		t.Errorf("a node that had nothing to cut does not say so:\n%s", text)
	}
	s.eventually("node-4 is gone", func(ctx context.Context) bool { return len(a.homes(ctx)) == 3 && len(b.homes(ctx)) == 3 })
	if _, err := b.nodes.ForgetNode(t.Context(), &adminv1.ForgetNodeRequest{Name: "node-4"}); err != nil {
		t.Fatal(err)
	}
	s.eventually("node-4 is forgotten", func(ctx context.Context) bool { return len(a.shown(ctx)) == 3 && len(b.shown(ctx)) == 3 })
}

// TestNodesOfAKilledReplicaMoveOver: they are listed by the one that is left, drains hold,
// and the killed one finds everything when it is back.
func TestNodesOfAKilledReplicaMoveOver(t *testing.T) {
	t.Parallel()
	s, replicas := twoReplicas(t)
	a, b := replicas[0], replicas[1]
	s.eventually("both know all nodes", func(ctx context.Context) bool { return len(a.homes(ctx)) == 4 && len(b.homes(ctx)) == 4 })

	// One node of each replica drains. Which node is whose, the list says.
	homes := a.homes(t.Context())
	var drained []string
	seen := map[string]bool{}
	for _, name := range []string{"node-1", "node-2", "node-3", "node-4"} {
		if !seen[homes[name]] {
			seen[homes[name]] = true
			drained = append(drained, name)
			if _, err := b.nodes.DrainNode(t.Context(), &adminv1.DrainNodeRequest{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(drained) != 2 {
		t.Fatalf("all nodes are at one replica: %v", homes)
	}
	isDrained := func(ctx context.Context, r *replica) bool {
		for _, name := range drained {
			got, err := r.nodes.GetNode(ctx, &adminv1.GetNodeRequest{Name: name})
			if n := got.GetNode(); err != nil || !n.GetConnected() || !n.GetDraining() || !n.GetDrainOrdered() {
				return false
			}
		}
		return true
	}
	s.eventually("two nodes drain", func(ctx context.Context) bool { return isDrained(ctx, b) })

	a.Kill()
	s.eventually("all nodes are at the replica that is left", func(ctx context.Context) bool {
		now := b.homes(ctx)
		at := map[string]bool{}
		for _, home := range now {
			at[home] = true
		}
		return len(now) == 4 && len(at) == 1
	})
	s.eventually("they drain as before", func(ctx context.Context) bool { return isDrained(ctx, b) })
	for i, n := range s.nodes {
		want := http.StatusOK
		if slices.Contains(drained, fmt.Sprintf("node-%d", i+1)) {
			want = http.StatusServiceUnavailable
		}
		if got := readyz(n); got != want {
			t.Errorf("node-%d answers /readyz with %d, want %d", i+1, got, want)
		}
		if got := attempts(t, n, "plain"); got != "1" {
			t.Errorf("node-%d took %s attempts", i+1, got)
		}
	}
	a.Run()
	a.connect(s)
	s.eventually("both replicas say the same", func(ctx context.Context) bool {
		one, other := a.shown(ctx), b.shown(ctx)
		return len(one) == 4 && slices.Equal(one, other)
	})
	reset, err := a.providers.ResetCooldown(t.Context(), &adminv1.ResetCooldownRequest{Provider: "good"})
	if err != nil || len(reset.GetNodes()) != 4 {
		t.Errorf("the replica that is back told %v: %v", reset.GetNodes(), err)
	}
}

// TestANodeStopsAsDesigned: not ready at once, serving until the delay is over, and streams
// that it cannot wait for end with a word.
func TestANodeStopsAsDesigned(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t),
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	node := programs.Start(t, "trunkline-dataplane", []string{
		"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=1h",
	}, "--listen", anyPort, "--ops-listen", anyPort, "--node", "node-1")
	s.nodes, s.admin = []*program.Process{node}, s.plane.Address("console")
	s.awaitNodes(1)
	s.eventually("the node is ready", func(context.Context) bool { return readyz(node) == http.StatusOK })

	stream := openStream(t, node, "stalls")
	defer stream.Close()
	node.Signal(syscall.SIGTERM)
	s.eventually("the node is not ready", func(context.Context) bool { return readyz(node) == http.StatusServiceUnavailable })
	if got := attempts(t, node, "plain"); got != "1" {
		t.Errorf("a call while the node settles took %s attempts", got)
	}
	node.Signal(syscall.SIGTERM)
	rest, err := io.ReadAll(stream)
	if text := string(rest); err != nil || !strings.Contains(text, "gateway_draining") || strings.Contains(text, "[DONE]") {
		t.Errorf("the stream ended with %v:\n%s", err, text)
	}
	node.Wait()
	if !strings.Contains(node.Log(), "msg=stopped cut_streams=1") {
		t.Errorf("the node does not tell of the stream it cut:\n%s", node.Log())
	}
	// The spool was flushed: both calls are in the log, with what the cut one used.
	s.eventually("both calls are stored", func(context.Context) bool { return len(s.callsStored()) == 2 })
	for _, c := range s.callsStored() {
		if c.GetGroup() == "stalls" && (c.GetOutcome() != "gateway_draining" || c.GetUsage().GetOutputTokens() == 0) {
			t.Errorf("the cut call is recorded as %v", c)
		}
	}
}

// openStream begins a stream through a node and reads its first line.
func openStream(t *testing.T, node *program.Process, model string) io.ReadCloser {
	t.Helper()
	body := fmt.Sprintf(`{"model":%q,"stream":true,"messages":[{"role":"user","content":"hi"}]}`, model)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, node.Address("api")+"/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "data:" {
		t.Fatalf("the stream begins with %q, %v", first, err)
	}
	return resp.Body
}

// readyz is what a process answers load balancers.
func readyz(p *program.Process) int {
	resp, err := http.Get(p.Address("ops") + "/readyz")
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
