package proxy_test

import (
	"maps"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// hits counts what the proxy reports.
type hits struct {
	mu     sync.Mutex
	counts map[string]int
}

func (h *hits) config(cfg *proxy.Config) {
	h.counts = map[string]int{}
	cfg.KeywordHit = func(name string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.counts[name]++
	}
}

func (h *hits) all() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.counts)
}

func TestKeywordsHoldWhereTheySay(t *testing.T) {
	t.Parallel()
	const (
		moved  = "p1:failure_keyword p2:ok"
		stayed = "p1:ok"
	)
	inBody := func(k *nodev1.FailureKeyword) []*nodev1.FailureKeyword {
		k.Name, k.Keyword = "k", "overloaded"
		return []*nodev1.FailureKeyword{k}
	}
	tests := map[string]struct {
		model    string
		stream   bool
		keywords []*nodev1.FailureKeyword
		outcomes string
		keyword  string // in the record of the first attempt
		hits     map[string]int
	}{
		"plain answer":              {"keyword-overloaded", false, inBody(&nodev1.FailureKeyword{Scopes: []string{"answer"}}), moved, "k", map[string]int{"k": 1}},
		"plain, for streams only":   {"keyword-overloaded", false, inBody(&nodev1.FailureKeyword{Scopes: []string{"stream", "error"}}), stayed, "", nil},
		"stream":                    {"keyword-overloaded", true, inBody(&nodev1.FailureKeyword{Scopes: []string{"stream"}}), moved, "k", map[string]int{"k": 1}},
		"stream, for answers only":  {"keyword-overloaded", true, inBody(&nodev1.FailureKeyword{Scopes: []string{"answer", "error"}}), stayed, "", nil},
		"error body":                {"error-overloaded", false, inBody(&nodev1.FailureKeyword{Scopes: []string{"error"}}), moved, "k", map[string]int{"k": 1}},
		"error, for answers only":   {"error-overloaded", false, inBody(&nodev1.FailureKeyword{Scopes: []string{"answer", "stream"}}), "p1:server_error p2:ok", "", nil},
		"error behind a 200":        {"200-error-overloaded", false, inBody(&nodev1.FailureKeyword{Scopes: []string{"answer"}}), moved, "k", map[string]int{"k": 1}},
		"error behind a 200, twice": {"200-error-overloaded", false, inBody(&nodev1.FailureKeyword{}), moved, "k", map[string]int{"k": 1}},
		"error in a stream":         {"sse-error-first-overloaded", true, inBody(&nodev1.FailureKeyword{Scopes: []string{"error"}}), moved, "k", map[string]int{"k": 1}},
		"this provider":             {"keyword-overloaded", false, inBody(&nodev1.FailureKeyword{Providers: []string{"p9", "p1"}}), moved, "k", map[string]int{"k": 1}},
		"another provider":          {"keyword-overloaded", false, inBody(&nodev1.FailureKeyword{Providers: []string{"p2"}}), stayed, "", nil},
		"this group":                {"keyword-overloaded", true, inBody(&nodev1.FailureKeyword{Groups: []string{"g"}}), moved, "k", map[string]int{"k": 1}},
		"another group":             {"keyword-overloaded", true, inBody(&nodev1.FailureKeyword{Groups: []string{"private"}}), stayed, "", nil},
		"only noted":                {"keyword-overloaded", false, inBody(&nodev1.FailureKeyword{LogOnly: true}), stayed, "k", map[string]int{"k": 1}},
		"only noted, in a stream":   {"keyword-overloaded", true, inBody(&nodev1.FailureKeyword{LogOnly: true}), stayed, "k", map[string]int{"k": 1}},
		"what moves on is recorded": {
			"keyword-overloaded", false,
			[]*nodev1.FailureKeyword{{Name: "a", Keyword: "model", LogOnly: true}, {Name: "b", Pattern: "over.*oad"}, {Name: "c", Keyword: "absent"}, {Name: "d", Keyword: "sorry", LogOnly: true}},
			moved, "b", map[string]int{"a": 1, "b": 1, "d": 1},
		},
		"a pattern over events": {"keyword-overloaded", true, []*nodev1.FailureKeyword{{Name: "p", Pattern: `(?i)MODEL\s+is\s+over\w+ed`}}, moved, "p", map[string]int{"p": 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h hits
			r := newRig(t, setup{models: []string{tt.model, "ok"}, keywords: tt.keywords, config: h.config})
			got := r.chat(tt.stream)
			call := r.call()
			if got.status != 200 || outcomes(call) != tt.outcomes {
				t.Fatalf("status %d, attempts %s, want %s: %s", got.status, outcomes(call), tt.outcomes, got.body)
			}
			if call.Attempts[0].Keyword != tt.keyword || call.KeywordLate {
				t.Errorf("recorded keyword %q, late %v; want %q", call.Attempts[0].Keyword, call.KeywordLate, tt.keyword)
			}
			if !maps.Equal(h.all(), tt.hits) {
				t.Errorf("hits %v, want %v", h.all(), tt.hits)
			}
		})
	}
}

// A keyword behind the commit cannot move the call on, but it is counted, once.
func TestALateKeywordIsRecorded(t *testing.T) {
	t.Parallel()
	for _, logOnly := range []bool{false, true} {
		var h hits
		r := newRig(t, setup{
			models: []string{"keyword-late-overloaded", "ok"}, config: h.config,
			keywords: []*nodev1.FailureKeyword{{Name: "k", Keyword: "overloaded", LogOnly: logOnly}},
		})
		r.chat(true)
		call := r.call()
		if call.Attempts[0].Keyword != "k" || call.KeywordLate == logOnly || h.all()["k"] != 1 {
			t.Errorf("log only %v: keyword %q, late %v, hits %v", logOnly, call.Attempts[0].Keyword, call.KeywordLate, h.all())
		}
	}
}

// With a hold of zero the stream goes out with its first meaningful event: what follows
// comes too late. The client then has its first token at once.
func TestAHoldOfZeroWaitsForTheFirstEventOnly(t *testing.T) {
	t.Parallel()
	for hold, want := range map[time.Duration]string{0: "p1:ok", time.Minute: "p1:failure_keyword p2:ok"} {
		r := newRig(t, setup{
			models: []string{"keyword-overloaded", "ok"}, keywords: []*nodev1.FailureKeyword{{Name: "k", Keyword: "overloaded"}},
			policy: func(p *nodev1.Policy) { p.KeywordHold = durationpb.New(hold) },
		})
		r.chat(true)
		if call := r.call(); outcomes(call) != want || call.KeywordLate != (hold == 0) {
			t.Errorf("hold %s: attempts %s, late %v", hold, outcomes(call), call.KeywordLate)
		}
	}
}

// The hold ends by time when a stream is slow, and not before.
func TestTheHoldEndsByTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{
		models: []string{"keyword-overloaded+chunk-60ms", "ok"}, keywords: []*nodev1.FailureKeyword{{Name: "k", Keyword: "overloaded"}},
		policy: func(p *nodev1.Policy) { p.KeywordHold = durationpb.New(time.Millisecond) },
	})
	r.chat(true)
	if call := r.call(); outcomes(call) != "p1:ok" || !call.KeywordLate {
		t.Errorf("attempts %s, late %v", outcomes(call), call.KeywordLate)
	}
}
