package http1

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzHead holds the parser against net/http's: what it accepts, net/http accepts and
// understands in the same way. It may refuse more.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\nX-a:c\r\n",
		"HTTP/1.0 429 Too Many\nRetry-After: 3\nTransfer-Encoding: chunked\n",
		"HTTP/1.1 200\r\nContent-Length: 2\r\nContent-Length: 2\r\nConnection: close, x\r\n",
		"HTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", "HTTP/1.1 200 OK\r\n: x\r\n", "HTTP/1.1 +20 OK\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if raw == "" || !strings.HasSuffix(raw, "\n") || strings.Contains(raw, "\n\n") || strings.Contains(raw, "\n\r\n") {
			t.Skip("readHead gives no such text")
		}
		h, err := parseHead(raw)
		if err != nil {
			return
		}
		given := make(http.Header)
		for k, v := range h.header {
			given[k] = slices.Clone(v)
		}
		frame, err := h.frame(http.MethodPost)
		if err != nil {
			return
		}
		want, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw+"\r\n")), &http.Request{Method: http.MethodPost})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", raw, err)
		}
		if h.status != want.StatusCode || h.minor != want.ProtoMinor {
			t.Fatalf("%q: status %d of HTTP/1.%d, want %d of HTTP/1.%d", raw, h.status, h.minor, want.StatusCode, want.ProtoMinor)
		}
		if frame.persist && want.Close {
			t.Fatalf("%q: the connection would be used again", raw)
		}
		if h.status >= 200 && h.status != 204 && h.status != 304 {
			if chunked := len(want.TransferEncoding) > 0; frame.chunked != chunked || !chunked && frame.length != want.ContentLength {
				t.Fatalf("%q: framing %+v, want %v and %d", raw, frame, want.TransferEncoding, want.ContentLength)
			}
		}
		for name, values := range want.Header {
			if name != "Content-Length" && !slices.Equal(given[name], values) {
				t.Fatalf("%q: header %s = %q, want %q", raw, name, given[name], values)
			}
		}
	})
}
