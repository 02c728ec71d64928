package ops_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

// overTLS serves over TLS with the protocols until the test ends, and gives the address and who to trust.
func overTLS(t *testing.T, protocols ...string) (address string, roots *x509.CertPool) {
	t.Helper()
	borrowed := httptest.NewUnstartedServer(nil)
	borrowed.StartTLS() // for its certificate, which is for 127.0.0.1
	defer borrowed.Close()
	roots = x509.NewCertPool()
	roots.AddCert(borrowed.Certificate())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	server := ops.Server{
		Logger: slog.New(slog.DiscardHandler),
		TLS:    &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: protocols},
		Early:  func(_ string, status int) []byte { return fmt.Appendf(nil, `{"status":%d,"say":"https://"}`, status) },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/refused" {
				http.Error(w, "no", http.StatusRequestEntityTooLarge)
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || r.TLS == nil || !r.TLS.HandshakeComplete {
				http.Error(w, "no TLS", http.StatusInternalServerError)
				return
			}
			_, _ = io.WriteString(w, r.Proto+" "+r.TLS.NegotiatedProtocol+" "+string(body))
		}),
	}
	go func() { done <- server.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), roots
}

func TestTLSIsServedWithTheProtocolsThatWereAgreedOn(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string]struct{ server, client []string }{
		"HTTP/1.1 http/1.1 hello": {[]string{"http/1.1"}, []string{"h2", "http/1.1"}},
		"HTTP/2.0 h2 hello":       {[]string{"h2", "http/1.1"}, []string{"h2", "http/1.1"}},
		"HTTP/1.1  hello":         {[]string{"h2", "http/1.1"}, nil},
	} {
		address, roots := overTLS(t, tt.server...)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, NextProtos: tt.client}, ForceAttemptHTTP2: tt.client != nil}
		if tt.client == nil {
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(true)
		}
		resp, err := (&http.Client{Transport: transport}).Post("https://"+address, "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		transport.CloseIdleConnections()
		if got := string(body); err != nil || strings.Replace(got, "HTTP/1.1 http/1.1", "HTTP/1.1 ", 1) != strings.Replace(want, "HTTP/1.1 http/1.1", "HTTP/1.1 ", 1) {
			t.Errorf("answered %q, %v; want %q", got, err, want)
		}
		if got := resp.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
			t.Errorf("%s: HSTS is %q", want, got)
		}
	}
}

// What is refused in clear is refused over TLS.
func TestHeadsAreStrictOverTLS(t *testing.T) {
	t.Parallel()
	address, roots := overTLS(t, "http/1.1")
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a length beside chunks is answered with %d, want 400", resp.StatusCode)
	}
}

// writtenFirst writes all of a large request that is refused, asks to close the connection, and only then reads.
func writtenFirst(t *testing.T, conn net.Conn) string {
	t.Helper()
	defer conn.Close()
	const size = 16 << 20 // more than the buffers on the way hold
	if _, err := fmt.Fprintf(conn, "POST /refused HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("a", size)); err != nil {
		t.Fatalf("the connection was closed while the client wrote: %v", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body)))
}

func TestARefusalReachesWhoWritesFirstOverTLS(t *testing.T) {
	t.Parallel()
	address, roots := overTLS(t, "http/1.1")
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	if got := writtenFirst(t, conn); got != "413 no" {
		t.Errorf("seen was %q", got)
	}
}

func TestWhoDoesNotSpeakTLSIsTold(t *testing.T) {
	t.Parallel()
	address, roots := overTLS(t, "h2", "http/1.1")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if got := writtenFirst(t, conn); got != `400 {"status":497,"say":"https://"}` {
		t.Errorf("plain HTTP is answered with %q", got)
	}
	if conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
