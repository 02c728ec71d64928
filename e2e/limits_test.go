package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// A key limited to 6 requests a minute makes 6 through two nodes on one Redis, wherever it
// makes them. What a burst on both at once may add is the share of one node, 3.
func TestALimitHoldsAcrossNodes(t *testing.T) {
	t.Parallel()
	s := onRedis(t, testenv.Redis(t).URL())
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	for _, name := range []string{"node-1", "node-2"} {
		s.eventually(name+" shares its limits", func(ctx context.Context) bool { return s.node(ctx, nodes, name).GetRedis() == "up" })
	}
	const six, burst = "sk-e2e-six-0123456789", "sk-e2e-burst-0123456789"

	let := 0
	for range 6 {
		let += letIn(t, s.nodes[0], six)
	}
	if let == 0 {
		t.Fatal("the first node let none in")
	}
	s.eventually("the second node knows of them", func(context.Context) bool { return remaining(t, s.nodes[1], six) == fmt.Sprint(6-let) })
	s.eventually("the second node has let in the rest", func(context.Context) bool {
		let += letIn(t, s.nodes[1], six)
		return let >= 6
	})
	s.eventually("the first node knows of those", func(context.Context) bool { return remaining(t, s.nodes[0], six) == "0" })
	for i := range 6 {
		let += letIn(t, s.nodes[i%2], six)
	}
	if let != 6 {
		t.Errorf("%d let in one after the other, want 6", let)
	}

	var both sync.WaitGroup
	var total atomic.Int64
	for i := range 24 {
		both.Go(func() { total.Add(int64(letIn(t, s.nodes[i%2], burst))) })
	}
	both.Wait()
	if n := total.Load(); n < 3 || n > 9 {
		t.Errorf("%d let in at once, want at least a share, and at most a share more than 6", n)
	}
	s.eventually("all 6 are let in, some perhaps when they come again", func(context.Context) bool {
		return total.Add(int64(letIn(t, s.nodes[0], burst))) >= 6
	})
}

func askNode(t *testing.T, node *program.Process, method, path, key, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, node.Address("api")+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	_ = resp.Body.Close()
	return resp
}

// letIn makes a call through one node: 1 when it was let in, 0 when the limit was met.
func letIn(t *testing.T, node *program.Process, key string) int {
	t.Helper()
	switch resp := askNode(t, node, http.MethodPost, "/chat/completions", key, `{"model":"plain","messages":[{"role":"user","content":"hi"}]}`); resp.StatusCode {
	case http.StatusOK:
		return 1
	case http.StatusTooManyRequests:
	default:
		t.Errorf("status %d", resp.StatusCode)
	}
	return 0
}

func remaining(t *testing.T, node *program.Process, key string) string {
	t.Helper()
	return askNode(t, node, http.MethodGet, "/models", key, "").Header.Get("X-Ratelimit-Remaining-Requests")
}
