package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/internal/outcometest"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// operator is somebody at one replica.
type operator struct {
	t        *testing.T
	rollouts adminv1connect.RolloutServiceClient
	nodes    adminv1connect.NodeServiceClient
	groups   adminv1connect.GroupServiceClient
	keys     adminv1connect.KeyServiceClient
	config   adminv1connect.ConfigServiceClient
	settings adminv1connect.SettingsServiceClient
	alerts   adminv1connect.AlertServiceClient
	audit    adminv1connect.AuditServiceClient
	provider adminv1connect.ProviderServiceClient
}

func (s *stack) operator(r *replica) *operator {
	s.admin = r.Address("console")
	c := s.rpc()
	return &operator{
		s.t, adminv1connect.NewRolloutServiceClient(c), adminv1connect.NewNodeServiceClient(c), adminv1connect.NewGroupServiceClient(c), adminv1connect.NewKeyServiceClient(c),
		adminv1connect.NewConfigServiceClient(c), adminv1connect.NewSettingsServiceClient(c), adminv1connect.NewAlertServiceClient(c), adminv1connect.NewAuditServiceClient(c),
		adminv1connect.NewProviderServiceClient(c),
	}
}

func (o *operator) rollout(ctx context.Context) *adminv1.Rollout {
	res, err := o.rollouts.GetRollout(ctx, &adminv1.GetRolloutRequest{})
	if err != nil {
		return nil
	}
	return res.GetRollout()
}

// group makes a group, and returns the revision.
func (o *operator) group(name string) uint64 {
	o.t.Helper()
	_, err := o.groups.CreateGroup(o.t.Context(), &adminv1.CreateGroupRequest{Group: &adminv1.Group{
		Name: name, Members: []*adminv1.Member{{Provider: "good", Model: "ok", Priority: 1}},
	}})
	if err != nil {
		o.t.Fatal(err)
	}
	list, err := o.nodes.ListNodes(o.t.Context(), &adminv1.ListNodesRequest{})
	if err != nil {
		o.t.Fatal(err)
	}
	return list.GetRevision()
}

// serve is what connected nodes serve, but API keys, by name.
func (o *operator) serve(ctx context.Context) map[string]uint64 {
	list, err := o.nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
	if err != nil {
		return nil
	}
	all := map[string]uint64{}
	for _, n := range list.GetNodes() {
		if n.GetConnected() {
			all[n.GetName()] = n.GetAppliedRevision()
		}
	}
	return all
}

