package proxy_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/limits"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What a provider may charge for is charged: in the record of the attempt and of the call, to
// the budget and to the tokens per minute. What it refused or never got is free.
func TestWhatMayBeBilledIsCharged(t *testing.T) {
	t.Parallel()
	short := func(set func(p *nodev1.Policy, d *durationpb.Duration)) func(*nodev1.Policy) {
		return func(p *nodev1.Policy) { set(p, durationpb.New(200*time.Millisecond)) }
	}
	response := short(func(p *nodev1.Policy, d *durationpb.Duration) { p.ResponseTimeout = d })
	attempt := short(func(p *nodev1.Policy, d *durationpb.Duration) { p.AttemptTimeout = d })
	firstToken := short(func(p *nodev1.Policy, d *durationpb.Duration) { p.FirstTokenTimeout = d })
	idle := short(func(p *nodev1.Policy, d *durationpb.Duration) { p.StreamIdleTimeout = d })
	for name, tt := range map[string]struct {
		models string
		stream bool
		leaves string
		policy func(*nodev1.Policy)
		want   string // outcome of the first attempt
		free   bool
		output bool // some was received
		told   bool // by the provider itself
	}{
		"the client leaves before a plain answer":     {models: "stall-before", leaves: "leaves", want: "client_closed"},
		"the client leaves inside a plain answer":     {models: "stall-40", leaves: "leaves", want: "client_closed"},
		"the client leaves before the first token":    {models: "stall-before", stream: true, leaves: "leaves", want: "client_closed"},
		"the client leaves after the first token":     {models: "tokens-1000+chunk-20ms", stream: true, leaves: "leaves_after_first", want: "client_closed", output: true},
		"no answer in time":                           {models: "stall-before", policy: response, want: "response_timeout"},
		"no answer in time, and another one":          {models: "stall-before ok", policy: attempt, want: "response_timeout"},
		"no first token in time, and another one":     {models: "stall-before ok", stream: true, policy: firstToken, want: "first_token_timeout"},
		"reset after the request":                     {models: "cut-0 ok", want: "connection_reset"},
		"cut inside a plain answer":                   {models: "eof-300 ok", want: "truncated", output: true},
		"cut after the first token":                   {models: "eof-events-5", stream: true, want: "stream_cut", output: true},
		"silent after the first token":                {models: "stall-events-5", stream: true, policy: idle, want: "stream_idle", output: true},
		"an error after the first token":              {models: "sse-error-mid-5", stream: true, want: "stream_error", output: true},
		"an empty stream":                             {models: "empty-stream ok", stream: true, want: "empty_stream"},
		"a failure keyword":                           {models: "keyword-overloaded ok", want: "failure_keyword", told: true},
		"a failure keyword in a stream":               {models: "keyword-overloaded ok", stream: true, want: "failure_keyword", output: true},
		"a web page instead of an answer":             {models: "200-html ok", want: "bad_body"},
		"a proxy that gave up waiting":                {models: "status-504 ok", want: "server_error"},
		"a server error":                              {models: "status-500 ok", want: "server_error", free: true},
		"a server error with a web page":              {models: "error-html_502 ok", want: "server_error", free: true},
		"a rate limit":                                {models: "status-429 ok", want: "busy", free: true},
		"overload":                                    {models: "status-529 ok", want: "overloaded", free: true},
		"a bad request":                               {models: "status-400", want: "bad_request", free: true},
		"a credential that is not accepted":           {models: "status-401 ok", want: "auth_failed", free: true},
		"a provider that is not there":                {models: "closed ok", want: "unreachable", free: true},
		"the client leaves a provider that is silent": {models: "closed", leaves: "before", want: "unreachable", free: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.leaves == "before" {
				tt.leaves = ""
			}
			r := newLimitedRigOf(t, setup{
				models: strings.Fields(tt.models), policy: tt.policy,
				snapshot: func(s *nodev1.Snapshot) {
					if tt.want == "failure_keyword" {
						s.FailureKeywords = []*nodev1.FailureKeyword{{Name: "k", Keyword: "model is overloaded"}}
					}
					for _, p := range s.Providers {
						if p.Models[0].Id == "closed" {
							p.BaseUrl = "http://" + outcometest.ClosedPort(t)
						}
					}
					s.ApiKeys[0].TokensPerMinute, s.ApiKeys[0].Budget, s.ApiKeys[0].BudgetPeriod = 1_000_000, 1_000_000_000, "month"
				},
			})
			prompt := strings.Repeat("word ", 400)
			body := fmt.Sprintf(`{"model":"g","stream":%v,"messages":[{"role":"user","content":"%s"}]}`, tt.stream, prompt)
			input := int64(len(body) / 4)
			if tt.leaves != "" {
				r.leave(body, tt.leaves)
			} else {
				r.post(body)
			}
			call := r.call()
			first := call.Attempts[0]
			if first.Outcome.String() != tt.want {
				t.Fatalf("attempts %s (%s), want %s first", outcomes(call), first.Reason, tt.want)
			}
			if first.MaybeBilled == tt.free {
				t.Errorf("may be billed %v", first.MaybeBilled)
			}
			switch u := first.Usage; {
			case tt.free:
				if first.Usage != (dataplane.Usage{}) || first.Cost != 0 {
					t.Errorf("it was charged %+v, %d pico-USD", first.Usage, first.Cost)
				}
			case tt.told:
				if u.Source != dataplane.UsageUpstream || u.Output == 0 || first.Cost == 0 {
					t.Errorf("it was charged %+v, %d pico-USD, want what the provider told", u, first.Cost)
				}
			case u.Source != dataplane.UsageEstimated || u.Input != input || (u.Output > 0) != tt.output ||
				first.Cost != dataplane.PicoUSD(u.Input*1_000_000+u.Output*2_000_000):
				t.Errorf("it was charged %+v, %d pico-USD, want %d tokens of input, output %v", u, first.Cost, input, tt.output)
			}
			wantSettled(t, r, call)
		})
	}
}

