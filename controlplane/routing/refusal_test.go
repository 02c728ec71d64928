package routing_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func at(second int64) *timestamppb.Timestamp { return timestamppb.New(time.Unix(second, 0)) }

// refusing are two nodes that have learned something of a/cheap and a/dear, and one that left.
func refusing() []*adminv1.Node {
	return []*adminv1.Node{
		{Name: "n1", Connected: true, Refusals: []*adminv1.LearnedRefusal{
			{Provider: "a", Model: "cheap", Endpoint: "chat/completions", Parameter: "tools", Caller: "key:x", SinceTime: at(10), UntilTime: at(20)},
			{Provider: "a", Model: "dear", Endpoint: "embeddings", SinceTime: at(10), UntilTime: at(20)},
		}},
		{Name: "n2", Connected: true, Refusals: []*adminv1.LearnedRefusal{
			{Provider: "a", Model: "cheap", Endpoint: "chat/completions", Parameter: "tools", Caller: "key:y", SinceTime: at(5), UntilTime: at(30)},
			{Provider: "a", Model: "cheap", Endpoint: "chat/completions", Parameter: "temperature", Value: "0.2", SinceTime: at(5), UntilTime: at(30)},
			{Provider: "a", Model: "cheap", Endpoint: "chat/completions", Parameter: "seed", Caller: "key:y", SinceTime: at(5), UntilTime: at(30)},
		}},
		{Name: "n3", Refusals: []*adminv1.LearnedRefusal{{Provider: "b", Model: "twin", Endpoint: "chat/completions", Parameter: "tools"}}},
	}
}

func TestRefusalsOfSeveralNodesAreOne(t *testing.T) {
	t.Parallel()
	v := routing.NewView(explainConfig(""), refusing())
	p, _ := v.Provider("a")
	all := v.ProviderHealth(p).GetRefusals()
	var lines []string
	for _, r := range all {
		lines = append(lines, r.GetModel()+" "+r.GetParameter()+" "+r.GetCaller()+" "+strings.Join(r.GetNodes(), ","))
	}
	want := "dear   n1\ncheap seed key:y n2\ncheap temperature  n2\ncheap tools  n1,n2"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if tools := all[len(all)-1]; tools.GetSinceTime().GetSeconds() != 5 || tools.GetUntilTime().GetSeconds() != 30 {
		t.Errorf("tools since %v until %v", tools.GetSinceTime(), tools.GetUntilTime())
	}
}

// Who does not have the API of a call is left out of it, and of no other.
func TestWhoLacksTheAPIIsLeftOut(t *testing.T) {
	t.Parallel()
	cfg := explainConfig("")
	r, _ := cfg.Get(controlplane.KindProvider, "a")
	r.Spec.(*adminv1.Provider).Endpoints = []*adminv1.Endpoint{{Api: "messages"}}
	v := routing.NewView(cfg, nil)
	group, _ := v.Group("pool")
	group.Policy.Translation = "off"
	for endpoint, want := range map[string]int{"": 0, "chat/completions": 2, "messages": 0, "messages/count_tokens": 0, "responses": 2, "embeddings": 0, "klingon": 0} {
		route := v.ExplainCall(group, routing.Call{Endpoint: endpoint})
		lacking := 0
		for _, c := range route.GetLeftOut() {
			if c.GetLeftOutReason() == adminv1.LeftOutReason_LEFT_OUT_REASON_API_MISSING {
				lacking++
			}
		}
		if lacking != want {
			t.Errorf("%q: %d are left out, want %d: %v", endpoint, lacking, want, route)
		}
	}
}

