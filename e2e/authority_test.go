package e2e

import (
	"context"
	"strings"
	"testing"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// The key of the nodes' authority is replaced with the command line while calls flow, and a node is away that comes
// back in the middle. No call fails, and no node has to join again.
func TestTheAuthoritysKeyIsReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSealing(t, oldKey)
	keys := adminv1connect.NewAuthorityKeyServiceClient(s.rpc())
	list := func(ctx context.Context) *adminv1.ListAuthorityKeysResponse {
		t.Helper()
		got, err := keys.ListAuthorityKeys(ctx, &adminv1.ListAuthorityKeysRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	old := list(t.Context()).GetAuthorityKeys()[0].GetFingerprint()
	if out := s.operate("authority-keys", "list"); !strings.Contains(out, old) || !strings.Contains(out, "signing") {
		t.Fatalf("keys:\n%s", out)
	}
	away := s.nodes[1]
	s.load.more(s.stack, 20)
	s.load.end()
	away.Stop() // the load is on both
	s.nodes = s.nodes[:1]
	s.api = s.balance()
	s.load = newLoad(t, s.stack, "plain")
	s.operate("authority-keys", "rotate")
	s.eventually("the node that is away is waited for", func(ctx context.Context) bool {
		got := list(ctx)
		return len(got.GetAuthorityKeys()) == 2 && len(got.GetWaitingNodes()) == 1 && got.GetWaitingNodes()[0] == "node-2"
	})
	next := list(t.Context()).GetAuthorityKeys()[1].GetFingerprint()
	s.replicas[0].Kill()
	s.replicas[0].Run()
	away.Run()
	s.eventually("the new key is the only one", func(ctx context.Context) bool {
		got := list(ctx)
		return len(got.GetAuthorityKeys()) == 1 && got.GetAuthorityKeys()[0].GetFingerprint() == next
	})
	s.load.more(s.stack, 20)
	s.load.end()
	if n := s.load.failed.Load(); n != 0 {
		t.Errorf("%d calls failed, want none of %d", n, s.load.answered())
	}
	// From its disk, without a token.
	away.Env = []string{"TRUNKLINE_CONTROL_PLANE=" + s.replicas[1].Address("nodes"), "TRUNKLINE_DRAIN_DELAY=0s"}
	away.Restart()
	awaitReady(t, away)
	s.awaitNodes(2)
}