// wantSettled checks that the call, the budget and the tokens per minute say the sum of all attempts.
func wantSettled(t *testing.T, r limitedRig, call dataplane.Call) {
	t.Helper()
	var sum dataplane.Usage
	var cost dataplane.PicoUSD
	for _, a := range call.Attempts {
		sum.Add(a.Usage)
		cost += a.Cost
	}
	if call.Usage != sum || call.Cost != cost {
		t.Errorf("the call used %+v and cost %d, want %+v and %d as all its attempts", call.Usage, call.Cost, sum, cost)
	}
	if left, want := r.left(t), 1_000_000-sum.Input-sum.Output; left != want {
		t.Errorf("%d tokens per minute are left, want %d", left, want)
	}
}

// left is how many tokens the key may use in this minute.
func (r limitedRig) left(t *testing.T) int64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/models", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clientKey)
	left, err := strconv.ParseInt(r.do(req).header.Get("X-Ratelimit-Remaining-Tokens"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// A key's budget cannot be got round by leaving before the first token, as often as one likes.
func TestLeavingBeforeTheFirstTokenSpendsTheBudget(t *testing.T) {
	t.Parallel()
	r := newLimitedRig(t, []string{"stall-before"}, func(k *nodev1.ApiKey) { k.Budget, k.BudgetPeriod = 100, "month" })
	body := `{"model":"g","stream":true,"max_tokens":1,"messages":[{"role":"user","content":"` + strings.Repeat("word ", 100) + `"}]}`
	for n := range 10 {
		ctx, leave := context.WithCancel(t.Context())
		served := len(r.fake.Served())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+clientKey)
		go func() {
			for len(r.fake.Served()) == served && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			leave()
		}()
		resp, err := r.served.Client().Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		leave()
		call := r.call()
		if call.Outcome == dataplane.KeyBudget {
			if n != 1 { // 100 micro-USD are fewer than the 141 of one prompt
				t.Errorf("the budget was spent after %d calls, want 1", n)
			}
			return
		}
	}
	t.Error("ten calls left before the first token, and the budget is as it was")
}

// A call that names no max_tokens reserves what its model may answer with.
func TestCallsReserveWhatTheModelMayAnswerWith(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		model, limit int64 // most tokens by the model and by the client
		more         string
		want         int64 // of output
	}{
		"nobody says":                  {want: 4096},
		"the model":                    {model: 700, want: 700},
		"the client":                   {limit: 50, want: 50},
		"the client below the model":   {model: 700, limit: 50, want: 50},
		"the client above the model":   {model: 700, limit: 900, want: 700},
		"several answers":              {model: 700, more: `,"n":3`, want: 2100},
		"more answers than anyone has": {limit: 1, more: `,"n":1000000`, want: 128},
		"a number that is none":        {limit: 7, more: `,"n":"many"`, want: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked dataplane.Estimate
			r := newRig(t, setup{
				models: []string{"ok"},
				snapshot: func(s *nodev1.Snapshot) {
					s.Providers[0].Models[0].MaxOutputTokens = tt.model
					s.ApiKeys[0].TokensPerMinute = 1_000_000
				},
				config: func(c *proxy.Config) { c.Limits = &asking{asked: &asked, Limiter: limits.New(limits.Config{})} },
			})
			body := `{"model":"g"` + tt.more + `,"messages":[]}`
			if tt.limit > 0 {
				body = fmt.Sprintf(`{"model":"g","max_completion_tokens":%d%s,"messages":[]}`, tt.limit, tt.more)
			}
			r.post(body)
			r.call()
			input := int64(len(body) / 4)
			want := dataplane.Estimate{Tokens: input + tt.want, Least: input, Cost: dataplane.PicoUSD(input*1_000_000 + tt.want*2_000_000)}
			if tt.limit > 0 {
				want.Least = want.Tokens
			}
			if asked != want {
				t.Errorf("reserved %+v, want %+v", asked, want)
			}
		})
	}
}

