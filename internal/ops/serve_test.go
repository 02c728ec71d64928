package ops_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/ops"
)

// running is a server under test.
type running struct {
	url    string
	stop   context.CancelFunc
	ended  chan error
	client *http.Client
}

func start(t *testing.T, s ops.Server) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Logger = quiet
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{url: "http://" + ln.Addr().String(), stop: cancel, ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	go func() { r.ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); r.client.CloseIdleConnections() })
	return r
}

// streamer answers with a first line at once and a last one when it is told to.
func streamer(finish <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "begun")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-finish:
			fmt.Fprintln(w, "finished")
		case <-r.Context().Done():
			fmt.Fprintln(w, "cancelled")
		}
	}
}

// open sends a request and reads its first line, so that it is known to be in flight.
func (r *running) open(t *testing.T) *bufio.Reader {
	t.Helper()
	res, err := r.client.Get(r.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	body := bufio.NewReader(res.Body)
	if line, err := body.ReadString('\n'); line != "begun\n" {
		t.Fatalf("first line %q, %v", line, err)
	}
	return body
}

func TestServeDrainsRequestsInFlight(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeDrainsRequestsInFlight)
}

func testServeDrainsRequestsInFlight(t *testing.T, start starter) {
	t.Helper()
	finish := make(chan struct{})
	drains := make(chan struct{})
	r := start(t, ops.Server{Handler: streamer(finish), OnDrain: func() { close(drains) }})
	body := r.open(t)
	r.stop()
	<-drains
	// Nobody new gets in; the listener closes soon after draining began.
	for {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(finish)
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "finished\n" {
		t.Errorf("the stream ended with %q, %v; want it whole", rest, err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v after a clean drain", err)
	}
}

func TestServeCancelsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeCancelsAfterTheDeadline)
}

func testServeCancelsAfterTheDeadline(t *testing.T, start starter) {
	t.Helper()
	r := start(t, ops.Server{Handler: streamer(nil), Drain: 20 * time.Millisecond})
	body := r.open(t)
	r.stop()
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "cancelled\n" {
		t.Errorf("the stream ended with %q, %v; want its request cancelled", rest, err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

func TestServeClosesOnAHandlerThatIgnoresItAll(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeClosesOnAHandlerThatIgnoresItAll)
}

func testServeClosesOnAHandlerThatIgnoresItAll(t *testing.T, start starter) {
	t.Helper()
	release := make(chan struct{})
	var done atomic.Bool
	r := start(t, ops.Server{Drain: 10 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "begun")
		_ = http.NewResponseController(w).Flush()
		<-release
		done.Store(true)
	})})
	body := r.open(t)
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if done.Load() {
		t.Error("the handler had returned; the test shows nothing")
	}
	if _, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the client read %v, want a cut connection", err)
	}
	close(release)
}

func TestServeReportsABrokenListener(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	err = ops.Server{Handler: http.NotFoundHandler(), Logger: quiet}.Serve(t.Context(), ln)
	if !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("Serve = %v, want the listener's error and address", err)
	}
}

func TestServeStoppedBeforeItBegan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := (ops.Server{Handler: http.NotFoundHandler(), Logger: quiet}).Serve(ctx, ln); err != nil {
		t.Errorf("Serve = %v", err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept = %v, want the listener closed", err)
	}
}

func TestServeUnencryptedHTTP2(t *testing.T) {
	t.Parallel()
	onBoth(t, testServeUnencryptedHTTP2)
}

func testServeUnencryptedHTTP2(t *testing.T, start starter) {
	t.Helper()
	proto := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	for _, on := range []bool{true, false} {
		r := start(t, ops.Server{Handler: proto, UnencryptedHTTP2: on})
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		r.client.Transport = &http.Transport{Protocols: protocols}
		res, err := r.client.Get(r.url)
		if !on {
			if err == nil {
				t.Errorf("a server that speaks only HTTP/1.1 answered %s over HTTP/2", res.Status)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != "HTTP/2.0" {
			t.Errorf("served %s, want HTTP/2.0", body)
		}
	}
}
