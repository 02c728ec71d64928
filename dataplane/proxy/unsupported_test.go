package proxy_test

import (
	"time"

	"log/slog"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
)

// A target that lacks an endpoint is asked last for it, and stays what it is for others.
func TestAMissingEndpointIsHeldAgainstNobody(t *testing.T) {
	t.Parallel()
	embed := api{path: "/embeddings", body: `"input":"a"`}
	r := newRig(t, setup{models: []string{"status-405-times-1", "ok"}})
	if _, call := embed.call(t, r, false); outcomes(call) != "p1:unsupported p2:ok" {
		t.Fatalf("attempts %s", outcomes(call))
	}
	if _, call := embed.call(t, r, false); outcomes(call) != "p2:ok" {
		t.Fatalf("asked again: %s", outcomes(call))
	}
	r.chat(false)
	if call := r.call(); outcomes(call) != "p1:ok" {
		t.Fatalf("chat was sent on: %s", outcomes(call))
	}
	for _, s := range r.health.Snapshot() {
		if s.Condition.State != dataplane.Closed {
			t.Errorf("%v is %v", s.Scope, s.Condition.State)
		}
	}
	alone := newRig(t, setup{models: []string{"status-405-times-1"}})
	embed.call(t, alone, false)
	if got, _ := embed.call(t, alone, false); got.status != 200 {
		t.Errorf("a sole target was not asked again: %d", got.status)
	}
}

// Chat is an endpoint like any other: who asks an embedding model to chat does not take it
// away from those who want embeddings.
func TestMissingChatIsHeldAgainstNobody(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"status-405-times-1", "status-501-times-1", "error-route_not_found-times-1"} {
		var log strings.Builder
		r := newRig(t, setup{models: []string{model, "ok"}, config: func(c *proxy.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }})
		var tried []string
		for range 2 {
			r.chat(true)
			tried = append(tried, outcomes(r.call()))
		}
		if tried[0] != "p1:unsupported p2:ok" || tried[1] != "p2:ok" {
			t.Errorf("%s: chat was tried at %q", model, tried)
		}
		if got, call := (api{path: "/embeddings", body: `"input":"a"`}).call(t, r, false); got.status != 200 || outcomes(call) != "p1:ok" {
			t.Errorf("%s: embeddings were tried at %s", model, outcomes(call))
		}
		if n := strings.Count(log.String(), "lacks an endpoint"); n != 1 || !strings.Contains(log.String(), "endpoint=/chat/completions") {
			t.Errorf("%s: said %d times: %s", model, n, &log)
		}
	}
}

// What a target answered lately it has: a 501 for something special that a caller asked for
// sends nobody else away.
func TestACallerCannotMakeAGap(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-501-every-2", "ok"}})
	for i := range 10 {
		r.chat(false)
		want := "p1:ok"
		if i%2 == 1 {
			want = "p1:unsupported p2:ok"
		}
		if call := r.call(); outcomes(call) != want {
			t.Fatalf("call %d was tried at %s, want %s", i+1, outcomes(call), want)
		}
	}
	if all := r.health.Snapshot(); len(all) > 0 && all[0].Condition.State != dataplane.Closed {
		t.Errorf("held: %+v", all)
	}
}

// One caller's nonsense proves nothing: only an answer by another target to the same request does.
func TestAGapIsNotedOnProof(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-501-times-1", "error-bad_request-times-1"}})
	missing := func() int {
		return r.served.Config.Handler.(*proxy.Handler).Engine().Learned().Endpoints.Count(time.Now())
	}
	r.chat(false)
	if call := r.call(); outcomes(call) != "p1:unsupported p2:bad_request" || missing() != 0 {
		t.Fatalf("attempts %s, %d missing", outcomes(call), missing())
	}
	r.chat(false)
	if call := r.call(); outcomes(call) != "p1:ok" {
		t.Fatalf("then attempts %s", outcomes(call))
	}
	other := newRig(t, setup{models: []string{"status-501-times-1", "ok"}})
	other.chat(false)
	other.call()
	if n := other.served.Config.Handler.(*proxy.Handler).Engine().Learned().Endpoints.Count(time.Now()); n != 1 {
		t.Errorf("%d missing after proof, want 1", n)
	}
}
