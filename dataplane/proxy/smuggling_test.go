package proxy_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

// Requests that two servers could read differently are refused, or read in the one way
// that leaves nothing over; and whatever a client sends, its credentials stay here.
func TestRequestsThatCouldBeReadTwoWays(t *testing.T) {
	t.Parallel()
	const body = `{"model":"g","messages":[]}`
	const chunked = "1b\r\n" + body + "\r\n0\r\n\r\n"
	smuggled := "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer stolen-canary\r\nContent-Length: 0\r\n\r\n"
	tests := []struct {
		name, request string
		status        int // of the first answer
		answers       int // how many there are
	}{
		{"plain", head(len(body)) + body, 200, 1},
		{"two lengths", head(len(body), "Content-Length: 5") + body, 400, 1},
		{"length twice in one", head(-1, "Content-Length: 27, 5") + body, 400, 1},
		{"signed length", head(-1, "Content-Length: +27") + body, 400, 1},
		{"negative length", head(-1, "Content-Length: -1") + body, 400, 1},
		// The server in front of the handler refuses these two (internal/ops); without it
		// Transfer-Encoding counts, as RFC 9112 says, and nothing is left over.
		{"length and chunked", head(4, "Transfer-Encoding: chunked") + chunked, 200, 1},
		{"folded", head(len(body), "X-Folded: a\r\n b") + body, 200, 1},
		{"unknown encoding", head(-1, "Transfer-Encoding: xchunked") + chunked, 501, 1},
		{"encodings", head(-1, "Transfer-Encoding: chunked, identity") + chunked, 501, 1},
		{"two encodings", head(-1, "Transfer-Encoding: chunked", "Transfer-Encoding: identity") + chunked, 501, 1},
		{"bad chunk size", head(-1, "Transfer-Encoding: chunked") + "0x1b\r\n" + body + "\r\n0\r\n\r\n", 400, 1},
		{"space before colon", "POST /v1/chat/completions HTTP/1.1\r\nHost : x\r\n\r\n", 400, 1},
		{"no host", "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400, 1},
		{"two hosts", head(len(body), "Host: other") + body, 400, 1},
		{"NUL in a value", head(len(body), "X-Evil: a\x00b") + body, 400, 1},
		{"bare CR in a value", head(len(body), "X-Evil: a\rAuthorization: x") + body, 400, 1},
		{"underscore names", head(len(body), "Content_Length: 5", "X_Forwarded_For: 1.2.3.4") + body, 200, 1},
		{"connection names the key", head(len(body), "Connection: Authorization, keep-alive") + body, 200, 1},
		{"absolute target", strings.Replace(head(len(body)), "/v1/chat", "http://elsewhere.invalid/v1/chat", 1) + body, 200, 1},
		// A body that is too short for its length swallows what follows instead of serving it.
		{"swallowed", head(len(body)+len(smuggled)) + body + smuggled, 400, 1},
		{"pipelined", head(len(body)) + body + smuggled, 200, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{"ok"}})
			conn := r.raw(tt.request)
			reader := bufio.NewReader(conn)
			for i := range tt.answers {
				resp, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatalf("answer %d: %v", i+1, err)
				}
				text, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				if i == 0 && resp.StatusCode != tt.status {
					t.Errorf("status %d, want %d: %s", resp.StatusCode, tt.status, text)
				}
				if i > 0 && resp.StatusCode != http.StatusUnauthorized {
					t.Errorf("answer %d has status %d: %s", i+1, resp.StatusCode, text)
				}
			}
			served := r.fake.Served()
			if want := map[bool]int{true: 1}[tt.status == 200]; len(served) != want {
				t.Fatalf("%d requests reached the upstream, want %d", len(served), want)
			}
			for _, s := range served {
				all, err := json.Marshal(s.Header)
				if err != nil {
					t.Fatal(err)
				}
				for _, canary := range []string{clientKey, fakeprovider.AuthHash(clientKey), "stolen-canary", "1.2.3.4", "elsewhere"} {
					if strings.Contains(string(all), canary) || strings.Contains(s.Host, canary) {
						t.Errorf("%q reached the upstream: %s %s", canary, s.Host, all)
					}
				}
				if s.AuthHash != fakeprovider.AuthHash("up-secret-p1") {
					t.Error("the upstream was sent another key")
				}
			}
		})
	}
}
