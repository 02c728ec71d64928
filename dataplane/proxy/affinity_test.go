package proxy_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// stickyRig has a sticky group whose members share one priority, each with the credentials main and
// second, and a clock that the test moves.
type stickyRig struct {
	*rig
	offset *atomic.Int64
}

func newStickyRig(t *testing.T, s setup) stickyRig {
	t.Helper()
	offset := &atomic.Int64{}
	more, config, policy := s.snapshot, s.config, s.policy
	s.policy = func(p *nodev1.Policy) {
		p.AffinityHold = durationpb.New(5 * time.Minute)
		if policy != nil {
			policy(p)
		}
	}
	s.snapshot = func(in *nodev1.Snapshot) {
		in.Groups[0].Selection = "sticky"
		for _, m := range in.Groups[0].Members {
			m.Priority = 1
		}
		for _, p := range in.Providers {
			p.Credentials = append(p.Credentials, &nodev1.Credential{Name: "second", Secret: "up-second-" + p.Name})
		}
		if more != nil {
			more(in)
		}
	}
	s.config = func(c *proxy.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		if config != nil {
			config(c)
		}
	}
	return stickyRig{newRig(t, s), offset}
}

func (r stickyRig) move(d time.Duration) { r.offset.Add(int64(d)) }

// homed finds a session whose home is the provider at a place, with a credential of that name.
func homed(t *testing.T, models []string, at int, credential string) string {
	t.Helper()
	for i := range 1000 {
		name := fmt.Sprint("session-", i)
		session, best := routing.NamedSession("app", name), 0
		for j, model := range models {
			if session.Score(routing.TargetPlace(fmt.Sprint("p", j+1), model), 1) > session.Score(routing.TargetPlace(fmt.Sprint("p", best+1), models[best]), 1) {
				best = j
			}
		}
		provider := fmt.Sprint("p", at+1)
		isSecond := session.Score(routing.CredentialPlace(provider, "second"), 1) > session.Score(routing.CredentialPlace(provider, "main"), 1)
		if best == at && isSecond == (credential == "second") {
			return name
		}
	}
	t.Fatal("no session has its home there")
	return ""
}

// turn makes a call of a session and tells where it went: provider and credential of each attempt.
func (r stickyRig) turn(session string, header ...string) (route string, call dataplane.Call) {
	r.t.Helper()
	r.post(`{"model":"g","messages":[{"role":"user","content":"hi"}]}`, append([]string{"X-Session-Id", session}, header...)...)
	call = r.call()
	return routeOf(call), call
}

func routeOf(call dataplane.Call) string {
	var out []string
	for _, a := range call.Attempts {
		out = append(out, a.Provider+" "+a.Credential)
	}
	return strings.Join(out, ", ")
}

