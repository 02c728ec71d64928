package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestOutcomes plays every case of testdata/outcomes.yaml, streaming and not, with one,
// two and three candidates. All but the last fail as the case says; the last of several
// is well.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, c := range outcometest.Load(t).Cases {
		for _, stream := range []bool{false, true} {
			model, ok := c.Model(stream)
			if !ok {
				continue
			}
			for candidates := 1; candidates <= 3; candidates++ {
				t.Run(fmt.Sprintf("%s/stream=%v/%d", c.Name, stream, candidates), func(t *testing.T) {
					t.Parallel()
					play(t, c, model, stream, candidates)
				})
			}
		}
	}
}

func play(t *testing.T, c outcometest.Case, model string, stream bool, candidates int) {
	failing := max(candidates-1, 1)
	if c.Given.Policy.HedgeAfter > 0 { // there are never more than two at once
		failing = 1
	}
	var models []string
	for i := range failing {
		models = append(models, fmt.Sprintf("%s@%d", model, i+1))
	}
	if candidates > 1 {
		models = append(models, "ok@well")
	}
	if c.Given.Policy.HedgeAfter > 0 && candidates > 2 {
		models = append(models, "ok@spare")
	}
	r := caseRig(t, c, models, failing)
	var header []string
	for name, value := range c.Given.Headers {
		header = append(header, name, value)
	}
	body := fmt.Sprintf(`{"model":"g","stream":%v,"messages":[{"role":"user","content":"hi"}]}`, stream)
	if c.Given.WarmUp {
		r.post(body, header...)
		r.call()
	}
	var got answer
	switch {
	case c.Given.Client != "":
		got = r.leave(body, c.Given.Client)
	case c.Endpoint != "":
		got = r.postTo(c.Endpoint, fmt.Sprintf(`{"model":"g","input":"hi","stream":%v%s}`, stream, more(c.Given.Request)))
	default:
		got = r.post(body, header...)
	}
	call := r.call()

	moves := !c.Want.Committed && (c.Want.Moves == "always" || c.Want.Moves == "if_safe" || c.Want.Moves == "if_wider")
	tried := 1
	switch {
	case c.Want.Skipped:
		tried = candidates - failing
	case c.Given.Policy.HedgeAfter > 0:
		tried = min(candidates, 2)
	case moves && candidates > 1:
		tried = candidates
	case (c.Want.Retried == "last" || c.Want.Retried == "always") && candidates == 1:
		tried = 2
	}
	retried := 0
	if candidates > 1 && c.Want.Retried == "always" && len(call.Attempts) > 1 && call.Attempts[1].Retry {
		retried = 1 // unless the machine was so slow that it did not come soon; see retry_test.go
	}
	if len(call.Attempts) != tried+retried {
		t.Fatalf("attempts %s, want %d: %s", outcomes(call), tried, got.body)
	}
	wantOutcome(t, c, call, candidates)
	if (moves || c.Given.Policy.HedgeAfter > 0) && candidates > 1 {
		if got.status != 200 || call.Outcome != dataplane.OK || got.cut || call.UpstreamModel != "ok@well" {
			t.Errorf("failed over to status %d, call %v: %s", got.status, call.Outcome, got.body)
		}
		return
	}
	if c.Given.Client == "" {
		wantClient(t, c, got, stream)
	}
	if call.Status != c.Want.Client.Status || call.KeywordLate != c.Want.KeywordLate {
		t.Errorf("recorded status %d, keyword late %v", call.Status, call.KeywordLate)
	}
	if candidates == 1 {
		wantHealth(t, c, r)
	}
}

// more adds members to a request.
func more(members string) string {
	if members == "" {
		return ""
	}
	return "," + members
}

// caseRig is a rig whose first providers are the case's upstream.
func caseRig(t *testing.T, c outcometest.Case, models []string, failing int) *rig {
	t.Helper()
	s := setup{models: models, retries: true}
	if c.Given.Keyword != "" {
		s.keywords = []*nodev1.FailureKeyword{{Name: "k", Keyword: c.Given.Keyword, Count: c.Given.Count}}
	}
	s.policy = func(p *nodev1.Policy) {
		set := func(to **durationpb.Duration, d time.Duration) {
			if d > 0 {
				*to = durationpb.New(d)
			}
		}
		set(&p.ConnectTimeout, c.Given.Policy.ConnectTimeout)
		set(&p.FirstTokenTimeout, c.Given.Policy.FirstTokenTimeout)
		set(&p.ResponseTimeout, c.Given.Policy.ResponseTimeout)
		set(&p.StreamIdleTimeout, c.Given.Policy.StreamIdleTimeout)
		set(&p.StreamTotalTimeout, c.Given.Policy.StreamTotalTimeout)
		set(&p.HedgeAfter, c.Given.Policy.HedgeAfter)
		p.EmptyAnswer = c.Given.Policy.EmptyAnswer
	}
	if c.Given.Speaks != "" {
		s.snapshot = speaks(slices.Repeat([]string{c.Given.Speaks}, failing)...)
	}
	if c.Upstream == "" {
		return newRig(t, s)
	}
	var r *rig
	deferred := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.fake.ServeHTTP(w, req) })
	end := outcometest.Serve(t, c.Upstream, deferred)
	s.dial = end.Dial
	s.snapshot = func(in *nodev1.Snapshot) {
		for _, p := range in.Providers[:failing] {
			p.BaseUrl, p.Dialect = end.BaseURL, "fake"
		}
	}
	r = newRig(t, s)
	return r
}

