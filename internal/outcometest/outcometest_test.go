package outcometest

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestLoadReadsEveryRow(t *testing.T) {
	t.Parallel()
	table := Load(t)
	if len(table.Cases) < 100 {
		t.Errorf("%d cases, want at least 100", len(table.Cases))
	}
	byName := map[string]Case{}
	for _, c := range table.Cases {
		byName[c.Name] = c
	}

	inherited := byName["fastapi_422"]
	if inherited.Want.Outcome != "bad_request" || inherited.Want.Client.Status != 422 || inherited.Want.Client.Passed {
		t.Errorf("fastapi_422 = %+v, want its own status over its row's outcome", inherited.Want)
	}
	merged := byName["gemini_array_200"].Want
	if merged.Outcome != "rate_limited" || merged.Hold != 34074824224*time.Nanosecond || merged.Client.RetryAfter != 35 || merged.MaybeBilled {
		t.Errorf("gemini_array_200 = %+v, want the merged fields and its own hold", merged)
	}
	if c := byName["no_first_event"]; c.Plain != "" || c.Given.Policy.FirstTokenTimeout != 150*time.Millisecond || c.Want.LastOutcome != "deadline_exceeded" {
		t.Errorf("no_first_event = %+v", c)
	}
	if model, ok := byName["sse_for_plain"].Model(true); ok {
		t.Errorf("sse_for_plain has model %q for streams, want none", model)
	}
}

func TestCheckNamesTheMistake(t *testing.T) {
	t.Parallel()
	good := Case{Row: 1, Name: "a", What: "x", Why: "y", Plain: "ok", Want: Want{Outcome: "ok", Moves: "never", Counts: "none", Client: Client{Status: 200}}}
	for name, tc := range map[string]struct {
		change func(*Case)
		want   string
	}{
		"good":     {func(*Case) {}, ""},
		"no mode":  {func(c *Case) { c.Plain = "" }, "neither a stream nor a plain"},
		"moves":    {func(c *Case) { c.Want.Moves = "maybe" }, `want.moves is "maybe"`},
		"counts":   {func(c *Case) { c.Want.Counts = "all" }, `want.counts is "all"`},
		"upstream": {func(c *Case) { c.Upstream = "mars" }, `upstream is "mars"`},
		"hold":     {func(c *Case) { c.Want.Hold = time.Second }, "cannot be held"},
		"no why":   {func(c *Case) { c.Why = "" }, "name, what and why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good
			tc.change(&c)
			err := c.check()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("check() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestMissingAndDoubledRowsAreTold(t *testing.T) {
	t.Parallel()
	table := Load(t)
	table.Cases = append(table.Cases[1:], table.Cases[len(table.Cases)-1])
	table.Elsewhere = table.Elsewhere[1:]
	table.Outcomes = append(table.Outcomes, table.Outcomes[1], Outcome{Name: "odd", Label: "x", CountsAgainst: "all"},
		Outcome{Name: "unlabelled"}, Outcome{Name: "nobody", Label: "x", CountsAgainst: "none", Blame: "fate"}, Outcome{Name: "classless", Label: "x", CountsAgainst: "none", Blame: "none", Class: "upper"})
	err := table.check()
	for _, want := range []string{
		"row 8 is missing", "is there twice", `outcome "unreachable" is there twice`, `outcome "odd" counts against "all"`,
		`outcome "unlabelled" needs`, `outcome "nobody": blame is "fate"`, `outcome "classless": class is "upper"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check() = %v, want %q in it", err, want)
		}
	}
}

func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte("{name: a, modle: ok}"), &node); err != nil {
		t.Fatal(err)
	}
	var c Case
	if err := c.read(&yaml.Node{Kind: yaml.MappingNode}, node.Content[0]); err == nil || !strings.Contains(err.Error(), "modle") {
		t.Errorf("read() = %v, want it to name the unknown field", err)
	}
}
