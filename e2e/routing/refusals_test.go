package routing

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What a request may hold, as the client writes it and as Explain is asked about it.
var (
	fields = map[string]string{
		"temperature":      `0.5`,
		"reasoning_effort": `"high"`,
		"tools":            `[{"type":"function","function":{"name":"f"}}]`,
		"response_format":  `{"type":"json_object"}`,
	}
	fieldNames = []string{"temperature", "reasoning_effort", "tools", "response_format"}
	answers    = map[string]string{
		"chat/completions": `{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`,
		"responses":        `{"object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]}]}`,
	}
	inputs = map[string]string{"chat/completions": `"messages":[]`, "responses": `"input":"hi"`}
)

// refuser is a provider's side: each target refuses some fields, and may lack an endpoint.
type refuser struct {
	fields map[string][]string // by target
	lacks  map[string]string   // an endpoint, by target
	failed bool                // everything fails, so that a call tries all
}

// reply answers a request of a target.
func (f *refuser) reply(target, endpoint string, body []byte) (int, string) {
	if f.failed {
		return http.StatusServiceUnavailable, `{"error":{"message":"down","type":"server_error"}}`
	}
	if f.lacks[target] == endpoint {
		return http.StatusMethodNotAllowed, `{"error":{"message":"no such method","type":"invalid_request_error"}}`
	}
	for _, name := range f.fields[target] {
		if gjson.GetBytes(body, name).Exists() {
			return http.StatusBadRequest, fmt.Sprintf(`{"error":{"message":"Unsupported parameter: '%s' is not supported with this model.","type":"invalid_request_error","param":%q,"code":"unsupported_parameter"}}`, name, name)
		}
	}
	return http.StatusOK, answers[endpoint]
}

// way is the way to all providers.
type way struct {
	*refuser
	provider string
}

func (w way) NewRequest(ctx context.Context, p *dataplane.Provider, _ *dataplane.Credential, endpoint, _ string) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Name+".test"+endpoint, nil)
}

func (w way) Send(r *http.Request, _ func(reused bool)) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, text := w.reply(w.provider+"/"+gjson.GetBytes(body, "model").Str, strings.TrimPrefix(r.URL.Path, "/"), body)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(text)),
		Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

func (way) Waiter(*http.Response) func() { return nil }
func (way) ReleasesBody() bool           { return true }
func (way) DropIdle()                    {}
func (way) Acquire(int) bool             { return true }
func (way) Release()                     {}
func (way) Turn() uint32                 { return 0 }

// well holds nothing against anybody.
type well struct{}

func (well) Condition(dataplane.Scope) dataplane.Condition { return dataplane.Condition{} }
func (well) Probe(context.Context, dataplane.Scope, time.Duration) (string, bool) {
	return "", false
}
func (well) Report(dataplane.Report) {}

// refusalWorld is a random group whose targets refuse things, with a node that learns what.
type refusalWorld struct {
	*rand.Rand
	refuser
	t      *testing.T
	config *controlplane.Config
	group  *adminv1.Group
	node   *proxy.Handler
	calls  []dataplane.Call
}

