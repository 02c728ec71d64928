package ops_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

// echoes takes a connection over and gives back each line, until its client or quit ends it.
func echoes(quit <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upgrade", "echo")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		go func() {
			<-quit
			_ = conn.SetReadDeadline(time.Now())
		}()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(line))
		}
	})
}

// upgrade opens such a connection.
func upgrade(t *testing.T, url string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			return conn, r
		}
	}
}

// What follows an upgrade is no HTTP, however much it looks like a head that is refused.
func TestAnUpgradedConnectionIsNotLookedInto(t *testing.T) {
	t.Parallel()
	onBoth(t, testAnUpgradedConnectionIsNotLookedInto)
}

func testAnUpgradedConnectionIsNotLookedInto(t *testing.T, start starter) {
	t.Helper()
	quit := make(chan struct{})
	r := start(t, ops.Server{Handler: echoes(quit)})
	conn, in := upgrade(t, r.url)
	const text = "POST / HTTP/1.1\n folded\ncontent-length: 1\ncontent-length: 2\n\n\tx\n"
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(in, got); err != nil || string(got) != text {
		t.Errorf("%q came back, %v", got, err)
	}
	close(quit)
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// An answer that reads like an upgrade is none: the next request on its connection is looked into.
func TestABodyDoesNotUpgradeItsConnection(t *testing.T) {
	t.Parallel()
	onBoth(t, testABodyDoesNotUpgradeItsConnection)
}

func testABodyDoesNotUpgradeItsConnection(t *testing.T, start starter) {
	t.Helper()
	body := "HTTP/1.1 101 " + strings.Repeat("a", 9000) // larger than any buffer, so it is written by itself
	r := start(t, ops.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, body)
	})})
	for _, upgrade := range []string{"", "Connection: Upgrade\r\nUpgrade: echo\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		in := bufio.NewReader(conn)
		for i, request := range []string{
			"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + "\r\n",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		} {
			fmt.Fprint(conn, request)
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			if want := []int{200, 400}[i]; resp.StatusCode != want {
				t.Errorf("request %d (%q) got %d, want %d", i, upgrade, resp.StatusCode, want)
			}
		}
	}
}

// net/http forgets connections that were taken over. They are waited for all the same.
func TestServeWaitsForUpgradedConnections(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeWaitsForUpgradedConnections)
}

func testServeWaitsForUpgradedConnections(t *testing.T, start starter) {
	t.Helper()
	quit, draining := make(chan struct{}), make(chan struct{})
	r := start(t, ops.Server{Handler: echoes(quit), Drain: time.Hour, OnDrain: func() { close(draining) }})
	conn, in := upgrade(t, r.url)
	r.stop()
	<-draining
	fmt.Fprintln(conn, "still here")
	if line, err := in.ReadString('\n'); err != nil || line != "still here\n" {
		t.Fatalf("%q, %v", line, err)
	}
	select {
	case err := <-r.ended:
		t.Fatalf("the server has ended: %v", err)
	default:
	}
	close(quit)
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// But not forever.
func TestServeCutsUpgradedConnectionsInTheEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeCutsUpgradedConnectionsInTheEnd)
}

func testServeCutsUpgradedConnectionsInTheEnd(t *testing.T, start starter) {
	t.Helper()
	r := start(t, ops.Server{Handler: echoes(nil), Drain: time.Millisecond})
	upgrade(t, r.url)
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}
