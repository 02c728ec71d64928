package alias

import (
	"strings"
	"testing"
)

func TestPrecedence(t *testing.T) {
	t.Parallel()
	var x Index[string]
	for name, aliases := range map[string]string{
		"gpt": "openai/gpt-4o GPT-4o", "all": "*", "openai": "openai/*", "mini": "openai/*-mini openai/gpt-*", "Ünder": "ÄÖ/*",
	} {
		x.AddName(name, name)
		for a := range strings.SplitSeq(aliases, " ") {
			x.AddAlias(a, name)
		}
	}
	for name, want := range map[string]string{
		"gpt": "gpt", "GPT": "gpt", "gpt-4O": "gpt", "OPENAI/gpt-4o": "gpt", "openai/gpt-4o": "gpt",
		"openai/o3": "openai", "OpenAI/O3": "openai", "openai/o3-mini": "mini", "openai/gpt-5": "mini", "openai/gpt-5-mini": "mini",
		"anything": "all", "openai/": "all", "äö/x": "Ünder", "ünder": "Ünder", "openai/-mini": "openai",
	} {
		if got, ok := x.Find(name); !ok || got != want {
			t.Errorf("%s means %q, want %q", name, got, want)
		}
	}
	if _, ok := x.Find(""); ok {
		t.Error("nothing means something")
	}
	if _, ok := new(Index[string]).Find("x"); ok {
		t.Error("an empty index finds something")
	}
}

func TestThePatternWithMoreInFrontOfTheStarWins(t *testing.T) {
	t.Parallel()
	for range 2 {
		var x Index[int]
		x.AddAlias("a*bc", 1)
		x.AddAlias("ab*c", 2)
		if got, _ := x.Find("ab-bc"); got != 2 {
			t.Errorf("got %d", got)
		}
	}
}

func TestANameFoundExactlyCostsNoMemory(t *testing.T) {
	x := Index[int]{}
	x.AddName("openai/gpt-4o", 1)
	if n := testing.AllocsPerRun(100, func() { x.Find("openai/gpt-4o") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	for alias, bad := range map[string]bool{"a": false, "a*": false, "*": false, "a**": true, "*a*": true} {
		if (Fault(alias) != "") != bad {
			t.Errorf("%s: %q", alias, Fault(alias))
		}
	}
}
