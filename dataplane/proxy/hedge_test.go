package proxy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// actor is one provider of a hedged call: it has the request's body already.
type actor func(w http.ResponseWriter, r *http.Request, body []byte)

// says answers well, with its name in the text.
func says(name string) actor {
	return func(w http.ResponseWriter, _ *http.Request, body []byte) {
		if !bytes.Contains(body, []byte(`"stream":true`)) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, name)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", name)
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}
}

// refuses answers with a status and an error of this type.
func refuses(status int, kind string) actor {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"message":"no","type":%q,"param":null,"code":null}}`, kind)
	}
}

// silent says nothing until the request is given up.
func silent(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }

// waits does nothing before ready is closed.
func waits(ready <-chan struct{}, then actor) actor {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		select {
		case <-ready:
			then(w, r, body)
		case <-r.Context().Done():
		}
	}
}

// tells closes asked when the first request comes.
func tells(asked chan struct{}, then actor) actor {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		close(asked)
		then(w, r, body)
	}
}

// listening closes failed when so many failures have been judged.
type listening struct {
	engine.Health
	left   atomic.Int32
	failed chan struct{}
}

func (l *listening) Report(r dataplane.Report) {
	l.Health.Report(r)
	if r.Result == dataplane.Failure && l.left.Add(-1) == 0 {
		close(l.failed)
	}
}

// hedgeSetup has a provider for each actor, and hedges after 5 ms.
func hedgeSetup(t *testing.T, actors ...actor) setup {
	t.Helper()
	mux := http.NewServeMux()
	s := setup{policy: func(p *nodev1.Policy) { p.HedgeAfter = durationpb.New(5 * time.Millisecond) }}
	for i, act := range actors {
		s.models = append(s.models, "m")
		mux.HandleFunc(fmt.Sprintf("/p%d/v1/", i+1), func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil { // else it was given up
				act(w, r, body)
			}
		})
	}
	stage := httptest.NewServer(mux)
	t.Cleanup(stage.Close)
	s.snapshot = func(in *nodev1.Snapshot) {
		for i, p := range in.Providers {
			p.BaseUrl = fmt.Sprintf("%s/p%d/v1", stage.URL, i+1)
		}
	}
	return s
}

// wantUnblamed checks that nothing is held against anybody.
func (r *rig) wantUnblamed() {
	r.t.Helper()
	for _, s := range r.health.Snapshot() {
		if s.Condition.Failures > 0 || s.Condition.State != dataplane.Closed {
			r.t.Errorf("held against %+v: %+v", s.Scope, s.Condition)
		}
	}
}

func TestASlowAttemptGetsAnotherBesideIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		actors func(failed <-chan struct{}) []actor // failed: as many were judged as fail
		policy func(*nodev1.Policy)
		want   string // attempts
		says   string // in the answer
		status int    // 0: 200
		blamed bool
	}{
		"the second is sooner": {
			actors: func(failed <-chan struct{}) []actor { return []actor{silent, says("two")} },
			want:   "p1:superseded p2:ok", says: "two",
		},
		"the first is sooner all the same": {
			actors: func(failed <-chan struct{}) []actor {
				asked := make(chan struct{})
				return []actor{waits(asked, says("one")), tells(asked, silent)}
			},
			want: "p1:ok p2:superseded", says: "one",
		},
		"the first fails meanwhile": {
			actors: func(failed <-chan struct{}) []actor {
				asked := make(chan struct{})
				return []actor{waits(asked, refuses(503, "server_error")), tells(asked, waits(failed, says("two")))}
			},
			want: "p1:server_error p2:ok", says: "two", blamed: true,
		},
		"the second fails, and the third is begun at once": {
			actors: func(failed <-chan struct{}) []actor {
				return []actor{silent, refuses(503, "server_error"), says("three")}
			},
			want: "p1:superseded p2:server_error p3:ok", says: "three", blamed: true,
		},
		"both fail, and the third answers": {
			actors: func(failed <-chan struct{}) []actor {
				asked := make(chan struct{})
				return []actor{waits(asked, refuses(503, "server_error")), tells(asked, refuses(503, "server_error")), waits(failed, says("three"))}
			},
			want: "p1:server_error p2:server_error p3:ok", says: "three", blamed: true,
		},
		"the second fails, and nobody is left": {
			actors: func(failed <-chan struct{}) []actor {
				return []actor{waits(failed, says("one")), refuses(503, "server_error")}
			},
			want: "p1:ok p2:server_error", says: "one", blamed: true,
		},
		"the first one's refusal of the request ends the call": {
			actors: func(failed <-chan struct{}) []actor {
				asked := make(chan struct{})
				return []actor{waits(asked, refuses(400, "invalid_request_error")), tells(asked, silent)}
			},
			want: "p1:bad_request p2:superseded", status: 400,
		},
		"the second one's refusal of the request ends the call": {
			actors: func(failed <-chan struct{}) []actor {
				return []actor{silent, refuses(400, "invalid_request_error"), says("three")}
			},
			want: "p1:superseded p2:bad_request", status: 400,
		},
		"at most as many attempts as the policy says": {
			actors: func(failed <-chan struct{}) []actor {
				return []actor{waits(failed, says("one")), refuses(503, "server_error"), says("three")}
			},
			policy: func(p *nodev1.Policy) { p.MaxAttempts = 2 },
			want:   "p1:ok p2:server_error", says: "one", blamed: true,
		},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream=%v", name, stream), func(t *testing.T) {
				t.Parallel()
				failed := make(chan struct{})
				s := hedgeSetup(t, tt.actors(failed)...)
				health := &listening{failed: failed}
				health.left.Store(int32(strings.Count(tt.want, "server_error")))
				s.config = func(c *proxy.Config) { health.Health, c.Health = c.Health, health }
				if hedge := s.policy; tt.policy != nil {
					s.policy = func(p *nodev1.Policy) { hedge(p); tt.policy(p) }
				}
				r := newRig(t, s)
				got, call := r.chat(stream), r.call()
				status := max(tt.status, 200)
				if tt.status > 0 {
					status = tt.status
				}
				if outcomes(call) != tt.want || got.status != status || call.Status != status || got.cut || !strings.Contains(got.body, tt.says) {
					t.Fatalf("attempts %s, want %s; status %d, recorded %d: %s", outcomes(call), tt.want, got.status, call.Status, got.body)
				}
				if attempts := fmt.Sprint(len(call.Attempts)); got.header.Get("X-Trunkline-Attempts") != attempts {
					t.Errorf("X-Trunkline-Attempts %q, want %s", got.header.Get("X-Trunkline-Attempts"), attempts)
				}
				for i, a := range call.Attempts {
					if a.Outcome == dataplane.Superseded && (!a.MaybeBilled || a.Usage.Source != dataplane.UsageEstimated || a.Usage.Input == 0 || a.Cost == 0 || a.Blame != "") {
						t.Errorf("the loser is recorded as %+v", a)
					}
					if i > 0 && a.StartOffset < call.Attempts[i-1].StartOffset {
						t.Errorf("attempt %d began before the one above it", i+1)
					}
				}
				if !tt.blamed {
					r.wantUnblamed()
				}
				r.holdsNothing()
			})
		}
	}
}

// What the loser may cost is part of what the key has used.
func TestTheLoserOfAHedgeIsCharged(t *testing.T) {
	t.Parallel()
	s := hedgeSetup(t, silent, says("two"))
	at := s.snapshot
	s.snapshot = func(in *nodev1.Snapshot) {
		at(in)
		in.ApiKeys[0].TokensPerMinute, in.ApiKeys[0].Budget, in.ApiKeys[0].BudgetPeriod = 1_000_000, 1_000_000_000, "month"
	}
	r := newLimitedRigOf(t, s)
	r.chat(false)
	call := r.call()
	if outcomes(call) != "p1:superseded p2:ok" || call.Usage.Input != 2*call.Attempts[0].Usage.Input {
		t.Fatalf("attempts %s, used %+v", outcomes(call), call.Usage)
	}
	wantSettled(t, r, call)
}

func TestWhatIsNotHedged(t *testing.T) {
	t.Parallel()
	once := []string{"X-Trunkline-Failover", "off"}
	for name, tt := range map[string]struct {
		policy func(*nodev1.Policy)
		path   string
		body   string
		header []string
	}{
		"the policy says no":            {policy: func(p *nodev1.Policy) { p.HedgeAfter = nil }},
		"one attempt is allowed":        {policy: func(p *nodev1.Policy) { p.MaxAttempts = 1 }},
		"the client wants no failover":  {header: once},
		"it might take effect twice":    {path: "/responses", body: `{"model":"g","input":"hi","conversation":"conv_1"}`},
		"it is pinned to one provider":  {header: []string{"X-Trunkline-Provider", "p1"}},
		"the time for it is much later": {policy: func(p *nodev1.Policy) { p.HedgeAfter = durationpb.New(time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slow := func(w http.ResponseWriter, r *http.Request, body []byte) {
				time.Sleep(50 * time.Millisecond) // ten times as long as a hedge would wait
				refuses(400, "invalid_request_error")(w, r, body)
			}
			s := hedgeSetup(t, slow, says("two"))
			hedge, at := s.policy, s.snapshot
			s.policy = func(p *nodev1.Policy) {
				if hedge(p); tt.policy != nil {
					tt.policy(p)
				}
			}
			s.snapshot = func(in *nodev1.Snapshot) {
				at(in)
				in.ApiKeys[0].RequestOptions = true
			}
			r := newRig(t, s)
			path, body := "/chat/completions", `{"model":"g","messages":[]}`
			if tt.path != "" {
				path, body = tt.path, tt.body
			}
			r.postTo(path, body, tt.header...)
			if call := r.call(); outcomes(call) != "p1:bad_request" {
				t.Errorf("attempts %s", outcomes(call))
			}
		})
	}
}

// A hedge goes to candidates that are well: those that are cooling or about to be probed are left as
// they are, with their probes.
func TestAHedgeTakesNoProbe(t *testing.T) {
	t.Parallel()
	second := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p2", Name: "m"}
	r := newRig(t, hedgeSetup(t, silent, says("two"), says("three")))
	r.halfOpen(second)
	for range 3 {
		r.chat(false)
		if call := r.call(); outcomes(call) != "p1:superseded p3:ok" {
			t.Fatalf("attempts %s", outcomes(call))
		}
	}
	if token, won := r.health.Probe(t.Context(), second, time.Minute); !won || token == "" {
		t.Error("the probe is taken")
	}
}

func TestOnlyCandidatesThatAreNotWellAreLeft(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request, body []byte) {
		time.Sleep(50 * time.Millisecond)
		refuses(503, "server_error")(w, r, body)
	}
	r := newRig(t, hedgeSetup(t, slow, says("two")))
	r.halfOpen(dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p2", Name: "m"})
	got, call := r.chat(false), r.call()
	first := call.Attempts[0]
	if outcomes(call) != "p1:server_error p2:ok" || got.status != 200 || call.Attempts[1].StartOffset < first.StartOffset+first.Duration {
		t.Fatalf("attempts %s: %s", outcomes(call), got.body)
	}
}

// A probe that another attempt has made needless is free for the next call.
func TestASupersededProbeIsGivenBack(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		for name, scope := range map[string]dataplane.Scope{
			"target":     {Kind: dataplane.ScopeTarget, Provider: "p1", Name: "m"},
			"credential": {Kind: dataplane.ScopeCredential, Provider: "p1", Name: "main"},
		} {
			t.Run(fmt.Sprintf("%s/stream=%v", name, stream), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, hedgeSetup(t, silent, says("two")))
				r.halfOpen(scope)
				r.chat(stream)
				if call := r.call(); outcomes(call) != "p1:superseded p2:ok" || call.Attempts[0].LastResort {
					t.Fatalf("attempts %s", outcomes(call))
				}
				if _, won := r.health.Probe(t.Context(), scope, time.Minute); !won {
					t.Errorf("the probe is taken, and it is %v", r.health.Condition(scope))
				}
			})
		}
	}
}

// A provider whose places are taken is passed over.
func TestAHedgeMindsTheInFlightLimit(t *testing.T) {
	t.Parallel()
	asked, over := make(chan struct{}), make(chan struct{})
	s := hedgeSetup(t, silent, tells(asked, waits(over, says("two"))), says("three"))
	at := s.snapshot
	s.snapshot = func(in *nodev1.Snapshot) { at(in); in.Providers[1].MaxInFlight = 1 }
	s.policy = func(p *nodev1.Policy) { p.HedgeAfter, p.MaxAttempts = durationpb.New(5*time.Millisecond), 5 }
	r := newRig(t, s)
	holder := make(chan struct{})
	go func() {
		defer close(holder)
		r.post(`{"model":"g","messages":[]}`) // has the only place of p2
	}()
	<-asked
	r.chat(false)
	call := r.call()
	close(over)
	<-holder
	if outcomes(call) != "p1:superseded p2:target_busy p3:ok" {
		t.Errorf("attempts %s", outcomes(call))
	}
	if call := r.call(); outcomes(call) != "p1:superseded p2:ok" {
		t.Errorf("attempts of the other call %s", outcomes(call))
	}
}

// What ends the call ends both attempts, for its own reason.
func TestTheCallEndsWhileAHedgeRuns(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		s := hedgeSetup(t, silent, silent)
		hedge := s.policy
		s.policy = func(p *nodev1.Policy) {
			hedge(p)
			p.TotalTimeout, p.StreamTotalTimeout = durationpb.New(200*time.Millisecond), durationpb.New(200*time.Millisecond)
		}
		r := newRig(t, s)
		got, call := r.chat(stream), r.call()
		if outcomes(call) != "p1:deadline_exceeded p2:deadline_exceeded" || got.status != 504 || got.errorCode(t) != "deadline_exceeded" {
			t.Errorf("stream %v: attempts %s: %s", stream, outcomes(call), got.body)
		}
		r.wantUnblamed()

		asked := make(chan struct{})
		r = newRig(t, hedgeSetup(t, silent, tells(asked, silent)))
		ctx, leave := context.WithCancel(t.Context())
		req := r.upload("/v1/chat/completions", clientKey, strings.NewReader(fmt.Sprintf(`{"model":"g","stream":%v,"messages":[]}`, stream)))
		gone := make(chan error)
		go func() {
			resp, err := r.served.Client().Do(req.WithContext(ctx))
			if err == nil {
				_ = resp.Body.Close()
			}
			gone <- err
		}()
		<-asked
		leave()
		<-gone
		if call := r.call(); outcomes(call) != "p1:client_closed p2:client_closed" || call.Status != 499 {
			t.Errorf("stream %v: the client left: attempts %s, status %d", stream, outcomes(call), call.Status)
		}
		r.wantUnblamed()
		r.holdsNothing()
	}
}

// Once the hedge has failed and nobody is left, the first attempt has the time of a last one.
func TestTheFirstAttemptBecomesTheLast(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		late := func(w http.ResponseWriter, r *http.Request, body []byte) {
			time.Sleep(400 * time.Millisecond) // more than an attempt with others behind it may take
			says("one")(w, r, body)
		}
		s := hedgeSetup(t, late, refuses(503, "server_error"))
		hedge := s.policy
		s.policy = func(p *nodev1.Policy) {
			hedge(p)
			p.FirstTokenTimeout, p.AttemptTimeout = durationpb.New(200*time.Millisecond), durationpb.New(200*time.Millisecond)
		}
		r := newRig(t, s)
		got, call := r.chat(stream), r.call()
		if outcomes(call) != "p1:ok p2:server_error" || !strings.Contains(got.body, "one") {
			t.Errorf("stream %v: attempts %s: %s", stream, outcomes(call), got.body)
		}
	}
}

// A stream that is held to its end is not hedged once it says something.
func TestAStreamThatSpeaksIsNotHedged(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 10 { // each sooner than a hedge, all together later
			fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(40 * time.Millisecond)
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}
	s := hedgeSetup(t, slow, says("two"))
	s.policy = func(p *nodev1.Policy) {
		p.HedgeAfter, p.StreamCommit = durationpb.New(300*time.Millisecond), "complete"
	}
	r := newRig(t, s)
	got, call := r.chat(true), r.call()
	if outcomes(call) != "p1:ok" || strings.Count(got.body, "one") != 10 {
		t.Errorf("attempts %s: %s", outcomes(call), got.body)
	}
}
