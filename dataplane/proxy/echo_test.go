package proxy_test

import (
	"fmt"
	"io"
	"log/slog"
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

// One that comes in two pieces of a long answer is found as well, and so is one in the first piece of
// what is relayed at once; of an answer that ends inside of one, the client does not get its beginning.
func TestAnEchoSplitOverTwoReadsIsMasked(t *testing.T) {
	t.Parallel()
	const secret = "sk-upstream-0123456789"
	for name, tt := range map[string]struct {
		path, body, media, start, end string
		cut                           bool
	}{
		"a long plain answer": {
			path: "/chat/completions", body: `{"model":"g","messages":[]}`, media: "application/json",
			start: `{"choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("x", 2<<20), end: `"},"finish_reason":"stop"}]}`,
		},
		"audio":               {path: "/audio/speech", body: `{"model":"g","input":"hi"}`, media: "audio/mpeg", start: "ID3", end: "tail"},
		"an answer that ends": {path: "/audio/speech", body: `{"model":"g","input":"hi"}`, media: "audio/mpeg", start: "ID3", cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 1; at < len(secret); at += 5 {
				parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					w.Header().Set("Content-Type", tt.media)
					flush := http.NewResponseController(w).Flush
					fmt.Fprint(w, tt.start+secret+" "+secret[:at])
					_ = flush()
					if tt.cut {
						panic(http.ErrAbortHandler)
					}
					fmt.Fprint(w, secret[at:]+tt.end)
				}))
				t.Cleanup(parrot.Close)
				parrot.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
				r := newRig(t, setup{models: []string{"m"}, snapshot: func(s *nodev1.Snapshot) {
					s.Providers[0].BaseUrl = parrot.URL + "/v1"
					s.Providers[0].Credentials[0].Secret = secret
				}})
				got := r.postTo(tt.path, tt.body)
				stars := strings.Repeat("*", len(secret))
				want := tt.start + stars + " " + stars + tt.end
				if tt.cut {
					want = tt.start + stars + " "
				}
				if got.status != http.StatusOK || got.cut != tt.cut || got.body != want {
					t.Fatalf("split at %d: status %d, cut %v, %d bytes, want %d: ...%s", at, got.status, got.cut, len(got.body), len(want), got.body[max(0, len(got.body)-100):])
				}
			}
		})
	}
}