// What tells which conversation a call belongs to, on each of the APIs. Calls with the same session go
// to the same credential; what the session is called is not recorded and goes nowhere.
func TestWhatTellsTheConversation(t *testing.T) {
	t.Parallel()
	const (
		chat      = `{"model":"g","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]`
		responses = `{"model":"g","instructions":"be brief","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}]`
		messages  = `{"model":"g","max_tokens":9,"system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]`
	)
	header := func(name string) []string { return []string{name, "my-session"} }
	tests := []struct {
		name, path, body string
		header           []string
		key              dataplane.AffinityKey
	}{
		{"a header", "/chat/completions", chat + `,"prompt_cache_key":"other"}`, header("X-Session-Id"), dataplane.SessionHeader},
		{"Claude Code", "/messages", messages + `}`, header("X-Claude-Code-Session-Id"), dataplane.SessionHeader},
		{"Codex", "/responses", responses + `,"prompt_cache_key":"other"}`, header("session-id"), dataplane.SessionHeader},
		{"an older Codex", "/responses", responses + `}`, header("session_id"), dataplane.SessionHeader},
		{"a much older Codex", "/responses", responses + `}`, header("conversation_id"), dataplane.SessionHeader},
		{"OpenCode", "/chat/completions", chat + `}`, header("x-opencode-session"), dataplane.SessionHeader},
		{"a header with a form", "/audio/transcriptions", "", header("X-Session-Id"), dataplane.SessionHeader},
		{"a header that is empty", "/chat/completions", chat + `}`, []string{"X-Session-Id", " "}, dataplane.FirstMessage},
		{"prompt_cache_key of chat", "/chat/completions", chat + `,"prompt_cache_key":"my-session","conversation":"x"}`, nil, dataplane.PromptCacheKey},
		{"prompt_cache_key of responses", "/responses", responses + `,"prompt_cache_key":"my-session"}`, nil, dataplane.PromptCacheKey},
		{"prompt_cache_key in escapes", "/responses", responses + `,"prompt_cache_key":"my\u002dsession"}`, nil, dataplane.PromptCacheKey},
		{"metadata of an older Claude Code", "/messages", messages + `,"metadata":{"user_id":"user_0123_account__session_my-session"}}`, nil, dataplane.ClientMetadata},
		{"metadata of Claude Code", "/messages", messages + `,"metadata":{"user_id":"{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"my-session\"}"}}`, nil, dataplane.ClientMetadata},
		{"a user is no session", "/messages", messages + `,"metadata":{"user_id":"ann"}}`, nil, dataplane.FirstMessage},
		{"a conversation", "/responses", responses + `,"conversation":"my-session"}`, nil, dataplane.ConversationID},
		{"a conversation's id", "/responses", responses + `,"conversation":{"id":"my-session"}}`, nil, dataplane.ConversationID},
		{"of no use", "/responses", responses + `,"conversation":null,"prompt_cache_key":7,"metadata":{"user_id":{}}}`, nil, dataplane.FirstMessage},
		{"first message of chat", "/chat/completions", chat + `}`, nil, dataplane.FirstMessage},
		{"first message of responses", "/responses", responses + `}`, nil, dataplane.FirstMessage},
		{"a text to responses", "/responses", `{"model":"g","instructions":"be brief","input":"hi"}`, nil, dataplane.FirstMessage},
		{"first message of messages", "/messages", messages + `}`, nil, dataplane.FirstMessage},
		{"no message of a user", "/chat/completions", `{"model":"g","messages":[{"role":"system","content":"x"}]}`, nil, dataplane.NoSession},
		{"no messages", "/chat/completions", `{"model":"g","messages":[]}`, nil, dataplane.NoSession},
		{"odd messages", "/chat/completions", `{"model":"g","messages":[7,{"role":7,"content":{"a":1}},[],{"role":"user"}]}`, nil, dataplane.FirstMessage},
		{"nothing to go by", "/embeddings", `{"model":"g","input":"hi"}`, nil, dataplane.NoSession},
	}
	r := newStickyRig(t, setup{models: []string{"ok", "ok"}})
	named, opened := map[string]bool{}, map[string]bool{}
	for _, tt := range tests {
		post := func() dataplane.Call {
			if tt.path == "/audio/transcriptions" {
				const form = "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ng\r\n" +
					"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nsound\r\n--B--\r\n"
				r.postTo(tt.path, form, append([]string{"Content-Type", "multipart/form-data; boundary=B"}, tt.header...)...)
			} else {
				r.postTo(tt.path, tt.body, tt.header...)
			}
			return r.call()
		}
		call := post()
		if call.Affinity != (dataplane.Affinity{Key: tt.key}) || call.Outcome != dataplane.OK {
			t.Errorf("%s: %+v, %s; want key %s", tt.name, call.Affinity, call.Outcome, tt.key)
		}
		if tt.key == dataplane.NoSession {
			continue
		}
		for range 4 {
			if next := post(); routeOf(next) != routeOf(call) {
				t.Errorf("%s: went to %s, then to %s", tt.name, routeOf(call), routeOf(next))
			}
		}
		switch {
		case tt.key != dataplane.FirstMessage:
			named[routeOf(call)] = true
		case !strings.Contains(tt.name, "odd"):
			opened[routeOf(call)] = true
		}
		if text := fmt.Sprintf("%+v", call); strings.Contains(text, "my-session") && tt.key != dataplane.ClientMetadata && tt.key != dataplane.ConversationID {
			t.Errorf("%s: the record tells the session: %s", tt.name, text)
		}
	}
	if len(named) != 1 || len(opened) != 1 {
		t.Errorf("one session, however it was named, went to %v; one conversation, whatever its API, to %v", named, opened)
	}
	for _, s := range r.fake.Served() {
		for name := range s.Header {
			if lower := strings.ToLower(name); strings.Contains(lower, "session") || strings.Contains(lower, "conversation") {
				t.Errorf("the header %s went upstream", name)
			}
		}
	}
}

