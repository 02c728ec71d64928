package form

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheTextOfACustomTool(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		`{"input":"*** Begin Patch\n+\"é\" \ud83d\ude42\\\n"}`: "*** Begin Patch\n+\"é\" 🙂\\\n",
		" { \"input\" :\n\"a\" , \"more\": \"b\"}":             "a",
		`{"input":""}`:             "",
		`{"input":"cut \u00`:       "cut ",
		`{"patch":"p"}`:            "p",
		`{"n":1,"input":"late"}`:   "late",
		`{"a":"1","b":"2"}`:        `{"a":"1","b":"2"}`,
		`{"input":7}`:              "7",
		`{}`:                       "",
		`{`:                        "",
		``:                         "",
		`"just a string\n"`:        "just a string\n",
		"*** Begin Patch\n{\"":     "*** Begin Patch\n{\"",
		"{not JSON":                "{not JSON",
		`{"input":"\ud83d x"}`:     "\ufffd x",
		`{"input":"\ud83d\u0041"}`: "\ufffdA",
		`{"input":"\uzzzz"}`:       "\ufffdzzzz",
	} {
		if got := UnwrapInput(arguments); got != want {
			t.Errorf("%s gives %q, want %q", arguments, got, want)
		}
	}
}

// Wherever the pieces are cut, the text is the same.
func FuzzInputReader(f *testing.F) {
	for _, s := range []string{`{"input":"a\n\u00e9\ud83d\ude42\"b"}`, ` {"x":"y"}`, `plain`, `"text\\"`, `{"input":"\ud83d\n"}`, `{"input": 1}`} {
		f.Add(s, 3, 9)
	}
	f.Fuzz(func(t *testing.T, arguments string, a, b int) {
		a, b = min(max(a, 0), len(arguments)), min(max(b, 0), len(arguments))
		a, b = min(a, b), max(a, b)
		var r InputReader
		got := r.Add(arguments[:a]) + r.Add(arguments[a:b]) + r.Add(arguments[b:]) + r.End()
		if want := UnwrapInput(arguments); got != want {
			t.Fatalf("%q cut at %d and %d gives %q, whole %q", arguments, a, b, got, want)
		}
		if utf8.ValidString(arguments) && UnwrapInput(WrapInput(arguments)) != arguments {
			t.Fatalf("%q does not come back", arguments)
		}
	})
}

func TestAFunctionStandsForACustomTool(t *testing.T) {
	t.Parallel()
	tool := Tool{Kind: Custom, Name: "apply_patch", Flat: "apply_patch", Description: "Edits files.", Grammar: &Grammar{Syntax: "lark", Definition: "start: patch"}}
	description, schema := tool.AsFunction()
	if !strings.HasPrefix(description, "Edits files.\n\n") || !strings.HasSuffix(description, "lark grammar:\nstart: patch") || !json.Valid(schema) {
		t.Errorf("%q, %s", description, schema)
	}
	r := Request{Tools: []Tool{tool, {Name: "other", Flat: "other"}}}
	for _, c := range []struct {
		choice ToolChoice
		holds  bool
	}{
		{ToolChoice{}, false},
		{ToolChoice{Mode: ChooseAny}, false},
		{ToolChoice{Mode: ChooseOne, Name: "other"}, false},
		{ToolChoice{Mode: ChooseAny, Allowed: []string{"apply_patch", "other"}}, false},
		{ToolChoice{Mode: ChooseOne, Name: "apply_patch"}, true},
		{ToolChoice{Mode: ChooseAny, Allowed: []string{"apply_patch"}}, true},
	} {
		r.ToolChoice = c.choice
		var refused *Refused
		if err := r.MustHold(&r.Tools[0]); errors.As(err, &refused) != c.holds {
			t.Errorf("%+v: %v", c.choice, err)
		}
		if err := r.MustHold(&r.Tools[1]); err != nil {
			t.Errorf("a function: %v", err)
		}
	}
}

func TestWhatIsForeignIsNoted(t *testing.T) {
	t.Parallel()
	r := Request{
		Rest:  Rest{{Name: "truncation"}},
		Tools: []Tool{{Kind: ForeignTool, Name: "web_search"}, {Name: "f", Rest: Rest{{Name: "defer_loading"}}}},
		Items: []Item{{Rest: Rest{{Name: "phase"}}, Blocks: []Block{{Kind: ForeignBlock, Foreign: &Member{Name: "web_search_call"}}, {Rest: Rest{{Name: "status", Class: Silent}}}, {Result: &Result{Blocks: []Block{{Rest: Rest{{Name: "cache_control"}}}}}}}}},
	}
	var l Losses
	if err := l.Foreign(&r); err != nil || strings.Join(l.Dropped, " ") != "truncation tools.web_search tools.defer_loading phase web_search_call cache_control" {
		t.Errorf("%q, %v", l.Dropped, err)
	}
	r.ToolChoice.Mode = ChooseForeign
	if err := l.Foreign(&r); err == nil || err.Error() != "tool_choice: the provider's API has nothing like it" {
		t.Errorf("%v", err)
	}
	r.ToolChoice.Mode, r.Tools[0].Class = ChooseAuto, Must
	if err := l.Foreign(&r); err == nil || !strings.HasPrefix(err.Error(), "tools.web_search:") {
		t.Errorf("%v", err)
	}
}

func TestEffortsAndBudgets(t *testing.T) {
	t.Parallel()
	for _, effort := range []string{"low", "medium", "high"} {
		if got := EffortFor(BudgetFor(effort)); got != effort {
			t.Errorf("%s comes back as %s", effort, got)
		}
	}
	if BudgetFor("none") != 0 || BudgetFor("minimal") != 1024 || BudgetFor("max") <= BudgetFor("high") || EffortFor(1) != "low" || EffortFor(1<<40) != "high" {
		t.Error("the ends are elsewhere")
	}
}
