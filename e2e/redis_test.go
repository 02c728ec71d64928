package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// strict makes cooldowns last, however fast a target fails.
const strict = "---\nkind: Settings\nfailover: {probe_early: false, retry_same_target: false, cooldown: 120s, cooldown_max: 600s}\n" +
	"---\nkind: ApiKey\nname: six\ngroups: [plain]\nsecret: sk-e2e-six-0123456789\nlimits: {requests_per_minute: 6}\n" +
	"---\nkind: ApiKey\nname: burst\ngroups: [plain]\nsecret: sk-e2e-burst-0123456789\nlimits: {requests_per_minute: 6}\n"

// onRedis is a control plane and two nodes; redis is empty for nodes that are on their own.
func onRedis(t *testing.T, redis string) *stack {
	t.Helper()
	s := newStack(t)
	config, err := os.OpenFile(s.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.WriteString(strict); err != nil {
		t.Fatal(err)
	}
	if err := config.Close(); err != nil {
		t.Fatal(err)
	}
	s.plane = programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t),
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	for i := range 2 {
		env := []string{"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s"}
		if redis != "" {
			env = append(env, "REDIS_URL="+redis)
		}
		s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", env,
			"--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	s.admin = s.plane.Address("console")
	s.awaitNodes(2)
	s.api = s.balance()
	return s
}

// attempts makes a call through one node and returns how many attempts it took.
func attempts(t *testing.T, node *program.Process, model string) string {
	t.Helper()
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hi"}]}`, model)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, node.Address("api")+"/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d (%v): %s", resp.StatusCode, err, answer)
	}
	return resp.Header.Get("X-Trunkline-Attempts")
}

// node is how the control plane sees a node.
func (s *stack) node(ctx context.Context, nodes adminv1connect.NodeServiceClient, name string) *adminv1.Node {
	list, err := nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
	if err != nil {
		return nil
	}
	for _, n := range list.GetNodes() {
		if n.GetName() == name {
			return n
		}
	}
	return nil
}

func cooling(n *adminv1.Node, provider string) bool {
	return slices.ContainsFunc(n.GetTargets(), func(h *adminv1.TargetHealth) bool {
		return h.GetProvider() == provider && h.GetModel() != "" && h.GetState() == adminv1.TargetState_TARGET_STATE_COOLING
	})
}

// What one node finds out, the other knows without a call of its own; and a person's word
// ends it on both.
func TestATargetTrippedThroughOneNodeIsSkippedByTheOther(t *testing.T) {
	t.Parallel()
	s := onRedis(t, testenv.Redis(t).URL())
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	for _, name := range []string{"node-1", "node-2"} {
		s.eventually(name+" shares its health", func(ctx context.Context) bool { return s.node(ctx, nodes, name).GetRedis() == "up" })
	}
	for i := range 5 {
		if got := attempts(t, s.nodes[0], "first-500"); got != "2" {
			t.Fatalf("call %d through node 1 took %s attempts, want 2", i+1, got)
		}
	}
	if got := attempts(t, s.nodes[0], "first-500"); got != "1" {
		t.Errorf("after five failures a call through node 1 took %s attempts, want 1", got)
	}
	s.eventually("node 2 skips the target too", func(ctx context.Context) bool { return cooling(s.node(ctx, nodes, "node-2"), "bad-500") })
	if got := attempts(t, s.nodes[1], "first-500"); got != "1" {
		t.Errorf("the first call ever through node 2 took %s attempts, want 1", got)
	}

	providers := adminv1connect.NewProviderServiceClient(s.rpc())
	reset, err := providers.ResetCooldown(t.Context(), &adminv1.ResetCooldownRequest{Provider: "bad-500"})
	if err != nil || !slices.Equal(reset.GetNodes(), []string{"node-1", "node-2"}) {
		t.Fatalf("reset told %v (%v), want both nodes", reset.GetNodes(), err)
	}
	for i, name := range []string{"node-1", "node-2"} {
		s.eventually(name+" has no cooldown", func(ctx context.Context) bool {
			n := s.node(ctx, nodes, name)
			return n != nil && !cooling(n, "bad-500")
		})
		if got := attempts(t, s.nodes[i], "first-500"); got != "2" {
			t.Errorf("after the reset a call through %s took %s attempts, want 2", name, got)
		}
	}
}

// Redis may be killed, frozen and started again under load: no client notices.
func TestRedisFailsUnderLoad(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	s := onRedis(t, redis.URL())
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	await := func(state string) {
		t.Helper()
		for _, name := range []string{"node-1", "node-2"} {
			s.eventually(name+" finds Redis "+state, func(ctx context.Context) bool { return s.node(ctx, nodes, name).GetRedis() == state })
		}
	}
	await("up")
	l := newLoad(t, s, "first-500")
	l.more(s, 100)
	for _, fault := range []struct {
		name      string
		hurt, end func(testing.TB)
	}{{"killed", redis.Kill, redis.Restart}, {"frozen", redis.Pause, redis.Resume}} {
		fault.hurt(t)
		l.more(s, 200)
		await("down")
		l.more(s, 200)
		for _, node := range s.nodes {
			if got := metrics(t, node.Address("ops"))["trunkline_redis_state"]; got != 0 {
				t.Errorf("%s: trunkline_redis_state is %v", fault.name, got)
			}
		}
		fault.end(t)
		await("up")
		l.more(s, 100)
		if n := l.failed.Load(); n != 0 {
			t.Errorf("%d calls failed while Redis was %s", n, fault.name)
		}
	}
	l.end()
	for _, node := range s.nodes {
		for line, want := range map[string]int{"uses only its own health and limits": 2, "health, limits and revoked keys are shared through Redis": 3} {
			if got := strings.Count(node.Log(), line); got != want {
				t.Errorf("%d lines %q of %s, want %d:\n%s", got, line, node.Args, want, node.Log())
			}
		}
	}
}

// A node that was killed skips what it skipped before, with nobody there to tell it.
func TestCooldownsSurviveTheKillOfANode(t *testing.T) {
	t.Parallel()
	s := onRedis(t, "")
	node := s.nodes[0]
	for range 5 {
		attempts(t, node, "first-500")
	}
	s.eventually("the cooldown is on disk", func(context.Context) bool {
		raw, err := os.ReadFile(filepath.Join(node.Dir, "data", "health.json"))
		return err == nil && bytes.Contains(raw, []byte("target:bad-500:status-500"))
	})
	s.plane.Kill()
	node.Restart()
	awaitReady(t, node)
	if got := attempts(t, node, "first-500"); got != "1" {
		t.Errorf("after the restart a call took %s attempts, want 1", got)
	}
	if got := attempts(t, s.nodes[1], "first-500"); got != "2" {
		t.Errorf("the other node knows nothing of it, but a call took %s attempts, want 2", got)
	}
	began := time.Now()
	node.Stop() // nothing that runs in the background holds it up
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}