// What moves from turn to turn - the turns themselves, marks of what is to be cached, how a message is
// written - does not move the conversation; another first message or another system prompt is another one.
func TestTheFirstMessageTellsTheConversation(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 16 {
		names = append(names, "ok@"+fmt.Sprint(i))
	}
	r := newStickyRig(t, setup{models: names})
	route := func(path, body string) string {
		r.postTo(path, body)
		return routeOf(r.call())
	}
	one := route("/messages", `{"model":"g","max_tokens":9,"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"hello","cache_control":{"type":"ephemeral"}}]}]}`)
	two := route("/messages", `{"max_tokens":9,"messages":[ {"content":"hello","role":"user"},{"role":"assistant","content":"hi"},{"role":"user","content":[{"type":"text","text":"more","cache_control":{"type":"ephemeral"}}]}], "system":[{"type":"text","text":"s"}],"model":"g"}`)
	if one != two {
		t.Errorf("the second turn went to %s, the first to %s", two, one)
	}
	seen := map[string]bool{}
	for i := range 40 {
		seen[route("/messages", fmt.Sprintf(`{"model":"g","max_tokens":9,"system":"s","messages":[{"role":"user","content":"hello %d"}]}`, i))] = true
		seen[route("/messages", fmt.Sprintf(`{"model":"g","max_tokens":9,"system":"s %d","messages":[{"role":"user","content":"hello"}]}`, i))] = true
	}
	if len(seen) < 20 { // of 32 credentials
		t.Errorf("80 conversations went to %d of 32 credentials", len(seen))
	}
}

func TestOtherGroupsAreNotSticky(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Credentials = append(s.Providers[0].Credentials, &nodev1.Credential{Name: "second", Secret: "up-second"})
	}})
	seen := map[string]int{}
	for range 4 {
		r.post(`{"model":"g","messages":[{"role":"user","content":"hi"}]}`, "X-Session-Id", "s")
		call := r.call()
		seen[call.Attempts[0].Credential]++
		if call.Affinity != (dataplane.Affinity{}) {
			t.Errorf("affinity %+v", call.Affinity)
		}
	}
	if seen["main"] != 2 || seen["second"] != 2 {
		t.Errorf("credentials do not take turns: %v", seen)
	}
}

