package e2e

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// TestRoutingIsExplainedAndChangedLive: what nodes learn is seen and ended from the control
// plane, and what a group says about its streams holds as soon as it is live.
func TestRoutingIsExplainedAndChangedLive(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	groups := adminv1connect.NewGroupServiceClient(s.rpc())

	// A rate limit holds the first provider on both nodes; the group then begins with the next.
	for range 2 {
		if status := s.chat(t, "first-429", false); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	first := func(ctx context.Context) *adminv1.Candidate {
		res, err := groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "first-429"})
		if err != nil || len(res.GetRoute().GetCandidates()) != 2 {
			return nil
		}
		return res.GetRoute().GetCandidates()[0]
	}
	s.eventually("the held provider is explained as last, on both nodes", func(ctx context.Context) bool {
		res, err := groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "first-429"})
		if err != nil || len(res.GetRoute().GetCandidates()) != 2 {
			return false
		}
		held := res.GetRoute().GetCandidates()[1]
		left := held.GetRemaining().AsDuration()
		return held.GetProvider() == "bad-429" && held.GetState() == adminv1.TargetState_TARGET_STATE_COOLING && strings.Contains(held.GetReason(), "rate_limited") &&
			len(held.GetNodes()) == 2 && left > 0 && left <= 30*time.Second
	})
	reset, err := adminv1connect.NewProviderServiceClient(s.rpc()).ResetCooldown(t.Context(), &adminv1.ResetCooldownRequest{Provider: "bad-429"})
	if err != nil || len(reset.GetNodes()) != 2 {
		t.Fatalf("reset told %v: %v", reset.GetNodes(), err)
	}
	s.eventually("the provider is first again", func(ctx context.Context) bool {
		c := first(ctx)
		return c.GetProvider() == "bad-429" && c.GetState() == adminv1.TargetState_TARGET_STATE_HEALTHY
	})

	// A keyword's hit is in the call, and counted on the node that saw it.
	if status := s.chat(t, "first-keyword", true); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	s.eventually("the keyword's hit is counted", func(ctx context.Context) bool {
		list, err := nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
		var hits int64
		for _, n := range list.GetNodes() {
			hits += n.GetKeywordHits()["overloaded"]
		}
		return err == nil && hits == 1
	})
	s.eventually("the keyword is in the call", func(context.Context) bool {
		for _, c := range s.callsStored() {
			if c.GetGroup() == "first-keyword" {
				return c.GetAttempts()[0].GetKeyword() == "overloaded" && c.GetAttempts()[0].GetBlame() == "target" && c.GetAttempts()[1].GetBlame() == ""
			}
		}
		return false
	})

	// Once the group is complete or nothing, a stream that would be cut is an error instead.
	got, err := groups.GetGroup(t.Context(), &adminv1.GetGroupRequest{Name: "cut"})
	if err != nil {
		t.Fatal(err)
	}
	group := got.GetGroup()
	group.Policy = &adminv1.FailoverPolicy{StreamCommit: "complete"}
	if _, err := groups.UpdateGroup(t.Context(), &adminv1.UpdateGroupRequest{Group: group}); err != nil {
		t.Fatal(err)
	}
	s.awaitNodes(2)
	if status := s.chat(t, "cut", true); status != http.StatusBadGateway {
		t.Errorf("status %d, want 502", status)
	}
}

// chat makes one call and gives its status.
func (s *stack) chat(t *testing.T, model string, stream bool) int {
	t.Helper()
	body := `{"model":"` + model + `","stream":` + map[bool]string{true: "true", false: "false"}[stream] + `,"messages":[{"role":"user","content":"hi"}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.api+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil { // who leaves earlier has left a stream
		t.Fatal(err)
	}
	return resp.StatusCode
}
