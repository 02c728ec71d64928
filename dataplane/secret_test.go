package dataplane

import (
	"slices"
	"testing"
)

func TestSecretsOfAProvider(t *testing.T) {
	t.Parallel()
	p := &Provider{
		Credentials: []*Credential{{Secret: "plain words"}, {Secret: `quo"te<d`}, {Secret: "short"}, {Secret: "plain words and more"}, {}},
		Headers: []Header{
			{"x-team", "search"}, {"X-Api-Key", "header1"}, {"x-trace", "0123456789abcdef"}, {"user-agent", "some long text of ours"}, {"x-token", "abc"},
		},
	}
	p.compileSecrets()
	want := []Secret{
		"plain words and more", "0123456789abcdef", `quo\"te\u003cd`, "plain words", `quo"te<d`, "header1",
	}
	if !slices.Equal(p.Secrets, want) {
		for _, s := range p.Secrets {
			t.Logf("%q", s.Reveal())
		}
		t.Error("not the secrets that were expected")
	}
}
