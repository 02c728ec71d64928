package feature

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A field that is in neither table might be a restriction that vanishes on older nodes.
func TestEveryFieldOfASnapshotIsClassified(t *testing.T) {
	t.Parallel()
	messages := nodev1.File_trunkline_node_v1_snapshot_proto.Messages()
	seen := map[string]bool{}
	for i := range messages.Len() {
		m := messages.Get(i)
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			_, ruled := rules[name(f)]
			known := slices.Contains(strings.Fields(base[string(m.Name())]), string(f.Name()))
			if ruled == known {
				t.Errorf("%s must be in one of the tables of rules.go: does a node that does not know it allow more, or call somebody else?", name(f))
			}
			seen[name(f)] = true
		}
	}
	for name := range rules {
		if !seen[name] {
			t.Errorf("there is no field %s", name)
		}
	}
	for message, names := range base {
		for _, f := range strings.Fields(names) {
			if !seen[message+"."+f] {
				t.Errorf("there is no field %s.%s", message, f)
			}
		}
	}
}

// Each feature of the list is one that some document requires.
func TestEveryKnownFeatureCanBeRequired(t *testing.T) {
	t.Parallel()
	for _, f := range known {
		if !slices.ContainsFunc(slices.Collect(mapValues(rules)), func(r rule) bool {
			value, ok := strings.CutPrefix(f, r.prefix)
			return r.feature == f || r.prefix != "" && ok && !slices.Contains(r.base, value)
		}) {
			t.Errorf("nothing requires %s", f)
		}
	}
}

func mapValues(m map[string]rule) func(func(rule) bool) {
	return func(yield func(rule) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func TestRequired(t *testing.T) {
	t.Parallel()
	complete := &nodev1.Policy{StreamCommit: "complete", MaxAttempts: 3}
	for name, tt := range map[string]struct {
		document proto.Message
		want     []string
	}{
		"a plain key":             {&nodev1.ApiKey{Name: "k", Hash: make([]byte, 32), Concurrency: 3, Budget: 1, BudgetPeriod: "day"}, nil},
		"addresses":               {&nodev1.ApiKey{AllowedIps: []string{"10.0.0.0/8", "::1/128"}}, []string{KeyAllowedIPs}},
		"a new period":            {&nodev1.ApiKey{BudgetPeriod: "year"}, []string{"key.budget_period.year"}},
		"several":                 {&nodev1.ApiKey{BudgetPeriod: "year", AllowedIps: []string{"::1/128"}}, []string{KeyAllowedIPs, "key.budget_period.year"}},
		"the first selection":     {&nodev1.Group{Name: "g", Selection: "cheapest"}, nil},
		"a later selection":       {&nodev1.Group{Name: "g", Selection: "weighted"}, []string{SelectionWeighted}},
		"a selection of later":    {&nodev1.Group{Name: "g", Selection: "fastest"}, []string{"selection.fastest"}},
		"a policy of a member":    {&nodev1.Group{Members: []*nodev1.Member{{Policy: &nodev1.Policy{}}, {Policy: complete}, {Policy: complete}}}, []string{StreamCommitAll}},
		"the usual commit":        {&nodev1.Group{Members: []*nodev1.Member{{Policy: &nodev1.Policy{StreamCommit: "first_token"}}}}, nil},
		"bodies without emails":   {&nodev1.Group{BodyLog: &nodev1.BodyLog{MaxBytes: 1, RedactEmails: true}}, []string{BodyLogRedactEmails}},
		"a dialect":               {&nodev1.Provider{Dialect: "anthropic", Models: []*nodev1.Model{{Id: "m"}}}, []string{Dialect("anthropic")}},
		"the first dialect":       {&nodev1.Provider{Dialect: "openai"}, nil},
		"the scopes of a keyword": {&nodev1.FailureKeyword{Scopes: []string{"answer", "header"}}, []string{"keyword.scope.header"}},
	} {
		if got := Required(tt.document); !slices.Equal(got, tt.want) {
			t.Errorf("%s requires %v, want %v", name, got, tt.want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	s := Set{"a": true}.With("b")
	if got := s.Missing([]string{"a", "b", "c", "d"}); !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("missing %v", got)
	}
	if got := Known().Missing(known); got != nil {
		t.Errorf("this build lacks %v", got)
	}
}

func BenchmarkRequiredOfAKey(b *testing.B) {
	key := &nodev1.ApiKey{Name: "k", Hash: make([]byte, 32), Concurrency: 3, Budget: 1, BudgetPeriod: "day", Groups: []string{"g"}}
	b.ReportAllocs()
	for b.Loop() {
		Required(key)
	}
}
