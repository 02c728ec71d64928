package classify

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestScrubFindsSecretsByValue(t *testing.T) {
	t.Parallel()
	secrets := []dataplane.Secret{"plain words and more", `quo\"te\u003cd`, "plain words", `quo"te<d`, "header1"}
	for text, want := range map[string]string{
		"it is plain words.":                  "it is [redacted].",
		"it is plain words and more":          "it is [redacted]",
		`{"message":"quo\"te\u003cd is bad"}`: `{"message":"[redacted] is bad"}`,
		`quo"te<d header1`:                    "[redacted] [redacted]",
		"short search abc":                    "short search abc",
		"some long text of ours":              "some long text of ours",
		"":                                    "",
	} {
		if got := string(Scrub([]byte(text), secrets)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
