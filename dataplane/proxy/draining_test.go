package proxy_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
)

// draining is a rig whose handler a test can reach: it wraps what the rig serves.
func drainingRig(t *testing.T, models ...string) (*rig, *proxy.Handler) {
	t.Helper()
	var handler *proxy.Handler
	r := newRig(t, setup{models: models, config: func(c *proxy.Config) { handler = proxy.New(*c) }})
	served := httptest.NewServer(handler)
	t.Cleanup(served.Close)
	r.url, r.served = served.URL, served
	return r, handler
}

// open begins a stream and reads until the client has something of its answer.
func (r *rig) open(body string) (*bufio.Reader, io.Closer) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+clientKey)
	resp, err := r.served.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return bufio.NewReader(resp.Body), resp.Body
}

const askStream = `{"model":"g","stream":true,"messages":[{"role":"user","content":"hi"}]}`

// A stream that must end because the node stops says so: an error event at its end, and
// what was used is on record.
func TestStreamsAreCutWithAnErrorWhenTheNodeStops(t *testing.T) {
	t.Parallel()
	r, handler := drainingRig(t, "stall-events-3", "ok")
	body, closer := r.open(askStream)
	defer closer.Close()
	first, err := body.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "data:") {
		t.Fatalf("first line %q, %v", first, err)
	}
	if handler.Engine().Ended() != 0 {
		t.Error("cut streams are counted before any was")
	}
	handler.Engine().EndAll()
	handler.Engine().EndAll() // once more does nothing
	rest, err := io.ReadAll(body)
	got := answer{body: first + string(rest), cut: err != nil}
	if got.cut || strings.Contains(got.body, "[DONE]") {
		t.Errorf("cut=%v: %s", got.cut, got.body)
	}
	if code := errorCode(t, []byte(got.lastEvent())); code != "gateway_draining" {
		t.Errorf("last event %s", got.lastEvent())
	}
	call := r.call()
	if call.Outcome != dataplane.GatewayDraining || call.Usage.Source != dataplane.UsageEstimated || call.Usage.Output == 0 || len(call.Attempts) != 1 {
		t.Errorf("call %v, usage %+v, attempts %s", call.Outcome, call.Usage, outcomes(call))
	}
	if c := r.health.Snapshot(); len(c) != 0 {
		t.Errorf("the provider is blamed: %+v", c)
	}
	if n := handler.Engine().Ended(); n != 1 {
		t.Errorf("%d streams cut, want 1", n)
	}
}

// What comes after the cut, or was not answered yet, is told to come again.
func TestRequestsWithoutAnAnswerAreSentElsewhere(t *testing.T) {
	t.Parallel()
	r, handler := drainingRig(t, "stall-before", "ok")
	answered := make(chan answer, 1)
	go func() { answered <- r.chat(true) }()
	for handler.InFlight() == 0 { // whether it waits already or is about to makes no difference
		select {
		case got := <-answered:
			t.Fatalf("answered with %d %s", got.status, got.body)
		default:
		}
	}
	handler.Engine().EndAll()
	for what, got := range map[string]answer{"a stream that waits": <-answered, "a stream that comes later": r.chat(true)} {
		call := r.call()
		if got.status != http.StatusServiceUnavailable || got.errorCode(t) != "gateway_draining" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
		if call.Outcome != dataplane.GatewayDraining || call.Status != http.StatusServiceUnavailable {
			t.Errorf("%s: recorded %v with %d", what, call.Outcome, call.Status)
		}
	}
	if n := handler.Engine().Ended(); n != 2 {
		t.Errorf("%d streams cut, want 2", n)
	}
}
