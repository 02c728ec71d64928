package form

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestNamesFitAndStayApart(t *testing.T) {
	t.Parallel()
	r := Request{Tools: []Tool{
		{Name: "read"}, {Namespace: "fs", Name: "read"}, {Name: "fs__read"},
		{Name: "a.b"}, {Name: "a b"}, {Name: strings.Repeat("n", 100)}, {Name: "search", Kind: ForeignTool},
	}}
	r.NameTools()
	var flat []string
	for _, tool := range r.Tools[:6] {
		if len(tool.Flat) > maxName || tool.Flat == "" || strings.ContainsAny(tool.Flat, ". ") {
			t.Errorf("%q became %q", tool.Name, tool.Flat)
		}
		flat = append(flat, tool.Flat)
	}
	slices.Sort(flat)
	if len(slices.Compact(flat)) != 6 {
		t.Errorf("two tools share a name: %q", flat)
	}
	if r.Tools[0].Flat != "read" || r.Tools[1].Flat != "fs__read" || r.Tools[6].Flat != "" {
		t.Errorf("names %q, %q, %q", r.Tools[0].Flat, r.Tools[1].Flat, r.Tools[6].Flat)
	}
	if got := r.ByFlat(r.Tools[1].Flat); got != &r.Tools[1] {
		t.Errorf("found %+v", got)
	}
	if r.FlatOf("", "a.b") != r.Tools[3].Flat || r.FlatOf("gone", "tool") != "gone__tool" {
		t.Errorf("names %q, %q", r.FlatOf("", "a.b"), r.FlatOf("gone", "tool"))
	}
	if r.ByFlat("never") != nil || r.ByFlat("search") != nil {
		t.Error("found what is not there")
	}
}

func TestOpaqueGoesBackToItsOriginAlone(t *testing.T) {
	t.Parallel()
	o := &Opaque{Origin: "a1", Kind: "messages", Raw: "sig\x00\"./+="}
	got, ours := Carried(o.Carry())
	if !ours || *got != *o {
		t.Fatalf("got %+v, %v", got, ours)
	}
	for _, text := range []string{"", "sig", "tl1.", "tl1.a", "tl1.a.b", "tl1.a.b.!"} {
		if got, ours := Carried(text); ours {
			t.Errorf("%q gives %+v", text, got)
		}
	}
	var l Losses
	if o.For("a1", "messages", "thinking", &l) != o || l.Dropped != nil {
		t.Error("its origin does not get it")
	}
	for _, other := range []*Opaque{o.For("b", "messages", "thinking", &l), o.For("a1", "responses", "thinking", &l), (&Opaque{Kind: "messages"}).For("", "messages", "thinking", &l)} {
		if other != nil {
			t.Errorf("another one gets %+v", other)
		}
	}
	if !slices.Equal(l.Dropped, []string{"thinking"}) {
		t.Errorf("dropped %q", l.Dropped)
	}
}

func TestLossesAreNamedOnceAndBounded(t *testing.T) {
	t.Parallel()
	var l Losses
	rest := Rest{{Name: "cache_control"}, {Name: "max_tokens", Class: Silent}, {Name: "cache_control"}, {Name: strings.Repeat("x", 100)}}
	if err := l.Rest("tools", rest); err != nil {
		t.Fatal(err)
	}
	if len(l.Dropped) != 2 || l.Dropped[0] != "tools.cache_control" || len(l.Dropped[1]) != 64 {
		t.Errorf("dropped %q", l.Dropped)
	}
	rest.Add("previous_response_id", nil, Must)
	var refused *Refused
	if err := l.Rest("", rest); !errors.As(err, &refused) || refused.Param != "previous_response_id" {
		t.Errorf("error %v", err)
	}
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		l.Drop(string(c))
	}
	if len(l.Dropped) != maxLosses {
		t.Errorf("%d names are kept", len(l.Dropped))
	}
}

func TestLeadIsWhateverStandsBeforeTheConversation(t *testing.T) {
	t.Parallel()
	text := func(s string) []Block { return []Block{{Text: s}} }
	r := Request{System: text("a"), Items: []Item{{Role: System, Blocks: text("b")}, {Role: Developer, Blocks: text("c")}, {Role: User}, {Role: System}}}
	lead, rest := r.Lead()
	if len(lead) != 3 || lead[2].Text != "c" || len(rest) != 2 || rest[0].Role != User {
		t.Errorf("lead %+v, rest %+v", lead, rest)
	}
	if lead, rest = (&Request{}).Lead(); lead != nil || rest != nil {
		t.Errorf("lead %+v, rest %+v", lead, rest)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for want, thinking := range map[string]Thinking{
		"none": {Mode: ThinkingOff}, "high": {Mode: ThinkingOn, Budget: 30000}, "": {Mode: ThinkingAdaptive}, "xhigh": {Effort: "xhigh"},
	} {
		if got := thinking.Level(); got != want {
			t.Errorf("%+v gives %q, want %q", thinking, got, want)
		}
	}
}
