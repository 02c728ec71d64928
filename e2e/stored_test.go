package e2e

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Stored responses through two nodes that clients meet in turn, with Redis and without: every node
// finds what the other one made, and a response in the background is recorded once.
func TestStoredResponsesThroughTwoNodes(t *testing.T) {
	t.Parallel()
	for name, redis := range map[string]func(*testing.T) string{
		"with redis":    func(t *testing.T) string { return testenv.Redis(t).URL() },
		"without redis": func(*testing.T) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onRedis(t, redis(t))
			ran := 0
			t.Run("openai-node", func(t *testing.T) {
				node, err := exec.LookPath("node")
				needs(t, "Node 20 or later", err)
				_, err = os.Stat("sdk/node_modules/openai")
				needs(t, "e2e/sdk/node_modules, which make test installs", err)
				runSDK(t, s, node, "--test", "--test-reporter=spec", "stored.test.mjs")
				ran++
			})
			t.Run("openai-python", func(t *testing.T) {
				if _, err := os.Stat("sdk/.venv/bin/python"); err != nil {
					t.Skipf("needs e2e/sdk/.venv, which make test installs where Python and PyPI are: %v", err)
				}
				runSDK(t, s, ".venv/bin/python", "stored.py")
				ran++
			})
			var ended []*adminv1.Call
			s.eventually("the responses in the background are recorded", func(context.Context) bool {
				ended = s.inBackground()
				return len(ended) >= 2*ran
			})
			outcomes := map[string]int{}
			for _, c := range ended {
				outcomes[c.GetOutcome()]++
				if c.GetUsage().GetInputTokens() == 0 || c.GetCost() == "0" || c.GetResponseId() == "" || c.GetGroup() == "later" && c.GetUsage().GetSource() != "upstream" {
					t.Errorf("recorded %v", c)
				}
			}
			if outcomes["ok"] != ran || outcomes["client_closed"] != ran {
				t.Errorf("recorded %v, want %d of each", outcomes, ran)
			}
		})
	}
}

// inBackground are the calls of responses that were made in the background.
func (s *stack) inBackground() (calls []*adminv1.Call) {
	for _, c := range s.callsStored() {
		if c.GetBackground() {
			calls = append(calls, c)
		}
	}
	return calls
}

// A node that is killed while a response runs asks for it again after its restart.
func TestAResponseInTheBackgroundSurvivesTheKillOfItsNode(t *testing.T) {
	t.Parallel()
	s := onRedis(t, "")
	node := s.nodes[0]
	made := s.ask(node.Address("api"), http.MethodPost, "/responses", `{"model":"later","input":"hi","background":true}`)
	if gjson.Get(made, "status").Str != "queued" {
		t.Fatal(made)
	}
	node.Kill()
	other := s.ask(s.nodes[1].Address("api"), http.MethodGet, "/responses/"+gjson.Get(made, "id").Str, "")
	if gjson.Get(other, "id").Str != gjson.Get(made, "id").Str {
		t.Fatal(other)
	}
	node.Restart()
	s.eventually("the call is recorded", func(context.Context) bool { return len(s.inBackground()) == 1 })
	if c := s.inBackground()[0]; c.GetOutcome() != "ok" || c.GetNode() != "node-1" || c.GetUsage().GetInputTokens() != 24 || len(c.GetAttempts()) != 1 {
		t.Errorf("recorded %v", c)
	}
}

// ask makes a request with the application's key.
func (s *stack) ask(base, method, path, body string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+appKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}
