package ops

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What net/http answers by itself is worded by us, and told from what handlers answer.
func TestEarlyErrorsAreJSON(t *testing.T) {
	t.Parallel()
	t.Run("net/http", func(t *testing.T) { t.Parallel(); testEarlyErrors(t, nil) })
	t.Run("plain", func(t *testing.T) { t.Parallel(); testEarlyErrors(t, func(string) bool { return true }) })
}

func testEarlyErrors(t *testing.T, plain func(string) bool) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	server := Server{
		Plain: plain,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			http.Error(w, "of the handler", http.StatusBadRequest)
		}),
		Early:  func(line string, status int) []byte { return fmt.Appendf(nil, `{"line":%q,"status":%d}`, line, status) },
		Logger: slog.New(slog.DiscardHandler), Drain: time.Second,
	}
	go func() { served <- server.Serve(ctx, ln) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for request, want := range map[string]string{
		"POST /v1/messages HTTP/1.1\r\nHost: a\r\nX-Large: " + strings.Repeat("a", 70<<10) + "\r\n\r\n": `431 {"line":"POST /v1/messages HTT","status":431}`,
		"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n":                                                `400 {"line":"GET / HTTP/1.1","status":400}`,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n":                                 `501 {"line":"POST / HTTP/1.1","status":501}`,
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 9\r\n\r\n":                        `417 {"line":"POST / HTTP/1.1","status":417}`,
		"POST / HTTP/1.0\r\nExpect: tea\r\n\r\n":                                                        `417 {"line":"POST / HTTP/1.0","status":417}`,
		"GET / HTTP/4.0\r\nHost: a\r\n\r\n":                                                             `505 {"line":"GET / HTTP/4.0","status":505}`,
		"GET / HTTP/1.1\r\n\r\n":                                                                        `400 {"line":"GET / HTTP/1.1","status":400}`,
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n":                                                           `400 {"line":"GET / HTTP/1.1","status":400}`,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                                                             "400 of the handler\n",
	} {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if got := resp.Status[:4] + string(body); got != want {
			t.Errorf("%.40q: %q, want %q", request, got, want)
		}
		wantType := "application/json"
		if strings.Contains(want, "handler") {
			wantType = "text/plain; charset=utf-8"
		}
		if got := resp.Header.Get("Content-Type"); got != wantType {
			t.Errorf("%.40q: type %s", request, got)
		}
	}
}
