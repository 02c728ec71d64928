package proxy_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/limits"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/background"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// backgroundRig keeps responses in the background; poll says whether it asks for them by itself.
type backgroundRig struct {
	*rig
	keeper *background.Keeper
	limits *limits.Limiter
	key    *dataplane.APIKey
}

func newBackgroundRig(t *testing.T, models []string, poll bool, most int) *backgroundRig {
	t.Helper()
	b := &backgroundRig{}
	var snapshot func() *dataplane.Snapshot
	b.rig = newRig(t, setup{
		models: models,
		snapshot: func(s *nodev1.Snapshot) {
			s.ApiKeys[0].Concurrency, s.ApiKeys[0].Budget, s.ApiKeys[0].BudgetPeriod = 2, 1_000_000, "month"
		},
		config: func(c *proxy.Config) {
			snapshot = c.Snapshot
			b.limits = limits.New(limits.Config{Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
			b.keeper = background.New(background.Config{
				Dir: t.TempDir(), Snapshot: c.Snapshot, Record: c.Record, Late: c.Record, Resume: b.limits.Resume, Max: most,
				Ask: func(ctx context.Context, id dataplane.ResponseID) background.Asked {
					response, gone := b.proxy.Look(ctx, id)
					return background.Asked{Response: response, Gone: gone}
				},
				Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Soonest: 5 * time.Millisecond, Latest: 5 * time.Millisecond,
			})
			c.Background, c.Limits = b.keeper, b.limits
			c.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
		},
	})
	b.key, _ = snapshot().Key(clientKey)
	if poll {
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { b.keeper.Run(ctx) })
		t.Cleanup(func() {
			cancel()
			running.Wait()
		})
	}
	return b
}

func (b *backgroundRig) ask(method, id, rest string) answer {
	b.t.Helper()
	return (&storedRig{rig: b.rig}).ask(method, id, rest)
}

func (b *backgroundRig) create(more string) (id string) {
	b.t.Helper()
	got := b.postTo("/responses", `{"model":"g","input":"hi","background":true`+more+`}`)
	id = gjson.Get(got.body, "id").Str
	if got.status != http.StatusOK || gjson.Get(got.body, "status").Str != "queued" || !strings.HasPrefix(id, "resp_tl") {
		b.t.Fatalf("status %d: %s", got.status, got.body)
	}
	return id
}

func TestAResponseInTheBackgroundIsBilledWhenItEnds(t *testing.T) {
	t.Parallel()
	for _, poll := range []bool{true, false} { // nobody asks but the node; the client does
		b := newBackgroundRig(t, []string{"polls-3"}, poll, 0)
		id := b.create("")
		seen := ""
		for range 5 {
			if poll {
				break
			}
			got := b.ask(http.MethodGet, id, "")
			if gjson.Get(got.body, "id").Str != id {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			seen += gjson.Get(got.body, "status").Str + " "
		}
		if !poll && seen != "in_progress in_progress completed completed completed " {
			t.Errorf("seen %s", seen)
		}
		c := b.call()
		if c.Outcome != dataplane.OK || !c.Background || c.Usage.Source != dataplane.UsageUpstream || c.Usage.Input != 24 || c.Cost == 0 || len(c.Attempts) != 1 || c.Attempts[0].Pending || c.ResponseID == "" {
			t.Errorf("%+v", c)
		}
		if len(b.calls) != 0 {
			t.Errorf("%d more records", len(b.calls))
		}
	}
}

// Until a response ends it takes a place of the key's concurrency, and its reservation stays.
func TestAResponseInTheBackgroundStaysReserved(t *testing.T) {
	t.Parallel()
	b := newBackgroundRig(t, []string{"polls-1"}, false, 0)
	first := b.create("")
	b.create("")
	got := b.postTo("/responses", `{"model":"g","input":"hi"}`)
	if got.status != 429 || got.errorCode(t) != "concurrency_limit_exceeded" {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	b.call()
	b.ask(http.MethodGet, first, "")
	b.call()
	if got = b.postTo("/responses", `{"model":"g","input":"hi"}`); got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func TestEndsOfResponsesInTheBackground(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]dataplane.Outcome{
		"polls-2+ends-failed": dataplane.ServerError, "polls-2+ends-incomplete": dataplane.OK, "polls-2+ends-cancelled": dataplane.ClientClosed,
	} {
		b := newBackgroundRig(t, []string{model}, true, 0)
		b.create("")
		if c := b.call(); c.Outcome != want || c.Usage.Input == 0 {
			t.Errorf("%s: %s, %+v", model, c.Outcome, c.Usage)
		}
	}
	b := newBackgroundRig(t, []string{"polls-1000"}, false, 0)
	id := b.create("")
	if got := b.ask(http.MethodPost, id, "/cancel"); got.status != 200 || gjson.Get(got.body, "status").Str != "cancelled" || gjson.Get(got.body, "id").Str != id {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if c := b.call(); c.Outcome != dataplane.ClientClosed || c.Usage.Source != dataplane.UsageEstimated {
		t.Errorf("cancelled: %s, %+v", c.Outcome, c.Usage)
	}
}

// A stream of a response in the background is billed by what it told; one that broke goes on without
// its client.
func TestStreamsOfResponsesInTheBackground(t *testing.T) {
	t.Parallel()
	for model, cut := range map[string]bool{"ok": false, "cut-events-6": true} {
		b := newBackgroundRig(t, []string{model + "+polls-1"}, true, 0)
		got := b.postTo("/responses", `{"model":"g","input":"hi","background":true,"stream":true}`)
		c := b.call()
		_, rest, _ := strings.Cut(got.body, `"response":{"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		if got.status != 200 || c.Usage.Source != dataplane.UsageUpstream || c.Usage.Input != 24 || (c.Outcome == dataplane.StreamCut) != cut {
			t.Errorf("%s: status %d, %s, %+v", model, got.status, c.Outcome, c.Usage)
		}
		if again := b.ask(http.MethodGet, id, ""); again.status != 200 || gjson.Get(again.body, "status").Str != "completed" || len(b.calls) != 0 {
			t.Errorf("%s: status %d, %d more records: %s", model, again.status, len(b.calls), again.body)
		}
	}
}

func TestBackgroundRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := newBackgroundRig(t, []string{"ok"}, false, 1)
	for value, more := range map[string]string{`"true"`: "", "1": "", "[]": "", "true": `,"store":false`} {
		got := b.postTo("/responses", `{"model":"g","input":"hi","background":`+value+more+`}`)
		if e := gjson.Get(got.body, "error"); got.status != 400 || e.Get("param").Str != "background" || b.call().Outcome != dataplane.InvalidRequest {
			t.Errorf("%s%s: %d %s", value, more, got.status, got.body)
		}
	}
	for _, value := range []string{"false", "null"} {
		if got := b.postTo("/responses", `{"model":"g","input":"hi","background":`+value+`}`); got.status != 200 || b.call().Background {
			t.Errorf("%s: %d %s", value, got.status, got.body)
		}
	}
	b.create("")
	got := b.postTo("/responses", `{"model":"g","input":"hi","background":true}`)
	if got.status != 503 || got.errorCode(t) != "gateway_busy" || b.call().Outcome != dataplane.GatewayBusy {
		t.Errorf("%d %s", got.status, got.body)
	}
	if n := len(b.fake.Served()); n != 3 {
		t.Errorf("%d requests were sent", n)
	}
	none := newRig(t, setup{models: []string{"ok"}})
	if got := none.postTo("/responses", `{"model":"g","input":"hi","background":true}`); got.status != 400 || gjson.Get(got.body, "error.param").Str != "background" {
		t.Errorf("where nobody keeps it: %d %s", got.status, got.body)
	}
}

// A failure before the request was sent moves on; one behind it does not.
func TestResponsesInTheBackgroundAreNotMadeTwice(t *testing.T) {
	t.Parallel()
	b := newBackgroundRig(t, []string{"status-429", "polls-0"}, true, 0)
	b.create("")
	if got := outcomes(b.call()); got != "p1:busy p2:ok" {
		t.Errorf("attempts %s", got)
	}
	b = newBackgroundRig(t, []string{"status-500", "ok"}, true, 0)
	got := b.postTo("/responses", `{"model":"g","input":"hi","background":true}`)
	if c := b.call(); got.status != 503 || outcomes(c) != "p1:server_error" {
		t.Errorf("status %d, attempts %s", got.status, outcomes(c))
	}
}

// What a response used is told by it alone: it is seen before it is deleted, and stays until it is over.
func TestAResponseInTheBackgroundIsBilledBeforeItIsDeleted(t *testing.T) {
	t.Parallel()
	b := newBackgroundRig(t, []string{"polls-2"}, false, 0)
	id := b.create("")
	got := b.ask(http.MethodDelete, id, "")
	if e := gjson.Get(got.body, "error"); got.status != http.StatusConflict || e.Get("code").Str != "response_not_ended" || e.Get("type").Str != "invalid_request_error" || got.header.Get("X-Should-Retry") != "false" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if len(b.calls) != 0 {
		t.Error("a call whose response goes on is recorded")
	}
	if got = b.ask(http.MethodDelete, id, ""); got.status != 200 || gjson.Get(got.body, "id").Str != id || !gjson.Get(got.body, "deleted").Bool() {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if c := b.call(); c.Outcome != dataplane.OK || c.Usage.Source != dataplane.UsageUpstream || c.Usage.Input != 24 || c.Cost == 0 {
		t.Errorf("%+v", c)
	}
	if got = b.ask(http.MethodDelete, id, ""); got.status != 404 || len(b.calls) != 0 {
		t.Errorf("once more: status %d: %s", got.status, got.body)
	}

	b = newBackgroundRig(t, []string{"polls-1000"}, false, 0)
	id = b.create("")
	b.ask(http.MethodPost, id, "/cancel")
	if got = b.ask(http.MethodDelete, id, ""); got.status != 200 || b.call().Outcome != dataplane.ClientClosed {
		t.Errorf("cancelled: status %d: %s", got.status, got.body)
	}
}

func TestAKeyHasAPartOfThePlacesInTheBackground(t *testing.T) {
	t.Parallel()
	b := newBackgroundRig(t, []string{"polls-1000"}, false, 8)
	b.create("")
	got := b.postTo("/responses", `{"model":"g","input":"hi","background":true}`)
	if got.status != 429 || got.errorCode(t) != "background_limit_exceeded" || b.call().Outcome != dataplane.KeyLimited {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

// The usage stands behind the output, however long that is. A response that is not read whole tells nothing.
func TestLongResponsesInTheBackground(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{9 << 20: `{"status":"completed","usage":{"input_tokens":5}}`, 33 << 20: ""} {
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"id":"resp_1","status":"completed","output":"` + strings.Repeat("x", size) + `","usage":{"input_tokens":5}}`))
		}))
		defer up.Close()
		var snapshot func() *dataplane.Snapshot
		r := newRig(t, setup{
			models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = up.URL + "/v1" }, config: func(c *proxy.Config) { snapshot = c.Snapshot },
		})
		p := snapshot().Providers["p1"]
		got, gone := r.proxy.Look(t.Context(), dataplane.ResponseID{Native: "resp_1", Provider: p, Credential: p.Credentials[0]})
		if string(got) != want || gone {
			t.Errorf("%d bytes: %.200s", size, got)
		}
		if used := r.proxy.Memory().Used; used != 0 {
			t.Errorf("%d bytes: %d are held", size, used)
		}
	}
}