func newRefusalWorld(t *testing.T, r *rand.Rand) *refusalWorld {
	t.Helper()
	w := &refusalWorld{Rand: r, t: t, group: &adminv1.Group{Name: "g"}, refuser: refuser{fields: map[string][]string{}, lacks: map[string]string{}}}
	resources := []*controlplane.Resource{{Kind: controlplane.KindGroup, Name: "g", Spec: w.group}}
	for p := range 2 + r.IntN(3) {
		provider := &adminv1.Provider{Name: fmt.Sprintf("p%d", p), BaseUrl: "https://api.example.com", FieldRules: w.rules()}
		for m := range 1 + r.IntN(2) {
			model := &adminv1.Model{Id: fmt.Sprintf("m%d", m), FieldRules: w.rules()}
			provider.Models = append(provider.Models, model)
			w.group.Members = append(w.group.Members, &adminv1.Member{Provider: provider.Name, Model: model.Id, Priority: int32(len(w.group.Members))})
			target := provider.Name + "/" + model.Id
			for _, name := range fieldNames {
				if r.IntN(4) == 0 {
					w.fields[target] = append(w.fields[target], name)
				}
			}
			if r.IntN(4) == 0 {
				w.lacks[target] = w.endpoint()
			}
		}
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: provider.Name, Spec: provider})
	}
	w.config = controlplane.NewConfig(1, "lineage", resources, nil)
	pepper := []byte("pepper")
	built, err := snapshot.Build(w.config, nil, pepper)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range built.Groups[0].Members {
		m.Policy.MaxAttempts, m.Policy.RetrySameTarget, m.Policy.Translation = 20, false, "off"
		m.Policy.TotalTimeout = durationpb.New(time.Minute)
	}
	w.group.Policy = &adminv1.FailoverPolicy{Translation: "off"} // what is refused of a translated call is in other words
	for _, caller := range []string{"app", "other"} {
		hash := apikey.Hash(pepper, "sk-"+caller)
		built.ApiKeys = append(built.ApiKeys, &nodev1.ApiKey{Name: caller, Hash: hash[:], Groups: []string{"g"}})
	}
	compiled, err := dataplane.Compile(built)
	if err != nil {
		t.Fatal(err)
	}
	w.node = proxy.New(proxy.Config{
		Snapshot: func() *dataplane.Snapshot { return compiled },
		Upstream: func(p *dataplane.Provider) engine.Upstream { return way{&w.refuser, p.Name} },
		Health:   well{}, Record: func(c dataplane.Call) { w.calls = append(w.calls, c) }, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	return w
}

func (w *refusalWorld) endpoint() string {
	return []string{"chat/completions", "chat/completions", "responses"}[w.IntN(3)]
}

// rules keep a field from some targets.
func (w *refusalWorld) rules() []*adminv1.FieldRule {
	if w.IntN(4) > 0 {
		return nil
	}
	return []*adminv1.FieldRule{{Field: fieldNames[w.IntN(len(fieldNames))], Action: "drop"}}
}

// question is a call, as a client makes it.
type question struct {
	endpoint, caller string
	holds            []string
}

func (w *refusalWorld) question() question {
	q := question{endpoint: w.endpoint(), caller: []string{"app", "other"}[w.IntN(2)]}
	for _, name := range fieldNames {
		if w.IntN(3) == 0 {
			q.holds = append(q.holds, name)
		}
	}
	return q
}

// ask makes the call on the node and gives whom it tried, in order.
func (w *refusalWorld) ask(q question) (tried []string) {
	w.t.Helper()
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"model":"g",%s`, inputs[q.endpoint])
	for _, name := range q.holds {
		fmt.Fprintf(&body, `,%q:%s`, name, fields[name])
	}
	body.WriteString("}")
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/v1/"+q.endpoint, &body)
	r.Header.Set("Authorization", "Bearer sk-"+q.caller)
	r.Header.Set("Content-Type", "application/json")
	w.calls = nil
	w.node.ServeHTTP(httptest.NewRecorder(), r)
	for _, a := range w.calls[0].Attempts {
		tried = append(tried, a.Provider+"/"+a.Model)
	}
	return tried
}

// explained is the order that the control plane tells, from what the node has reported.
func (w *refusalWorld) explained(q question) (order []string, last int) {
	node := &adminv1.Node{Name: "n", Connected: true}
	for _, r := range w.node.Engine().Learned().All(time.Now()) {
		node.Refusals = append(node.Refusals, &adminv1.LearnedRefusal{
			Provider: r.Target.Provider, Model: r.Target.Name, Endpoint: strings.TrimPrefix(r.Endpoint, "/"),
			Parameter: r.Parameter, Value: r.Value, Caller: r.Caller,
		})
	}
	call := routing.Call{Endpoint: q.endpoint, Caller: "key:" + q.caller}
	for _, name := range q.holds {
		value := fields[name]
		if kind := gjson.Get(value, "type"); kind.Exists() { // of an object its type counts
			value = kind.Raw
		}
		call.Parameters = append(call.Parameters, name+"="+value)
	}
	for _, c := range routing.NewView(w.config, []*adminv1.Node{node}).ExplainCall(w.group, call).GetCandidates() {
		order = append(order, c.GetProvider()+"/"+c.GetModel())
		if c.GetRole() == adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT {
			last++
		}
	}
	return order, last
}

// What a node has learned that targets refuse, or lack, puts them last in just the calls of which the
// control plane says so, and in the same order.
func TestExplainAgreesOnRefusals(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	compared, some, both := 0, 0, 0
	for range 150 {
		w := newRefusalWorld(t, r)
		w.failed = false
		for range 12 {
			w.ask(w.question())
		}
		w.failed = true // from here on nothing is learned, and each call tries everybody
		for range 6 {
			q := w.question()
			order, last := w.explained(q)
			if tried := w.ask(q); strings.Join(tried, " ") != strings.Join(order, " ") {
				t.Fatalf("%+v: the node tried %v, explained was %v\nlearned: %+v", q, tried, order, w.node.Engine().Learned().All(time.Now()))
			}
			compared++
			if last > 0 {
				some++
			}
			if last > 1 {
				both++
			}
		}
	}
	if some < compared/10 || both < 20 {
		t.Errorf("of %d calls only %d were refused by somebody, %d by several", compared, some, both)
	}
}
