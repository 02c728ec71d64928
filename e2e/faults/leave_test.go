package faults

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

// T-S3: clients leave in crowds, at every point of a call. Each upstream call ends within a
// second, and each call is in the log.
func TestClientsLeave(t *testing.T) {
	t.Parallel()
	each := 20
	if long {
		each = 200
	}
	const (
		silent  = "stall-before"
		waiting = "first-token-50s"
		talking = "tokens-3000+chunk-20ms"
		failing = "slow-50ms+status-500"
	)
	f := newFleet(t, setup{noRedis: true, config: provider("primary", silent, waiting, talking, failing) + provider("backup", silent) +
		group("silent", "primary/"+silent) + group("waiting", "primary/"+waiting) + group("talking", "primary/"+talking) +
		group("moving", "primary/"+failing, "backup/"+silent) + keys("silent", "waiting", "talking", "moving") +
		failover("cooldown: 1s, cooldown_max: 1s, failure_threshold: 100000, retry_same_target: false")})
	c := f.client(t, appKey)

	phases := []struct {
		name  string
		leave func(ctx context.Context, n int) error // begins a call; it is left when ctx ends
		wait  func() bool                            // all calls are at that point
	}{
		{"while the body is sent", func(ctx context.Context, n int) error { return sendHalf(ctx, c.urls[n%3]) }, func() bool {
			return f.total("trunkline_calls_in_flight") >= float64(each)
		}},
		{"before any answer", c.open("silent", false), func() bool { return f.running("primary", silent) == each }},
		{"before any answer to a stream", c.open("silent", true), func() bool { return f.running("primary", silent) == each }},
		{"before the first token", c.open("waiting", true), func() bool { return f.running("primary", waiting) == each }},
		{"in the middle of a stream", c.open("talking", true), func() bool { return f.running("primary", talking) == each }},
		{"on the second provider", c.open("moving", true), func() bool { return f.running("backup", silent) == each }},
	}
	sent := 0
	for _, phase := range phases {
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for n := range each {
			wg.Go(func() {
				if err := phase.leave(ctx, n); err == nil && ctx.Err() == nil {
					t.Errorf("%s: an answer came", phase.name)
				}
			})
		}
		sent += each
		eventually(t, "all are there: "+phase.name, phase.wait)
		left := time.Now()
		leave()
		wg.Wait()
		eventually(t, "all upstream calls have ended", func() bool { return f.running("primary", "") == 0 && f.running("backup", "") == 0 })
		longest := time.Duration(0)
		for _, p := range []string{"primary", "backup"} {
			for _, s := range f.served(p) {
				if end := s.Start.Add(s.Duration); s.Ended == fakeprovider.EndedLeft && end.After(left) {
					longest = max(longest, end.Sub(left))
				}
			}
		}
		if longest > time.Second {
			t.Errorf("%s: an upstream call went on for %v", phase.name, longest)
		}
		t.Logf("figures: %d clients left %s; the last upstream call ended %v later", each, phase.name, longest.Round(100*time.Microsecond))
	}
	for _, call := range f.calls("app", sent) {
		if call.GetOutcome() != "client_closed" || call.GetStatus() != 499 {
			t.Errorf("recorded as %s: %v", call.GetOutcome(), call)
		}
	}
	if n := len(f.calls("app", sent)); n != sent {
		t.Errorf("%d calls are stored, want %d", n, sent)
	}
	for scope, h := range f.health("primary") {
		if h.GetModel() != failing && h.GetFailures() > 0 {
			t.Errorf("leaving was held against %s: %v", scope, h)
		}
	}
}

// open begins a call and reads its answer until ctx ends.
func (c *client) open(model string, stream bool) func(context.Context, int) error {
	return func(ctx context.Context, n int) error {
		a := c.ask(ctx, n, model, stream)
		return a.err
	}
}

// running is how many requests for a model a provider has not finished; all models if empty.
func (f *fleet) running(provider, model string) (n int) {
	for _, s := range f.served(provider) {
		if s.Ended == fakeprovider.EndedRunning && (model == "" || s.Model == model) {
			n++
		}
	}
	return n
}

// sendHalf sends the head of a request and half of its body, and hangs up when ctx ends.
func sendHalf(ctx context.Context, url string) error {
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/v1"))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	body := `{"model":"silent","messages":[]}`
	if _, err := fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", appKey, 2*len(body), body); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
