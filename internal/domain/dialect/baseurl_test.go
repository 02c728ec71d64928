package dialect

import (
	"net/url"
	"testing"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://api.openai.com":                                 "https://api.openai.com/v1/chat/completions",
		"https://api.openai.com/":                                "https://api.openai.com/v1/chat/completions",
		"https://api.openai.com/v1":                              "https://api.openai.com/v1/chat/completions",
		"https://api.openai.com/v1/":                             "https://api.openai.com/v1/chat/completions",
		"https://openrouter.ai/api/v1":                           "https://openrouter.ai/api/v1/chat/completions",
		"https://example.com/v1beta/openai/":                     "https://example.com/v1beta/openai/chat/completions",
		"https://x.azure.com/openai/deployments/d?api-version=1": "https://x.azure.com/openai/deployments/d/chat/completions?api-version=1",
		"https://api.perplexity.ai/chat/completions":             "https://api.perplexity.ai/chat/completions",
		"https://api.perplexity.ai/chat/completions/":            "https://api.perplexity.ai/chat/completions",
		"https://api.openai.com/v1/responses":                    "https://api.openai.com/v1/chat/completions",
		"https://x.azure.com/openai/v1/embeddings?api-version=1": "https://x.azure.com/openai/v1/chat/completions?api-version=1",
		"https://api.deepseek.com/anthropic":                     "https://api.deepseek.com/anthropic/v1/chat/completions",
		"https://api.deepseek.com/anthropic/v1":                  "https://api.deepseek.com/anthropic/v1/chat/completions",
		"http://127.0.0.1:11434/v1":                              "http://127.0.0.1:11434/v1/chat/completions",
	}
	for base, want := range tests {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if IsExact(u) {
			t.Errorf("%s is exact", base)
		}
		if got := join(u, "/chat/completions").String(); got != want {
			t.Errorf("%s gives %s, want %s", base, got, want)
		}
		if u.String() != base {
			t.Errorf("the base became %s", u)
		}
	}
}

func TestAnExactBaseIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://h.example/any/path#":             "https://h.example/any/path",
		"https://h.example/any/path/#":            "https://h.example/any/path/",
		"https://h.example#":                      "https://h.example",
		"https://h.example/chat/completions?v=1#": "https://h.example/chat/completions?v=1",
		"https://h.example/a%2Fb#":                "https://h.example/a%2Fb",
	} {
		base, err := ParseBase(raw)
		if err != nil || !IsExact(base) {
			t.Fatalf("%s: %v", raw, err)
		}
		for _, endpoint := range []string{"/chat/completions", "/embeddings"} {
			if got := join(base, endpoint).String(); got != want {
				t.Errorf("%s gives %s, want %s", raw, got, want)
			}
		}
	}
	if base, err := ParseBase("https://h.example/v1#x"); err != nil || IsExact(base) {
		t.Errorf("a fragment makes it exact: %v", err)
	}
}
