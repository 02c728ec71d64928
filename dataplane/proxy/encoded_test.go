package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What an error says in an encoding that nobody asked for cannot be read, but its status and its headers can: a
// wait that was named is kept, and a credential that was refused is not the target's fault.
func TestAnErrorThatCannotBeDecodedIsJudgedByItsStatus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status         int
		encoding, body string
		outcomes       string
		answer         int
	}{
		"rate limited":               {429, "br", "\x8b", "p1:rate_limited p2:rate_limited", 429},
		"rate limited, said empty":   {429, "gzip", "", "p1:rate_limited p2:rate_limited", 429},
		"down, and not gzip":         {503, "gzip", `{"error":{"message":"no"}}`, "p1:rate_limited p2:rate_limited", 429},
		"a credential":               {401, "zstd", "(", "p1:auth_failed p2:auth_failed", 502},
		"an answer, which is needed": {200, "br", "\x8b", "p1:bad_body p2:bad_body", 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				h := w.Header()
				h.Set("Content-Type", "application/json")
				h.Set("Content-Encoding", tt.encoding)
				h.Set("Retry-After", "7")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			t.Cleanup(up.Close)
			for _, stream := range []bool{false, true} {
				r := newRig(t, setup{models: []string{"m", "m"}, snapshot: func(s *nodev1.Snapshot) {
					for _, p := range s.Providers {
						p.BaseUrl = up.URL + "/v1"
					}
				}})
				got := r.chat(stream)
				if call := r.call(); outcomes(call) != tt.outcomes || got.status != tt.answer {
					t.Errorf("stream %t: %s, status %d: %s; want %s, status %d", stream, outcomes(call), got.status, got.body, tt.outcomes, tt.answer)
				}
			}
		})
	}
}
