package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// allocsPerExchange is what one request and its answer may allocate: the response, its
// header map with the text behind it, and the watch over ctx.
const allocsPerExchange = 10

// Not parallel: what other tests allocate would be counted too.
func TestAllocationsPerExchange(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	conn := &cannedConn{answer: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 1\r\nContent-Length: 5\r\n\r\nhello"}
	c := New(Config{Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }})
	defer c.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body := strings.NewReader("")
	r := (&http.Request{
		Method: http.MethodPost, URL: &url.URL{Scheme: "http", Host: "provider.test", Path: "/v1/chat/completions"},
		Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer x"}}, Body: io.NopCloser(body), ContentLength: 10,
	}).WithContext(ctx)
	var buf [64]byte
	got := testing.AllocsPerRun(200, func() {
		body.Reset("0123456789")
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.ReadFull(resp.Body, buf[:])
		if string(buf[:n]) != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%q, %v", buf[:n], err)
		}
		resp.Body.Close()
	})
	t.Logf("%.1f allocations per exchange", got)
	if got > allocsPerExchange {
		t.Errorf("%.1f allocations per exchange, want at most %d", got, allocsPerExchange)
	}
}

// cannedConn answers each write of a request.
type cannedConn struct {
	net.Conn
	answer string
	left   string
}

func (c *cannedConn) Write(b []byte) (int, error) {
	c.left = c.answer
	return len(b), nil
}

func (c *cannedConn) Read(b []byte) (int, error) {
	n := copy(b, c.left)
	c.left = c.left[n:]
	return n, nil
}

func (c *cannedConn) Close() error                     { return nil }
func (c *cannedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *cannedConn) SetWriteDeadline(time.Time) error { return nil }
