package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A provider is told of a trace only where its configuration says so, and only what is valid.
func TestTraceContextGoesOnWhereTheProviderGetsIt(t *testing.T) {
	t.Parallel()
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	ours := dataplane.Trace{ID: dataplane.TraceID{1}, Span: dataplane.SpanID{2}, State: "vendor=1", Sampled: true}
	for name, tt := range map[string]struct {
		forward       []string
		sent          []string
		traced        bool
		parent, state string // want; "ours" is any span of our trace
		id            string // of the trace in the call's record
	}{
		"not asked for":              {nil, []string{"Traceparent", parent, "Tracestate", "vendor=1"}, false, "", "", parent[3:35]},
		"not asked for, traced":      {nil, []string{"Traceparent", parent, "Tracestate", "vendor=1"}, true, "", "", ours.ID.String()},
		"the client's":               {[]string{"traceparent", "tracestate"}, []string{"Traceparent", parent, "Tracestate", "vendor=1"}, false, parent, "vendor=1", parent[3:35]},
		"without state":              {[]string{"traceparent"}, []string{"Traceparent", parent, "Tracestate", "vendor=1"}, false, parent, "", parent[3:35]},
		"nothing was sent":           {[]string{"traceparent", "tracestate"}, nil, false, "", "", ""},
		"state alone means nothing":  {[]string{"traceparent", "tracestate"}, []string{"Tracestate", "vendor=1"}, false, "", "", ""},
		"not valid":                  {[]string{"traceparent", "tracestate"}, []string{"Traceparent", strings.ToUpper(parent), "Tracestate", "vendor=1"}, false, "", "", ""},
		"two of them":                {[]string{"traceparent"}, []string{"Traceparent", parent, "Traceparent", parent}, false, "", "", ""},
		"the attempt's own span":     {[]string{"traceparent", "tracestate"}, []string{"Traceparent", parent}, true, "ours", "vendor=1", ours.ID.String()},
		"of a trace that began here": {[]string{"traceparent"}, nil, true, "ours", "", ours.ID.String()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told atomic.Pointer[http.Header]
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				told.Store(&r.Header)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"model":"ok-0613","choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}`)
			}))
			t.Cleanup(up.Close)
			r := newRig(t, setup{
				models: []string{"ok"},
				snapshot: func(s *nodev1.Snapshot) {
					s.Providers[0].ForwardHeaders, s.Providers[0].BaseUrl = tt.forward, up.URL
				},
				config: func(c *proxy.Config) {
					if tt.traced {
						c.Trace = func(http.Header) dataplane.Trace { return ours }
					}
				},
			})
			if got := r.request(http.MethodPost, "/v1/chat/completions", `{"model":"g","messages":[]}`, append([]string{"Authorization", "Bearer " + clientKey}, tt.sent...)...); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			h := *told.Load()
			got, state := h.Get("Traceparent"), h.Get("Tracestate")
			call := r.call()
			attempt := call.Attempts[0]
			if id := call.Trace.ID.String(); id != tt.id || tt.traced == (call.Trace.Span == dataplane.SpanID{}) {
				t.Errorf("the call is recorded in the trace %q with the span %v, want %q", id, call.Trace.Span, tt.id)
			}
			want := tt.parent
			if want == "ours" {
				want = ours.Header(attempt.Span)
			}
			if got != want || state != tt.state {
				t.Errorf("the provider got %q, %q; want %q, %q", got, state, want, tt.state)
			}
			if tt.traced == (attempt.Span == dataplane.SpanID{}) || attempt.Span == ours.Span {
				t.Errorf("the attempt's span is %v", attempt.Span)
			}
			answered := ""
			if tt.traced {
				answered = "ok-0613"
			}
			if attempt.Model != "ok" || attempt.Answered != answered || call.AnsweredModel != answered {
				t.Errorf("%q answered as %q, the call as %q, want %q", attempt.Model, attempt.Answered, call.AnsweredModel, answered)
			}
		})
	}
}

// Who is not let in gets no place in a trace.
func TestStrangersAreNotTraced(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) {
		c.Trace = func(http.Header) dataplane.Trace { t.Error("a stranger was traced"); return dataplane.Trace{} }
	}})
	r.request(http.MethodPost, "/v1/chat/completions", `{"model":"g","messages":[]}`, "Authorization", "Bearer sk-unknown-0123456789")
}

// A stream names its model in one of its first events, if at all.
func TestTheModelThatAStreamSaysItComesFrom(t *testing.T) {
	t.Parallel()
	const end = `data: {"choices":[{"delta":{"content":"hello"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	for name, tt := range map[string]struct{ begin, want string }{
		"in the first event":  {`data: {"model":"ok-0613","choices":[{"delta":{"role":"assistant"}}]}` + "\n\n", "ok-0613"},
		"in the second event": {`data: {"model":"","choices":[]}` + "\n\n" + `data: {"model":"ok-0613","choices":[]}` + "\n\n", "ok-0613"},
		"nowhere":             {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, tt.begin+end)
			}))
			t.Cleanup(up.Close)
			r := newRig(t, setup{
				models:   []string{"ok"},
				snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = up.URL },
				config: func(c *proxy.Config) {
					c.Trace = func(http.Header) dataplane.Trace {
						return dataplane.Trace{ID: dataplane.TraceID{1}, Span: dataplane.SpanID{2}, Sampled: true}
					}
				},
			})
			if got := r.request(http.MethodPost, "/v1/chat/completions", `{"model":"g","stream":true,"messages":[]}`, "Authorization", "Bearer "+clientKey); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if call := r.call(); call.AnsweredModel != tt.want || call.Attempts[0].Answered != tt.want {
				t.Errorf("the call says %q, the attempt %q, want %q", call.AnsweredModel, call.Attempts[0].Answered, tt.want)
			}
		})
	}
}
