package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Calls go to version 2 of Cohere's API in its words, and clients get answers in those they know. What
// it cannot be told goes to the next candidate, and is held against nobody.
func TestCoheresOwnShape(t *testing.T) {
	t.Parallel()
	var asked []string
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.URL.Path+" "+string(body))
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.Contains(string(body), "wrong"):
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"id":"x","message":"invalid request: wrong"}`)
		case r.URL.Path == "/v2/embed":
			_, _ = io.WriteString(w, `{"id":"x","embeddings":{"float":[[1,2]]},"texts":["hi"],"meta":{"billed_units":{"input_tokens":7}}}`)
		default:
			_, _ = io.WriteString(w, `{"id":"x","results":[{"index":0,"relevance_score":0.5}],"meta":{"billed_units":{"search_units":3}}}`)
		}
	}))
	t.Cleanup(up.Close)
	r := newRig(t, setup{models: []string{"cohere", "ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Endpoints = []*nodev1.Endpoint{
			{Api: "rerank", BaseUrl: up.URL + "/v2", Format: "cohere_v2"}, {Api: "embeddings", BaseUrl: up.URL + "/v2", Format: "cohere_v2"},
		}
	}})
	got := r.postTo("/rerank", `{"model":"g","query":"q","documents":[{"text":"a"}],"return_documents":true}`)
	call := r.call()
	if got.status != 200 || !strings.Contains(got.body, `"document":{"text":"a"}`) || asked[0] != `/v2/rerank {"documents":["a"],"model":"cohere","query":"q"}` {
		t.Errorf("%d %s after %q", got.status, got.body, asked)
	}
	if outcomes(call) != "p1:ok" || call.Usage.BilledUnits != 3 {
		t.Errorf("attempts %s, billed units %d", outcomes(call), call.Usage.BilledUnits)
	}
	got = r.postTo("/embeddings", `{"model":"g","input":"hi"}`)
	call = r.call()
	const want = `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,2]}],"model":"cohere","usage":{"prompt_tokens":7,"total_tokens":7}}`
	if got.body != want || !strings.HasPrefix(asked[1], "/v2/embed ") || outcomes(call) != "p1:ok" || call.Usage.Input != 7 {
		t.Errorf("%s after %s, attempts %s, %d tokens", got.body, asked[1], outcomes(call), call.Usage.Input)
	}
	if got = r.postTo("/embeddings", `{"model":"g","input":[1,2,3]}`); got.status != 200 {
		t.Errorf("tokens: %d %s", got.status, got.body)
	}
	if call = r.call(); outcomes(call) != "p1:unsupported p2:ok" || len(asked) != 2 {
		t.Errorf("tokens: attempts %s, asked %q", outcomes(call), asked)
	}
	r.postTo("/embeddings", `{"model":"g","input":"wrong"}`)
	if call = r.call(); call.Attempts[0].Status != 400 {
		t.Errorf("a refusal: attempts %s", outcomes(call))
	}
}
