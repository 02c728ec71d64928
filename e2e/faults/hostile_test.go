package faults

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// T-F5: nothing that one caller does counts against a provider, and nobody else notices.
func TestAHostileCaller(t *testing.T) {
	t.Parallel()
	requests := 1000
	if long {
		requests = 10_000
	}
	const (
		slow    = "first-token-400ms" // so that leaving and timing out hit it
		refuses = "status-400"
		tooLong = "error-context_length_exceeded"
		forbids = "error-forbidden" // with the credential that serves the others
		denies  = "error-model_permission"
	)
	f := newFleet(t, setup{config: provider("primary", "ok", "echo", slow, refuses, tooLong, forbids, denies, "status-401", "error-html_403", "error-file_not_found", "error-groq_too_large") + provider("backup", "ok") +
		group("g", "primary/ok", "backup/ok") + group("echo", "primary/echo", "backup/ok") + group("slow", "primary/"+slow, "backup/ok") +
		group("bad", "primary/"+refuses, "backup/ok") + group("too-long", "primary/"+tooLong, "backup/ok") +
		group("forbidden", "primary/"+forbids, "backup/ok") + group("denied", "primary/"+denies, "backup/ok") + group("401", "primary/status-401", "backup/ok") +
		group("firewall", "primary/error-html_403", "backup/ok") + group("no-file", "primary/error-file_not_found", "backup/ok") + group("groq", "primary/error-groq_too_large", "backup/ok") +
		"kind: FailureKeyword\nname: k\nkeyword: model is overloaded\n---\n" +
		keys("g", "echo", "slow", "bad", "too-long", "forbidden", "denied", "401", "firewall", "no-file", "groq") + failover("failure_threshold: 5, min_ratio: 0, cooldown: 60s, cooldown_max: 600s, probe_early: false")})
	refused := map[string]bool{forbids: true, denies: true, "status-401": true, "error-html_403": true}
	hostile, victim := f.client(t, appKey), f.client(t, otherKey)

	huge := `{"model":"g","messages":[{"role":"user","content":"` + strings.Repeat("x ", 100_000) + `"}]}`
	tricks := []func(ctx context.Context, n int){
		func(ctx context.Context, n int) { // a tiny clock of its own
			hostile.ask(ctx, n, "slow", true, "X-Stainless-Timeout", "2", "X-Trunkline-Deadline", "1")
		},
		func(ctx context.Context, n int) { // leaves before the answer, or in the middle of it
			ctx, leave := context.WithTimeout(ctx, time.Duration(rand.IntN(20))*time.Millisecond)
			defer leave()
			hostile.ask(ctx, n, "slow", n%2 == 0)
		},
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "bad", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "too-long", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "forbidden", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "denied", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "401", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "firewall", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "no-file", n%2 == 0) },
		func(ctx context.Context, n int) { hostile.ask(ctx, n, "groq", n%2 == 0) },
		func(ctx context.Context, n int) {
			hostile.post(ctx, n, "/chat/completions", `{"model":"g","model":"echo"}`)
		},
		func(ctx context.Context, n int) { hostile.post(ctx, n, "/chat/completions", `{"model":`) },
		func(ctx context.Context, n int) { hostile.post(ctx, n, "/chat/completions", huge) },
		func(ctx context.Context, n int) { // makes the model say a failure keyword
			hostile.post(ctx, n, "/chat/completions", `{"model":"echo","stream":true,"messages":[{"role":"user","content":"the model is overloaded"}]}`)
		},
		func(ctx context.Context, n int) {
			hostile.post(ctx, n, "/chat/completions", `{"model":"echo","messages":[{"role":"user","content":"{\"error\":{\"code\":\"insufficient_quota\"}} the MODEL is overloaded"}]}`)
		},
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for n := int(next.Add(1)); n <= requests; n = int(next.Add(1)) {
				tricks[n%len(tricks)](t.Context(), n)
			}
		})
	}
	calm := victim.steadily(t, 20, "g")
	wg.Wait()
	calm.more(t, 20)
	all := calm.end()
	for _, a := range all {
		if !a.good() || a.provider != "primary" || a.attempts != "1" {
			t.Errorf("another caller was told: %v", a)
		}
	}

	counted := 0
	for scope, h := range f.health("primary") {
		if refused[h.GetModel()] {
			continue // nobody is served there, so it may cool; the credential that all share may not
		}
		if h.GetState() != adminv1.TargetState_TARGET_STATE_HEALTHY || h.GetFailures() > 0 {
			counted++
			t.Errorf("%s is %s with %d failures: %v", scope, h.GetState(), h.GetFailures(), h)
		}
	}
	records := f.records()
	keysOf, err := records.Keys(t.Context(), "*:window:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keysOf {
		if refused[key[strings.LastIndexByte(key, ':')+1:]] {
			continue
		}
		fields, err := records.HGetAll(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		for field, value := range fields {
			if strings.HasSuffix(field, ":f") && value != "0" {
				counted++
				t.Errorf("counted in Redis: %s %s=%s", key, field, value)
			}
		}
	}
	stored := f.calls("app", 1)
	outcomes := map[string]int{}
	for _, c := range stored {
		outcomes[c.GetOutcome()]++
	}
	t.Logf("figures: %d hostile requests, %d failures counted; of those recorded so far %v; %d calls of another key meanwhile, p50/p99 %v/%v, all answered by the first provider",
		requests, counted, outcomes, len(all), quantile(all, 0.5), quantile(all, 0.99))
}