func TestACallThatIsRefusedTriesOthersFirst(t *testing.T) {
	t.Parallel()
	const usual = "a/cheap a/dear b/twin b/unpriced b/call"
	for name, tt := range map[string]struct {
		call routing.Call
		want string
	}{
		"nothing is known of it": {routing.Call{}, usual},
		"tools":                  {routing.Call{Endpoint: "chat/completions", Parameters: []string{"n", "tools"}}, "a/dear b/twin b/unpriced b/call a/cheap"},
		"tools elsewhere":        {routing.Call{Endpoint: "responses", Parameters: []string{"tools"}}, usual},
		"the value":              {routing.Call{Endpoint: "chat/completions", Parameters: []string{"temperature=0.2"}}, "a/dear b/twin b/unpriced b/call a/cheap"},
		"another value":          {routing.Call{Endpoint: "chat/completions", Parameters: []string{"temperature=1"}}, usual},
		"another caller's":       {routing.Call{Endpoint: "chat/completions", Parameters: []string{"seed"}, Caller: "key:x"}, usual},
		"the caller's":           {routing.Call{Endpoint: "chat/completions", Parameters: []string{"seed"}, Caller: "key:y"}, "a/dear b/twin b/unpriced b/call a/cheap"},
		"a missing endpoint":     {routing.Call{Endpoint: "embeddings"}, "a/cheap b/twin b/unpriced b/call a/dear"},
	} {
		v := routing.NewView(explainConfig(""), refusing())
		group, _ := v.Group("pool")
		route := v.ExplainCall(group, tt.call)
		var names []string
		for _, c := range route.GetCandidates() {
			names = append(names, c.GetProvider()+"/"+c.GetModel())
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if last := route.GetCandidates()[4]; tt.want != usual && last.GetRole() != adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT {
			t.Errorf("%s: the last is %v", name, last.GetRole())
		}
	}
}

// Who speaks another dialect gets the call translated, and comes behind equals that need not.
func TestWhoSpeaksAnotherDialectGetsCallsTranslated(t *testing.T) {
	t.Parallel()
	cfg := explainConfig("")
	r, _ := cfg.Get(controlplane.KindProvider, "b")
	r.Spec.(*adminv1.Provider).Endpoints = []*adminv1.Endpoint{{Api: "messages"}}
	node := &adminv1.Node{Name: "n", Connected: true, Refusals: []*adminv1.LearnedRefusal{{Provider: "a", Model: "cheap", Endpoint: "responses"}}}
	v := routing.NewView(cfg, []*adminv1.Node{node})
	group, _ := v.Group("pool")
	for endpoint, want := range map[string]string{
		"":                               "a/cheap a/dear b/twin b/unpriced b/call",
		"chat/completions":               "a/cheap a/dear b/twin>messages b/unpriced>messages b/call>messages",
		"messages":                       "a/cheap a/dear b/twin b/unpriced b/call",
		"responses":                      "a/cheap>chat a/dear b/twin>messages b/unpriced>messages b/call>messages",
		"messages/count_tokens":          "a/cheap a/dear b/twin b/unpriced b/call",
		"models/{model}:generateContent": "a/cheap>chat a/dear>chat b/twin>messages b/unpriced>messages b/call>messages",
	} {
		var got []string
		for _, c := range v.ExplainCall(group, routing.Call{Endpoint: endpoint}).GetCandidates() {
			text := c.GetProvider() + "/" + c.GetModel()
			if c.GetTranslatedTo() != "" {
				text += ">" + c.GetTranslatedTo()
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %s, want %s", endpoint, strings.Join(got, " "), want)
		}
	}
	var told []string
	for _, c := range v.Explain(group).GetCandidates()[:3] {
		for _, d := range c.GetDialects() {
			text := d.GetDialect() + ">" + d.GetSpoken()
			if d.GetUncertain() {
				text += "?"
			}
			told = append(told, text)
		}
	}
	const want = "chat>chat gemini>chat messages>messages? responses>chat chat>chat gemini>chat messages>messages? responses>responses? chat>messages gemini>messages messages>messages responses>messages"
	if strings.Join(told, " ") != want {
		t.Errorf("told %s, want %s", strings.Join(told, " "), want)
	}
}