// asking notes what a call asks for.
type asking struct {
	*limits.Limiter
	asked *dataplane.Estimate
}

func (l *asking) Begin(key *dataplane.APIKey) (dataplane.Lease, dataplane.Quotas, *dataplane.Denial) {
	lease, quotas, denial := l.Limiter.Begin(key)
	return askingLease{lease, l.asked}, quotas, denial
}

type askingLease struct {
	dataplane.Lease
	asked *dataplane.Estimate
}

func (l askingLease) Reserve(want dataplane.Estimate) (dataplane.Quotas, *dataplane.Denial) {
	*l.asked = want
	return l.Lease.Reserve(want)
}

// While somebody is left a silent provider has less time for a plain answer.
func TestAPlainAttemptHasItsOwnLimitWhileSomebodyIsLeft(t *testing.T) {
	t.Parallel()
	limit := func(p *nodev1.Policy) {
		p.AttemptTimeout, p.ResponseTimeout = durationpb.New(200*time.Millisecond), durationpb.New(time.Second)
	}
	for name, tt := range map[string]struct {
		models []string
		body   string
		path   string
		want   string
	}{
		"the next one answers":           {models: []string{"stall-before", "ok"}, want: "p1:response_timeout p2:ok"},
		"the last one has all the time":  {models: []string{"status-500", "first-token-400ms"}, want: "p1:server_error p2:ok"},
		"but not more":                   {models: []string{"stall-before@1", "stall-before@2"}, want: "p1:response_timeout p2:response_timeout"},
		"an only one has all the time":   {models: []string{"first-token-400ms"}, want: "p1:ok"},
		"long prompts have more":         {models: []string{"first-token-400ms", "ok"}, body: strings.Repeat("word ", 4096), want: "p1:ok"},
		"nothing follows what is unsafe": {models: []string{"first-token-400ms", "ok"}, path: "responses", want: "p1:ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: tt.models, policy: limit})
			if tt.path == "" {
				r.post(`{"model":"g","messages":[{"role":"user","content":"hi ` + tt.body + `"}]}`)
			} else {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/responses", strings.NewReader(`{"model":"g","input":"hi","conversation":"conv_1"}`))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+clientKey)
				r.do(req)
			}
			if got := outcomes(r.call()); got != tt.want {
				t.Errorf("attempts %s, want %s", got, tt.want)
			}
		})
	}
}
