package proxy_test

import (
	"fmt"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
)

// TestOutcomesOfGeminiClients plays the cases of testdata/outcomes.yaml for clients of Google's API: the attempts end
// and move as they do for others, and what the client gets is in Google's words.
func TestOutcomesOfGeminiClients(t *testing.T) {
	t.Parallel()
	for _, c := range outcometest.Load(t).Cases {
		if c.Endpoint != "" || c.Given.Client != "" || c.Given.WarmUp || c.Given.Policy.HedgeAfter > 0 {
			continue
		}
		for _, stream := range []bool{false, true} {
			model, ok := c.Model(stream)
			if !ok || c.Want.Committed && !stream { // a translated answer is held to its end
				continue
			}
			for candidates := 1; candidates <= 2; candidates++ {
				t.Run(fmt.Sprintf("%s/stream=%v/%d", c.Name, stream, candidates), func(t *testing.T) {
					t.Parallel()
					playGemini(t, c, model, stream, candidates)
				})
			}
		}
	}
}

func playGemini(t *testing.T, c outcometest.Case, model string, stream bool, candidates int) {
	t.Helper()
	r := caseRig(t, c, []string{model + "@1", "ok@well"}[:candidates], 1)
	path := "/v1beta/models/g:generateContent"
	if stream {
		path = "/v1beta/models/g:streamGenerateContent?alt=sse"
	}
	header := []string{"X-Goog-Api-Key", clientKey}
	for name, value := range c.Given.Headers {
		header = append(header, name, value)
	}
	got := r.askGemini(path, geminiHi, header...)
	call := r.call()
	wantOutcome(t, c, call, candidates)
	if moves := !c.Want.Committed && c.Want.Moves != "never" && c.Want.Moves != "if_set"; moves && candidates > 1 {
		if got.status != 200 || call.Outcome != dataplane.OK || got.cut || call.UpstreamModel != "ok@well" {
			t.Errorf("failed over to status %d, call %v: %s", got.status, call.Outcome, got.body)
		}
		return
	}
	if got.status != c.Want.Client.Status || call.Status != got.status {
		t.Errorf("status %d, recorded %d, want %d: %s", got.status, call.Status, c.Want.Client.Status, got.body)
	}
	last := got.body
	if stream && got.status == 200 {
		last = got.lastEvent()
	}
	e := gjson.Get(last, "error")
	switch {
	case got.status != 200:
		if int(e.Get("code").Int()) != got.status || e.Get("status").Str == "" || e.Get("message").Str == "" {
			t.Errorf("not an error of Google's: %s", got.body)
		}
	case c.Want.Committed && stream && c.Want.Outcome != "ok":
		if !e.IsObject() && gjson.Get(last, "candidates.0.finishReason").Str == "" {
			t.Errorf("the stream ends as if it were whole: %s", got.body)
		}
	case got.cut || e.Exists():
		t.Errorf("cut %v: %s", got.cut, got.body)
	}
	if candidates == 1 {
		wantHealth(t, c, r)
	}
}
