package dataplane

import "testing"

func TestScrubFindsSecretsByValue(t *testing.T) {
	t.Parallel()
	p := &Provider{
		Credentials: []*Credential{{Secret: "plain words"}, {Secret: `quo"te<d`}, {Secret: "short"}, {Secret: "plain words and more"}, {}},
		Headers: []Header{
			{"x-team", "search"}, {"X-Api-Key", "header1"}, {"x-trace", "0123456789abcdef"}, {"user-agent", "some long text of ours"}, {"x-token", "abc"},
		},
	}
	p.compileSecrets()
	for text, want := range map[string]string{
		"it is plain words.":                  "it is [redacted].",
		"it is plain words and more":          "it is [redacted]",
		`{"message":"quo\"te\u003cd is bad"}`: `{"message":"[redacted] is bad"}`,
		`quo"te<d header1 0123456789abcdef`:   "[redacted] [redacted] [redacted]",
		"short search abc":                    "short search abc",
		"some long text of ours":              "some long text of ours",
		"":                                    "",
	} {
		if got := string(p.Scrub([]byte(text))); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