// A conversation that a failover took to another member stays there for the hold, and then goes home;
// with a hold of 0, at once. Another conversation, and the same one of another key, are not concerned.
func TestAConversationStaysWhereAFailoverTookIt(t *testing.T) {
	t.Parallel()
	models := []string{"status-500-times-1", "ok"}
	for _, hold := range []time.Duration{5 * time.Minute, 0} {
		r := newStickyRig(t, setup{models: models, policy: func(p *nodev1.Policy) { p.AffinityHold = durationpb.New(hold) }})
		s, other := homed(t, models, 0, "main"), homed(t, models, 0, "second")
		route, call := r.turn(s)
		if !strings.HasPrefix(route, "p1 main, p2 ") || call.Affinity.Held {
			t.Fatalf("hold %s: went to %s, held %v; want p1 and then p2", hold, route, call.Affinity.Held)
		}
		away := strings.TrimPrefix(route, "p1 main, ")
		if hold > 0 {
			for _, after := range []time.Duration{0, time.Minute, 3*time.Minute + 50*time.Second} { // in use, it is no longer than that
				r.move(after)
				if route, call := r.turn(s); route != away || !call.Affinity.Held {
					t.Errorf("went to %s, held %v; want %s", route, call.Affinity.Held, away)
				}
			}
			r.turn(other) // its first call fails at p1: a count of this credential
			if route, _ := r.turn(other); strings.HasPrefix(route, "p1 second, ") {
				t.Errorf("another conversation went to %s", route)
			}
			r.move(11 * time.Second)
		}
		if route, call := r.turn(s); route != "p1 main" || call.Affinity.Held {
			t.Errorf("hold %s: afterwards it went to %s, held %v; want its home", hold, route, call.Affinity.Held)
		}
	}
}

// While its home is away the hold is renewed by each answer, so that the conversation stays for a whole
// hold after that; when the backup fails, it goes home at once.
func TestAHoldGoesOnWhileTheHomeIsAway(t *testing.T) {
	t.Parallel()
	models := []string{"ok@1", "status-500-after-3", "ok@3"}
	r := newStickyRig(t, setup{models: models})
	s := homed(t, models, 0, "main")
	home := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p1", Name: models[0]}
	r.health.Report(dataplane.Report{
		Scope: home, Policy: &dataplane.Policy{FailureThreshold: 5, FailureWindow: time.Minute, Cooldown: time.Hour, CooldownMax: time.Hour},
		Result: dataplane.Failure, Outcome: dataplane.RateLimited, AnyCaller: true, StartedAt: time.Now(), Hold: time.Hour, HoldMax: time.Hour,
	})
	away, _ := r.turn(s)
	r.move(4 * time.Minute)
	if route, call := r.turn(s); route != away || !call.Affinity.Held || strings.HasPrefix(away, "p1") {
		t.Fatalf("went to %s, then to %s, held %v", away, route, call.Affinity.Held)
	}
	r.health.Reset(home)
	r.move(4 * time.Minute) // 8 since it began, 4 since the home was away last
	if route, call := r.turn(s); route != away || !call.Affinity.Held {
		t.Errorf("went to %s, held %v; want %s", route, call.Affinity.Held, away)
	}
	r.move(2 * time.Minute)
	if route, call := r.turn(s); route != "p1 main" || call.Affinity.Held {
		t.Errorf("went to %s, held %v; want its home", route, call.Affinity.Held)
	}
}

// A credential that is refused hands its conversations to the other one, which keeps them for the hold
// although the first is back.
func TestAConversationStaysWithACredential(t *testing.T) {
	t.Parallel()
	models := []string{"ok"}
	r := newStickyRig(t, setup{models: models})
	s := homed(t, models, 0, "second")
	if route, _ := r.turn(s); route != "p1 second" {
		t.Fatalf("went to %s", route)
	}
	second := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p1", Name: "second"}
	r.halfOpen(second)
	token, won := r.health.Probe(t.Context(), second, time.Minute)
	if !won {
		t.Fatal("the probe is not free")
	}
	if route, call := r.turn(s); route != "p1 main" || call.Affinity.Held {
		t.Fatalf("went to %s, held %v; want the other credential", route, call.Affinity.Held)
	}
	r.health.Report(dataplane.Report{Scope: second, Policy: &dataplane.Policy{}, Result: dataplane.Success, Probe: token})
	if route, call := r.turn(s); route != "p1 main" || !call.Affinity.Held {
		t.Errorf("went to %s, held %v; want to stay", route, call.Affinity.Held)
	}
	r.move(6 * time.Minute)
	if route, _ := r.turn(s); route != "p1 second" {
		t.Errorf("went to %s; want its own again", route)
	}
}

