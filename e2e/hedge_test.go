package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/durationpb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// TestASlowProviderIsHedged: a group that hedges is answered by its second member while the first is
// silent; both attempts are in the call, charged and blamed on nobody, and counted by outcome.
func TestASlowProviderIsHedged(t *testing.T) {
	t.Parallel()
	s := allInOne(t)
	groups := adminv1connect.NewGroupServiceClient(s.rpc())
	group := &adminv1.Group{Name: "plain", Members: []*adminv1.Member{
		{Provider: "good", Model: "stall-before", Priority: 1}, {Provider: "good", Model: "ok", Priority: 2},
	}}
	for wrong, after := range map[string]time.Duration{"too short": 500 * time.Microsecond, "too long": time.Hour + 1, "negative": -time.Second} {
		group.Policy = &adminv1.FailoverPolicy{HedgeAfter: durationpb.New(after)}
		if _, err := groups.UpdateGroup(t.Context(), &adminv1.UpdateGroupRequest{Group: group}); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	group.Policy = &adminv1.FailoverPolicy{HedgeAfter: durationpb.New(50 * time.Millisecond)}
	updated, err := groups.UpdateGroup(t.Context(), &adminv1.UpdateGroupRequest{Group: group})
	if err != nil {
		t.Fatal(err)
	}
	if got := updated.GetGroup().GetEffectivePolicy().GetHedgeAfter().AsDuration(); got != 50*time.Millisecond {
		t.Errorf("in effect is %s", got)
	}
	s.awaitNodes(1)
	for _, stream := range []bool{false, true} {
		if status := s.chat(t, "plain", stream); status != http.StatusOK {
			t.Fatalf("stream %v: status %d", stream, status)
		}
	}
	s.eventually("both calls are recorded with both attempts", func(context.Context) bool {
		calls := s.callsStored()
		for _, c := range calls {
			a := c.GetAttempts()
			if len(a) != 2 || a[0].GetOutcome() != "superseded" || !a[0].GetMaybeBilled() || a[0].GetBlame() != "" || a[0].GetCost() == "" ||
				a[1].GetOutcome() != "ok" || a[1].GetStartOffset().AsDuration() >= a[0].GetStartOffset().AsDuration()+a[0].GetDuration().AsDuration() {
				t.Fatalf("attempts %v", a)
			}
		}
		return len(calls) == 2
	})
	if n := s.metric(`trunkline_attempts_total{outcome="superseded",provider="good"}`); n != 2 {
		t.Errorf("%v attempts are counted as superseded, want 2", n)
	}
	res, err := groups.ExplainGroup(t.Context(), &adminv1.ExplainGroupRequest{Name: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range res.GetRoute().GetCandidates() {
		if c.GetState() != adminv1.TargetState_TARGET_STATE_HEALTHY || c.GetFailures() != 0 {
			t.Errorf("%s is %s with %d failures", c.GetModel(), c.GetState(), c.GetFailures())
		}
	}
}