// answers is the status of a call at a node.
func answers(t *testing.T, n *program.Process, key, model string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(n.Address("api"), "/v1")+"/v1/chat/completions",
		strings.NewReader(fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hi"}]}`, model)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestAChangeIsTriedOnSomeNodesFirst: two control planes and four nodes. A good change goes from one node to all; a bad one
// stays on that node, also while a control plane is killed and a node joins, and API keys pass it.
func TestAChangeIsTriedOnSomeNodesFirst(t *testing.T) {
	t.Parallel()
	s, replicas := twoReplicas(t)
	a, b := s.operator(replicas[0]), s.operator(replicas[1])
	policy := func(watch time.Duration) {
		t.Helper()
		_, err := b.settings.UpdateSettings(t.Context(), &adminv1.UpdateSettingsRequest{
			Settings:   &adminv1.Settings{Rollout: &adminv1.RolloutPolicy{Mode: "canary", CanaryNodes: []string{"node-2"}, WatchTime: durationpb.New(watch)}},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rollout"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all := func(o *operator, revision uint64, n int) {
		t.Helper()
		s.eventually(fmt.Sprintf("%d nodes serve revision %d", n, revision), func(ctx context.Context) bool {
			serve := o.serve(ctx)
			for _, serves := range serve {
				if serves < revision {
					return false
				}
			}
			return len(serve) == n
		})
	}
	awaitState := func(o *operator, state adminv1.RolloutState) *adminv1.Rollout {
		t.Helper()
		var last *adminv1.Rollout
		s.eventually("the rollout is "+state.String(), func(ctx context.Context) bool {
			last = o.rollout(ctx)
			return last.GetState() == state
		})
		return last
	}
	if got := a.rollout(t.Context()).GetState(); got != adminv1.RolloutState_ROLLOUT_STATE_OFF {
		t.Errorf("at first %s", got)
	}
	policy(time.Second)
	for _, o := range []*operator{a, b} {
		awaitState(o, adminv1.RolloutState_ROLLOUT_STATE_IDLE)
	}
	base := a.serve(t.Context())["node-1"]

	// A good change, made at one replica, is on the first node before the others.
	good := a.group("new")
	s.eventually("the first node has it and the others do not", func(ctx context.Context) bool {
		r, serve := b.rollout(ctx), b.serve(ctx)
		if serve["node-1"] >= good && serve["node-2"] < good {
			t.Fatalf("node-1 serves %d before node-2, which serves %d", serve["node-1"], serve["node-2"])
		}
		return r.GetRevision() == good && r.GetBaseRevision() >= base && serve["node-2"] == good && serve["node-1"] < good && serve["node-3"] < good && serve["node-4"] < good
	})
	all(b, good, 4)
	if last := b.rollout(t.Context()).GetLastDecision(); last.GetOutcome() != "promoted" || last.GetRevision() != good || last.GetActor() != "system" {
		t.Errorf("decided %v", last)
	}

	// A bad one, whose requests fail, is held there.
	provider, err := a.provider.GetProvider(t.Context(), &adminv1.GetProviderRequest{Name: "good"})
	if err != nil {
		t.Fatal(err)
	}
	bad := proto.CloneOf(provider.GetProvider())
	bad.BaseUrl = "http://" + outcometest.ClosedPort(t)
	bad.Credentials = []*adminv1.Credential{{Name: "main", Secret: "up-secret"}}
	if _, err := a.provider.UpdateProvider(t.Context(), &adminv1.UpdateProviderRequest{Provider: bad, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"base_url", "credentials"}}}); err != nil {
		t.Fatal(err)
	}
	others := func() {
		t.Helper()
		for _, i := range []int{0, 2, 3} {
			if got := answers(t, s.nodes[i], appKey, "plain"); got != http.StatusOK {
				t.Errorf("a node that must not have the change answers %d", got)
			}
		}
	}
	s.eventually("it is held", func(ctx context.Context) bool {
		answers(t, s.nodes[1], appKey, "plain")
		others()
		return b.rollout(ctx).GetState() == adminv1.RolloutState_ROLLOUT_STATE_HELD
	})
	held := b.rollout(t.Context())
	if !strings.Contains(held.GetReason(), "requests failed on the first nodes") || held.GetFailedRequests() < 3 || held.GetBaseRevision() < good || strings.Join(held.GetNodes(), " ") != "node-2" {
		t.Errorf("held as %v", held)
	}
	s.eventually("an alert fires", func(ctx context.Context) bool {
		list, err := b.alerts.ListAlerts(ctx, &adminv1.ListAlertsRequest{Event: "rollout_held"})
		return err == nil && list.GetFiringCount() == 1 && strings.Join(list.GetAlerts()[0].GetNodes(), " ") == "node-2"
	})

	// API keys reach every node meanwhile, made and revoked.
	made, err := a.keys.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "late", Groups: []string{"plain"}}})
	if err != nil {
		t.Fatal(err)
	}
	s.eventually("a new key is served by a node that is held back", func(context.Context) bool {
		return answers(t, s.nodes[0], made.GetSecret(), "plain") == http.StatusOK
	})
	if _, err := a.keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "late"}); err != nil {
		t.Fatal(err)
	}
	s.eventually("and refused once it is revoked", func(context.Context) bool {
		return answers(t, s.nodes[0], made.GetSecret(), "plain") == http.StatusUnauthorized
	})

	// A control plane is lost and a node joins: nobody else gets it.
	replicas[0].Kill()
	s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", []string{
		"TRUNKLINE_CONTROL_PLANE=" + replicas[1].Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
	}, "--listen", anyPort, "--ops-listen", anyPort, "--node", "node-5"))
	s.eventually("every node is at the other control plane, and held back", func(ctx context.Context) bool {
		list, err := b.nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
		n := 0
		for _, node := range list.GetNodes() {
			if node.GetConnected() && (node.GetName() == "node-2" || node.GetHeldRevision() == held.GetBaseRevision() && node.GetState() == adminv1.NodeState_NODE_STATE_HELD_BACK) {
				n++
			}
		}
		return err == nil && n == 5
	})
	others()
	if got := answers(t, s.nodes[4], appKey, "plain"); got != http.StatusOK {
		t.Errorf("a node that joined answers %d", got)
	}
	if _, err := b.rollouts.AbortRollout(t.Context(), &adminv1.AbortRolloutRequest{Revision: 1}); connect.CodeOf(err) != connect.CodeAborted {
		t.Errorf("another revision is aborted: %v", err)
	}
	back, err := b.rollouts.AbortRollout(t.Context(), &adminv1.AbortRolloutRequest{Revision: held.GetRevision()})
	if err != nil {
		t.Fatal(err)
	}
	all(b, back.GetRevision(), 5)
	if got := answers(t, s.nodes[1], appKey, "plain"); got != http.StatusOK {
		t.Errorf("the first node answers %d after the change was taken back", got)
	}
	if last := b.rollout(t.Context()); last.GetState() != adminv1.RolloutState_ROLLOUT_STATE_IDLE || last.GetLastDecision().GetOutcome() != "taken_back" || last.GetLastDecision().GetActor() != "user:admin" {
		t.Errorf("after that %v", last)
	}

	// Two changes in a row are tried as one, and promoted by hand.
	policy(time.Hour)
	b.group("one")
	two := b.group("two")
	s.eventually("the second is watched", func(ctx context.Context) bool {
		r := b.rollout(ctx)
		return r.GetRevision() == two && r.GetState() == adminv1.RolloutState_ROLLOUT_STATE_WATCHING
	})
	if serve := b.serve(t.Context()); serve["node-2"] != two || serve["node-1"] >= two {
		t.Errorf("while it is watched nodes serve %v", serve)
	}
	// The replica that is killed leaves the decision to the one that comes back.
	replicas[0].Restart()
	a = s.operator(replicas[0])
	replicas[1].Kill()
	s.eventually("the other control plane goes on watching", func(ctx context.Context) bool {
		r := a.rollout(ctx)
		return r.GetState() == adminv1.RolloutState_ROLLOUT_STATE_WATCHING && r.GetRevision() == two && len(a.serve(ctx)) == 4
	})
	if _, err := a.rollouts.PromoteRollout(t.Context(), &adminv1.PromoteRolloutRequest{Revision: two}); err != nil {
		t.Fatal(err)
	}
	all(a, two, 4)
	if _, err := a.rollouts.PromoteRollout(t.Context(), &adminv1.PromoteRolloutRequest{}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("nothing is promoted: %v", err)
	}
	events, err := a.audit.ListAuditEvents(t.Context(), &adminv1.ListAuditEventsRequest{PageSize: 200})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range events.GetEvents() {
		seen[e.GetAction()+" "+e.GetActor()+" "+e.GetOutcome()] = true
	}
	for _, wanted := range []string{"BeginRollout system ok", "HoldRollout system ok", "EndRollout system ok", "AbortRollout user:admin ok", "PromoteRollout user:admin ok"} {
		if !seen[wanted] {
			t.Errorf("the audit log has no %s: %v", wanted, seen)
		}
	}
}