// A half-open home is probed by its conversation like by any other, and serves it then.
func TestAHalfOpenHomeIsProbed(t *testing.T) {
	t.Parallel()
	models := []string{"ok@1", "ok@2"}
	r := newStickyRig(t, setup{models: models})
	s, home := homed(t, models, 0, "main"), dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p1", Name: models[0]}
	r.halfOpen(home)
	token, won := r.health.Probe(t.Context(), home, time.Minute)
	if route, _ := r.turn(s); !won || !strings.HasPrefix(route, "p2 ") {
		t.Fatalf("while another call probes it went to %s", route)
	}
	r.health.Report(dataplane.Report{Scope: home, Policy: &dataplane.Policy{}, Result: dataplane.Neutral, Probe: token})
	r.move(6 * time.Minute)
	if route, call := r.turn(s); route != "p1 main" || call.Affinity.Held {
		t.Errorf("went to %s, want its home", route)
	}
}

// A home without a free place is passed by, and the conversation stays where it found one. All calls
// of one session together cannot exceed the limit either.
func TestLimitsInFlightWinOverAffinity(t *testing.T) {
	t.Parallel()
	models := []string{"stall-before@1", "ok@2"}
	r := newStickyRig(t, setup{models: models, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].MaxInFlight = 1 }})
	s := homed(t, models, 0, "main")
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(`{"model":"g","messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + clientKey}, "X-Session-Id": {s}}
		if resp, err := r.served.Client().Do(req); err == nil {
			resp.Body.Close()
			t.Error("the first call was answered")
		}
	}()
	for len(r.fake.Served()) == 0 {
		runtime.Gosched() // until the upstream has it
	}
	r.post(`{"model":"g","messages":[{"role":"user","content":"hi"}]}`, "X-Session-Id", s)
	call := r.call()
	if got := outcomes(call); got != "p1:target_busy p2:ok" {
		t.Errorf("attempts %s", got)
	}
	leave()
	<-done
	if got := outcomes(r.call()); got != "p1:client_closed" {
		t.Errorf("the first call: %s", got)
	}
	if route, call := r.turn(s); !strings.HasPrefix(route, "p2 ") || !call.Affinity.Held {
		t.Errorf("then it went to %s, held %v", route, call.Affinity.Held)
	}
}

// A client that names a provider gets it, with the conversation's own credential there, and moves
// nothing.
func TestANamedProviderMovesNoConversation(t *testing.T) {
	t.Parallel()
	models := []string{"ok@1", "ok@2"}
	r := newStickyRig(t, setup{models: models, snapshot: func(s *nodev1.Snapshot) { s.ApiKeys[0].RequestOptions = true }})
	s := homed(t, models, 0, "main")
	pinned, _ := r.turn(s, "X-Trunkline-Provider", "p2")
	for range 3 {
		if again, call := r.turn(s, "X-Trunkline-Provider", "p2"); again != pinned || !strings.HasPrefix(again, "p2 ") || call.Affinity.Held {
			t.Errorf("with p2 named it went to %s, then to %s", pinned, again)
		}
	}
	if route, call := r.turn(s); route != "p1 main" || call.Affinity.Held {
		t.Errorf("without, it went to %s", route)
	}
}

// The same target is asked once more, with the same credential, before a conversation moves.
func TestARetryStaysAtHome(t *testing.T) {
	t.Parallel()
	models := []string{"status-500-times-1", "ok@2"}
	r := newStickyRig(t, setup{models: models, retries: true})
	s := homed(t, models, 0, "main")
	if route, _ := r.turn(s); route != "p1 main, p1 main" {
		t.Fatalf("went to %s", route)
	}
	if route, call := r.turn(s); route != "p1 main" || call.Affinity.Held {
		t.Errorf("then it went to %s", route)
	}
}

// A short wait that a provider names is waited out where the conversation's prompt cache is, and nowhere else.
func TestAWaitIsWaitedOutAtHome(t *testing.T) {
	t.Parallel()
	models := []string{"status-429-retry-after-1-times-1", "status-404"}
	for name, tt := range map[string]struct {
		home   int
		wait   time.Duration // at home, of the policy
		went   string        // the providers
		paused time.Duration
	}{
		"at home":             {0, 2 * time.Second, "p1 p1", 1025 * time.Millisecond},
		"longer than allowed": {0, 500 * time.Millisecond, "p1 p2", 0},
		"switched off":        {0, 0, "p1 p2", 0},
		"elsewhere":           {1, 2 * time.Second, "p2 p1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paused atomic.Int64
			start := time.Now()
			now := func() time.Time { return start.Add(time.Duration(paused.Load())) }
			r := newStickyRig(t, setup{
				models: models, retries: true,
				policy: func(p *nodev1.Policy) { p.RetryWaitAtHome = durationpb.New(tt.wait) },
				config: func(c *proxy.Config) {
					c.Now, c.Health = now, health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
					c.Pause = func(_ context.Context, d time.Duration) { paused.Add(int64(d)) }
				},
			})
			_, call := r.turn(homed(t, models, tt.home, "main"))
			var went []string
			for _, a := range call.Attempts {
				went = append(went, a.Provider)
			}
			if got := strings.Join(went, " "); got != tt.went || time.Duration(paused.Load()) != tt.paused {
				t.Errorf("went to %s after %s, want %s after %s", got, time.Duration(paused.Load()), tt.went, tt.paused)
			}
		})
	}
}

// A hedge answers for a slow home and moves no conversation.
func TestAHedgeMovesNoConversation(t *testing.T) {
	t.Parallel()
	models := []string{"stall-before-times-1", "ok@2"}
	r := newStickyRig(t, setup{models: models, policy: func(p *nodev1.Policy) { p.HedgeAfter = durationpb.New(5 * time.Millisecond) }})
	s := homed(t, models, 0, "main")
	if _, call := r.turn(s); outcomes(call) != "p1:superseded p2:ok" {
		t.Fatalf("attempts %s", outcomes(call))
	}
	if _, call := r.turn(s); call.Affinity.Held || call.Attempts[0].Provider != "p1" {
		t.Errorf("then: attempts %s, held %v", outcomes(call), call.Affinity.Held)
	}
}

// What a home refuses goes elsewhere without taking the conversation along.
func TestAnUnsupportedRequestMovesNoConversation(t *testing.T) {
	t.Parallel()
	models := []string{"status-404@1", "ok@2"}
	r := newStickyRig(t, setup{models: models})
	s := homed(t, models, 0, "main")
	for turn := range 3 {
		_, call := r.turn(s)
		if last := call.Attempts[len(call.Attempts)-1]; last.Provider != "p2" || call.Affinity.Held {
			t.Errorf("turn %d: %s, held %v", turn, outcomes(call), call.Affinity.Held)
		}
		if turn == 0 && call.Attempts[0].Provider != "p1" {
			t.Fatalf("its home was not asked: %s", outcomes(call))
		}
	}
}

// Two keys that use one name for their sessions share nothing.
func TestAnotherKeysSessionIsAnotherOne(t *testing.T) {
	t.Parallel()
	differ := 0
	for i := range 100 {
		name := fmt.Sprint("s", i)
		p1, p2 := routing.TargetPlace("p1", "ok"), routing.TargetPlace("p2", "ok")
		a, b := routing.NamedSession("app", name), routing.NamedSession("other", name)
		if (a.Score(p1, 1) > a.Score(p2, 1)) != (b.Score(p1, 1) > b.Score(p2, 1)) {
			differ++
		}
	}
	if differ < 30 || differ > 70 {
		t.Errorf("%d of 100 sessions of two keys have different homes, want about half", differ)
	}
}
