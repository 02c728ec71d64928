package fakeprovider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestConnectionFaults(t *testing.T) {
	t.Parallel()
	for network, serve := range map[string]func(*testing.T) upstream{"tcp": overTCP, "memory": inMemory} {
		u := serve(t)
		for name, tc := range map[string]struct {
			model   string
			stream  bool
			headers bool
			bytes   int // of body; -1: not looked at
			events  int // -1: not looked at
			reset   bool
		}{
			"reset before headers": {"cut-0", false, false, 0, -1, true},
			"close before headers": {"eof-0", true, false, 0, -1, false},
			"reset in a body":      {"cut-40", false, true, 40, -1, true},
			"reset in a stream":    {"cut-40", true, true, 40, 0, true},
			"close in a stream":    {"eof-40", true, true, 40, 0, false},
			"reset after events":   {"cut-events-3", true, true, -1, 3, true},
			"close after events":   {"eof-events-3", true, true, -1, 3, false},
			"reset after none":     {"cut-events-0", true, true, 0, 0, true},
			"half a plain body":    {"eof-events-3", false, true, -1, 0, false},
			"shorter than told":    {"200-truncated", false, true, -1, -1, false},
			"of an error":          {"status-500+cut-10", false, true, 10, -1, true},
		} {
			t.Run(network+"/"+name, func(t *testing.T) {
				t.Parallel()
				var extra []string
				if tc.stream {
					extra = append(extra, streaming)
				}
				resp, body, err := u.ask(t, tc.model, extra...)
				if err == nil {
					t.Fatalf("a clean end after %q", body)
				}
				if (resp != nil) != tc.headers {
					t.Fatalf("headers %v, want %v (%v)", resp != nil, tc.headers, err)
				}
				if tc.bytes >= 0 && len(body) != tc.bytes {
					t.Errorf("%d bytes, want %d", len(body), tc.bytes)
				}
				if tc.events >= 0 && bytes.Count(body, []byte("\n\n")) != tc.events {
					t.Errorf("%d events, want %d", bytes.Count(body, []byte("\n\n")), tc.events)
				}
				if network == "tcp" && errors.Is(err, syscall.ECONNRESET) != tc.reset {
					t.Errorf("error %v, want a reset: %v", err, tc.reset)
				}
			})
		}
	}
}

func TestStallsLastUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	for network, serve := range map[string]func(*testing.T) upstream{"tcp": overTCP, "memory": inMemory} {
		for _, model := range []string{"stall-before", "stall-20", "stall-events-2", "slow-1h", "first-token-1h", "chunk-1h"} {
			t.Run(network+"/"+model, func(t *testing.T) {
				t.Parallel()
				u := serve(t)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url+"/chat/completions", strings.NewReader(`{"model":"`+model+`","stream":true}`))
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() {
					resp, err := u.client.Do(r)
					if err == nil {
						_, err = io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
					ended <- err
				}()
				await(t, func() bool { return len(u.Served()) == 1 })
				if s := u.Served()[0]; s.Ended != EndedRunning {
					t.Fatalf("ended %q while the client waits", s.Ended)
				}
				leave()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("the client got %v", err)
				}
				wait, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := u.WaitIdle(wait); err != nil {
					t.Fatalf("still running after the client left: %v", err)
				}
				if s := u.Served()[0]; s.Ended != EndedLeft {
					t.Errorf("ended %q, want %q", s.Ended, EndedLeft)
				}
			})
		}
	}
}

// await polls until the condition holds.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatal("gave up waiting")
		}
		time.Sleep(time.Millisecond)
	}
}