func wantOutcome(t *testing.T, c outcometest.Case, call dataplane.Call, candidates int) {
	t.Helper()
	want := c.Want.Outcome
	if candidates == 1 && c.Want.LastOutcome != "" {
		want = c.Want.LastOutcome
	}
	if c.Want.Skipped {
		for _, s := range call.Skipped {
			if s.Reason.String() != want {
				t.Errorf("%s is left out for %s, want %s", s.Provider, s.Reason, want)
			}
		}
		if candidates == 1 && call.Outcome.String() != want {
			t.Errorf("outcome %s, want %s", call.Outcome, want)
		}
		return
	}
	first := call.Attempts[0]
	if first.Outcome.String() != want {
		t.Errorf("outcome %v (%s), want %s", first.Outcome, first.Reason, want)
	}
	if candidates == 1 && c.Want.LastOutcome == "" && first.MaybeBilled != c.Want.MaybeBilled {
		t.Errorf("maybe billed %v", first.MaybeBilled)
	}
	if strings.Contains(first.Reason, "up-secret") {
		t.Errorf("the reason holds a secret: %s", first.Reason)
	}
}

func wantClient(t *testing.T, c outcometest.Case, got answer, stream bool) {
	t.Helper()
	want := c.Want.Client
	if got.status != want.Status {
		t.Errorf("status %d, want %d: %s", got.status, want.Status, got.body)
	}
	if c.Want.Committed {
		if got.cut == stream || strings.Contains(got.body, "[DONE]") != want.Done {
			t.Errorf("cut %v, want that of an answer without events alone: %s", got.cut, got.body)
		}
		if want.Event != "" && errorCode(t, []byte(got.lastEvent())) != want.Event {
			t.Errorf("last event %s", got.lastEvent())
		}
		return
	}
	if want.Status == 200 {
		if done := strings.Contains(got.body, "[DONE]"); done != stream || got.cut {
			t.Errorf("[DONE] %v, cut %v: %s", done, got.cut, got.body)
		}
		return
	}
	if !gjson.Get(got.body, "error.message").Exists() || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("not an error object: %s", got.body)
	}
	if want.Code != "" && gjson.Get(got.body, "error.code").String() != want.Code {
		t.Errorf("error %s, want code %s", got.body, want.Code)
	}
	if want.RetryAfter > 0 && got.header.Get("Retry-After") != fmt.Sprint(want.RetryAfter) {
		t.Errorf("Retry-After %q, want %d", got.header.Get("Retry-After"), want.RetryAfter)
	}
}

// wantHealth checks what the one failure was held against, and for how long.
func wantHealth(t *testing.T, c outcometest.Case, r *rig) {
	t.Helper()
	if c.Want.LastOutcome != "" {
		return // it ended otherwise than the row says
	}
	if c.Want.Unconfirmed && c.Want.Hold > 0 { // it waits for a second caller
		if lines := r.health.Snapshot(); len(lines) > 0 {
			t.Errorf("one caller was enough for %+v", lines)
		}
		return
	}
	counts := "none"
	for _, s := range r.health.Snapshot() {
		counts = map[dataplane.ScopeKind]string{
			dataplane.ScopeTarget: "target", dataplane.ScopeProvider: "provider", dataplane.ScopeCredential: "credential",
		}[s.Scope.Kind]
		open := s.Condition.State == dataplane.Open
		if open != (c.Want.Hold > 0) {
			t.Errorf("%v is %v", s.Scope, s.Condition.State)
		}
		if left := time.Until(s.Condition.Until); open && (left > c.Want.Hold*111/100 || left < c.Want.Hold-20*time.Second && left < c.Want.Hold/2) {
			t.Errorf("held for %s, want %s", left, c.Want.Hold)
		}
	}
	if counts != c.Want.Counts {
		t.Errorf("counted against %s, want %s", counts, c.Want.Counts)
	}
}

// leave makes a call whose client goes away: at once, or after the first event.
func (r *rig) leave(body, when string) answer {
	r.t.Helper()
	ctx, leave := context.WithCancel(r.t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clientKey)
	if when == "leaves" {
		go func() {
			for len(r.fake.Served()) == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			leave()
		}()
	}
	resp, err := r.served.Client().Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil && when != "leaves" {
		r.t.Errorf("no first event: %v", err)
	}
	leave()
	return answer{status: resp.StatusCode}
}
