package dataplane

import (
	"slices"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestSecretsOfAProvider(t *testing.T) {
	t.Parallel()
	p := &Provider{
		Credentials: []*Credential{{Secret: "plain words"}, {Secret: `quo"te<d`}, {Secret: "short"}, {Secret: "plain words and more"}, {}},
		Headers: []Header{
			{Name: "x-team", Value: "search"}, {Name: "X-Api-Key", Value: "header1"}, {Name: "x-trace", Value: "0123456789abcdef"},
			{Name: "user-agent", Value: "some long text of ours"}, {Name: "x-token", Value: "abc"}, {Name: "x-declared", Value: "a b c d", Secret: true},
		},
	}
	p.compileSecrets([]*nodev1.Header{{Name: "sig", Value: "a+b/c="}})
	want := []Secret{
		"plain words and more", "0123456789abcdef", `quo\"te\u003cd`, "a%2Bb%2Fc%3D", "plain words", `quo"te<d`, "header1", "a b c d", "a+b/c=",
	}
	if !slices.Equal(p.Secrets, want) {
		for _, s := range p.Secrets {
			t.Logf("%q", s.Reveal())
		}
		t.Error("not the secrets that were expected")
	}
}

func TestSecretParametersAreAddedToTheQuery(t *testing.T) {
	t.Parallel()
	secret := []*nodev1.Header{{Name: "sig", Value: "a+b/c="}, {Name: "k&y", Value: "x y"}}
	for query, want := range map[string]string{
		"":              "sig=a%2Bb%2Fc%3D&k%26y=x+y",
		"api-version=1": "api-version=1&sig=a%2Bb%2Fc%3D&k%26y=x+y",
	} {
		if got := withQuery(query, secret); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	if got := withQuery("a=1", nil); got != "a=1" {
		t.Errorf("nothing added gives %q", got)
	}
}
