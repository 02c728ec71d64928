package http1_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

// heard waits until the poller has told of what the upstream sends once say is called.
func heard(conn net.Conn, say func()) error {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	said := false
	return raw.Read(func(uintptr) bool {
		if said {
			return true
		}
		said = true
		say()
		return false
	})
}

// TestTheUpstreamSpeaksFirst: one that refuses connections as such answers before it has seen a request, and may
// read on after that. Its answer is there before anybody waits for it.
func TestTheUpstreamSpeaksFirst(t *testing.T) {
	const answer = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy"
	both(t, func(t *testing.T, client string, open func(dialFunc, *tls.Config) transport) {
		if client != "http1" {
			t.Skip("net/http's goroutine that reads may take it for an answer to nobody")
		}
		for _, ends := range []bool{false, true} {
			for _, body := range []int{0, 1, 20_000, 100_000} {
				say := make(chan struct{})
				up := serve(t, func(_ int, conn *net.TCPConn) {
					<-say
					_, _ = io.WriteString(conn, answer)
					if ends {
						_ = conn.CloseWrite()
					}
					_, _ = io.Copy(io.Discard, conn)
				})
				c := open(func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					if err == nil {
						err = heard(conn, func() { close(say) })
					}
					return conn, err
				}, nil)
				resp, text, err := post(t, c, up.url, strings.Repeat("x", body))
				if err != nil || resp.StatusCode != 503 || text != "busy" {
					t.Errorf("ends=%v, a body of %d bytes: %v %q %v", ends, body, resp, text, err)
				}
				c.CloseIdleConnections()
			}
		}
	})
}
