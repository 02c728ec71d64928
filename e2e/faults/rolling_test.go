package faults

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// T-S4: all nodes are replaced one after the other while streams go on. Behind a load
// balancer that asks who is ready, no stream is cut and no call fails.
func TestNodesAreReplacedUnderStreams(t *testing.T) {
	t.Parallel()
	rounds, lanes := 1, 12
	if long {
		rounds, lanes = 5, 60
	}
	const talking = "tokens-40+chunk-20ms"
	f := newFleet(t, setup{config: provider("primary", talking, "ok") + provider("backup", "ok") +
		group("talk", "primary/"+talking) + group("g", "primary/ok", "backup/ok") + keys("talk", "g")})
	c := f.client(t, appKey)
	c.urls = []string{f.balance(t) + "/v1"}

	ctx, stop := context.WithCancel(t.Context())
	var streams, plain, failed atomic.Int64
	var wg sync.WaitGroup
	for n := range lanes {
		wg.Go(func() {
			for ctx.Err() == nil {
				model, count := "talk", &streams
				if n%3 == 0 {
					model, count = "g", &plain
				}
				a := c.ask(context.WithoutCancel(ctx), n, model, model == "talk")
				if count.Add(1); !a.good() {
					if failed.Add(1) < 5 {
						t.Errorf("a client was told: %v", a)
					}
				}
				if model == "g" {
					time.Sleep(10 * time.Millisecond) // a client's own pace
				}
			}
		})
	}
	more := func(n int64) {
		want := streams.Load() + n
		eventually(t, "streams end", func() bool { return streams.Load() >= want })
	}
	more(int64(lanes))
	for range rounds {
		for _, n := range f.nodes {
			n.Stop()
			n.Run()
			f.awaitNodes()
			more(int64(lanes / 2))
		}
	}
	stop()
	wg.Wait()
	t.Logf("figures: %d nodes replaced under %d streams and %d plain calls, %d in parallel: %d cut or failed",
		rounds*len(f.nodes), streams.Load(), plain.Load(), lanes, failed.Load())
}

// balance is a load balancer as they commonly are: it sends calls in turn to the nodes that
// say they are ready, and tries the next one only if a connection was refused.
func (f *fleet) balance(t *testing.T) string {
	t.Helper()
	type target struct {
		api, ops string
		ready    atomic.Bool
	}
	var targets []*target
	for _, n := range f.nodes {
		targets = append(targets, &target{api: n.Address("api"), ops: n.Address("ops")})
	}
	ctx, stop := context.WithCancel(t.Context())
	check := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for _, one := range targets {
		one.ready.Store(true)
		wg.Go(func() {
			for ctx.Err() == nil {
				resp, err := check.Get(one.ops + "/readyz")
				one.ready.Store(err == nil && resp.StatusCode == http.StatusOK)
				if err == nil {
					resp.Body.Close()
				}
				time.Sleep(20 * time.Millisecond) // how often a load balancer asks
			}
		})
	}
	var turn atomic.Uint64
	transport := &http.Transport{DisableKeepAlives: true}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		for range 3 * len(targets) {
			one := targets[turn.Add(1)%uint64(len(targets))]
			if !one.ready.Load() {
				continue
			}
			err = pass(transport, w, r, one.api+strings.TrimPrefix(r.URL.Path, "/v1"), body)
			if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
				return
			}
		}
		http.Error(w, "no node is ready", http.StatusServiceUnavailable)
	}))
	t.Cleanup(func() {
		stop()
		server.Close()
		wg.Wait()
	})
	return server.URL
}

// pass sends a request on and relays the answer as it comes; the error is that of sending.
func pass(transport http.RoundTripper, w http.ResponseWriter, r *http.Request, url string, body []byte) error {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	out.Header = r.Header.Clone()
	resp, err := transport.RoundTrip(out)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
		return err
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			_, _ = w.Write(buf[:n]) // the client is there to the end
			_ = http.NewResponseController(w).Flush()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			panic(http.ErrAbortHandler) // what was cut stays cut
		}
	}
}
