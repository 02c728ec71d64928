package fakeprovider

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestListenerServesManyAtOnce(t *testing.T) {
	t.Parallel()
	u := inMemory(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 20 {
				resp, err := u.client.Post(u.url+"/v1/chat/completions", mimeJSON, strings.NewReader(`{"model":"ok","stream":true}`))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || content(body) != defaultText {
					t.Errorf("%v: %s", err, body)
				}
			}
		})
	}
	wg.Wait()
	if n := len(u.Served()); n != 400 {
		t.Errorf("%d served, want 400", n)
	}
}

func TestListenerPassesAnEventOnBeforeTheNext(t *testing.T) {
	t.Parallel()
	u := inMemory(t)
	resp, err := u.post(t, "stall-events-1", streaming)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 8<<10)
	n, err := resp.Body.Read(buf)
	if err != nil || !strings.Contains(string(buf[:n]), `"role":"assistant"`) {
		t.Errorf("%v: %q", err, buf[:n])
	}
}

func TestListenerTakesLargeRequests(t *testing.T) {
	t.Parallel()
	u := inMemory(t)
	_, body, err := u.ask(t, "ok", `"pad":"`+strings.Repeat("x", 5<<20)+`"`)
	if err != nil || !strings.Contains(string(body), defaultText) {
		t.Errorf("%v: %.200s", err, body)
	}
}

func TestClosedListenerRefuses(t *testing.T) {
	t.Parallel()
	l := Listen()
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	for range 2 { // closing twice is fine
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v, want net.ErrClosed", err)
	}
	_, err := l.DialContext(t.Context(), "tcp", "fake:80")
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) || op.Op != "dial" {
		t.Errorf("DialContext: %v, want a refused dial", err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := Listen() // nobody accepts
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.DialContext(ctx, "tcp", "fake:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("DialContext: %v, want context.Canceled", err)
	}
}

func TestServerShutsDownOverMemory(t *testing.T) {
	t.Parallel()
	l := Listen()
	server := &http.Server{Handler: New(Config{})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	transport := &http.Transport{DialContext: l.DialContext}
	resp, err := (&http.Client{Transport: transport}).Get("http://fake/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if err := server.Shutdown(t.Context()); err != nil { // the idle connection must not hold it up
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
}
