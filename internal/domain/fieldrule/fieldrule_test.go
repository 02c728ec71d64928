package fieldrule

import (
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given Given
		part  string // at fault; empty: none
	}{
		"drop":                 {Given{Field: "temperature", Action: "drop"}, ""},
		"rename":               {Given{Field: "max_tokens", Action: "rename", To: "max_completion_tokens"}, ""},
		"default":              {Given{Field: "reasoning.effort", Action: "default", Value: `"low"`}, ""},
		"force null":           {Given{Field: "seed", Action: "force", Value: "null"}, ""},
		"an endpoint":          {Given{Field: "n", Action: "drop", Endpoints: []string{"embeddings"}}, ""},
		"no field":             {Given{Action: "drop"}, "field"},
		"too deep":             {Given{Field: "a.b.c", Action: "drop"}, "field"},
		"an empty part":        {Given{Field: "a.", Action: "drop"}, "field"},
		"a quote":              {Given{Field: `a"b`, Action: "drop"}, "field"},
		"model":                {Given{Field: "model", Action: "drop"}, "field"},
		"Model":                {Given{Field: "Model", Action: "force", Value: `"x"`}, "field"},
		"inside of messages":   {Given{Field: "messages.x", Action: "drop"}, "field"},
		"stream_options":       {Given{Field: "stream_options", Action: "drop"}, "field"},
		"previous_response_id": {Given{Field: "previous_response_id", Action: "drop"}, "field"},
		"no action":            {Given{Field: "a"}, "action"},
		"another action":       {Given{Field: "a", Action: "remove"}, "action"},
		"no new name":          {Given{Field: "a", Action: "rename"}, "to"},
		"renamed to itself":    {Given{Field: "a", Action: "rename", To: "A"}, "to"},
		"renamed to model":     {Given{Field: "a", Action: "rename", To: "model"}, "to"},
		"a name too much":      {Given{Field: "a", Action: "drop", To: "b"}, "to"},
		"no value":             {Given{Field: "a", Action: "force"}, "value"},
		"a value too much":     {Given{Field: "a", Action: "drop", Value: "1"}, "value"},
		"no JSON":              {Given{Field: "a", Action: "force", Value: "low"}, "value"},
		"two values":           {Given{Field: "a", Action: "force", Value: "1 2"}, "value"},
		"a large value":        {Given{Field: "a", Action: "force", Value: `"` + strings.Repeat("x", 5000) + `"`}, "value"},
		"no such endpoint":     {Given{Field: "a", Action: "drop", Endpoints: []string{"chat"}}, "endpoints[0]"},
	} {
		_, fault := New(tt.given)
		got := ""
		if fault != nil {
			got = fault.Part
		}
		if got != tt.part {
			t.Errorf("%s: fault %q, want %q", name, got, tt.part)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	make := func(g Given) *Rule {
		r, fault := New(g)
		if fault != nil {
			t.Fatal(fault)
		}
		return &r
	}
	provider := []*Rule{make(Given{Field: "a", Action: "drop"}), make(Given{Field: "b", Action: "drop"}), make(Given{Field: "c", Action: "drop", Endpoints: []string{"embeddings"}})}
	own := []*Rule{make(Given{Field: "b", Action: "force", Value: "1"}), make(Given{Field: "c", Action: "force", Value: "2"})}
	var names []string
	for _, r := range Merge(provider, own) {
		names = append(names, r.String())
	}
	if got := strings.Join(names, ", "); got != "force b, force c, drop a, drop c" {
		t.Errorf("merged to %s", got)
	}
}
