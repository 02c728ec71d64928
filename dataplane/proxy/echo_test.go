package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A provider that repeats in a good answer what it was asked with does not tell the client our key.
func TestAnEchoOfTheCredentialIsMasked(t *testing.T) {
	t.Parallel()
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said := r.Header.Get("Authorization")
		if strings.Contains(string(body), `"stream":true`) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", said)
			fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, said)
	}))
	t.Cleanup(parrot.Close)
	const secret = "sk-upstream-0123456789"
	r := newRig(t, setup{models: []string{"m"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].BaseUrl = parrot.URL + "/v1"
		s.Providers[0].Credentials[0].Secret = secret
	}})
	for _, stream := range []bool{false, true} {
		got := r.chat(stream)
		if got.status != http.StatusOK || got.cut || strings.Contains(got.body, secret) || !strings.Contains(got.body, "Bearer "+strings.Repeat("*", len(secret))) {
			t.Errorf("stream %t: status %d: %s", stream, got.status, got.body)
		}
	}
}
