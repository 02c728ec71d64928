package classify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"OpenAI":            {"Incorrect API key provided: sk-proj-abcDEF123456789.", "Incorrect API key provided: [redacted]"},
		"masked":            {"Incorrect API key provided: abcd1234****wxyz. You can", "Incorrect API key provided: [redacted] You can"},
		"masked elsewhere":  {"the key abc12*****yz is wrong", "the key [redacted] is wrong"},
		"bare":              {"got sk-tl-0123456789abcdef in", "got [redacted] in"},
		"bearer":            {"header Authorization: Bearer abc.def-ghi was", "header Authorization: [redacted] [redacted] was"},
		"Google":            {"key AIzaSyD-0123456789abcdefgh is", "key [redacted] is"},
		"Groq":              {"gsk_abcdefghijklmnop", "[redacted]"},
		"AWS":               {"AKIAIOSFODNN7EXAMPLE", "[redacted]"},
		"JWT":               {"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def end", "token [redacted] end"},
		"query":             {"Get https://h.example/v1/x?key=abc&alt=sse failed", "Get https://h.example/v1/x?[redacted] failed"},
		"userinfo":          {"dial https://user:hunter2@h.example/v1", "dial https://[redacted]@h.example/v1"},
		"pair":              {"api_key=hunter2hunter2&x=1", "api_key=[redacted]&x=1"},
		"json":              {`{"apiKey":"hunter2"}`, `{"apiKey":"[redacted]"}`},
		"escaped json":      {`{\"password\": \"hunter2\"}`, `{\"password\": \"[redacted]\"}`},
		"Azure hex":         {"key 0123456789abcdef0123456789abcdef no", "key [redacted] no"},
		"ordinary":          {"Rate limit reached for gpt-4o on tokens per min. Limit: 30000, max_tokens: 5, basic tier", "Rate limit reached for gpt-4o on tokens per min. Limit: 30000, max_tokens: 5, basic tier"},
		"model id":          {"accounts/fireworks/models/llama-v3p1-405b-instruct-long-name-32k", "accounts/fireworks/models/llama-v3p1-405b-instruct-long-name-32k"},
		"sketch":            {"sketching risk-based tasks", "sketching risk-based tasks"},
		"URL without query": {"see https://platform.openai.com/docs", "see https://platform.openai.com/docs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Redact(tc.in); got != tc.want {
				t.Errorf("Redact(%q)\n = %q\nwant %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestReasonIsOneCleanLine(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"lines":    {"one\r\n\ttwo\x00\x1b[31mthree\u202e", "one two [31mthree"},
		"not UTF8": {"a\xffb", "a\uFFFDb"},
		"blank":    {" \n ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Reason(tc.in); got != tc.want {
				t.Errorf("Reason(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
	long := Reason(strings.Repeat("é", 500))
	if len(long) > 200 || !utf8.ValidString(long) || !strings.HasSuffix(long, "é...") {
		t.Errorf("a long text gives %d bytes %q", len(long), long)
	}
	// A key that the bound would cut in two must not come through by halves.
	for at := maxRedact - 60; at < maxRedact+5; at++ {
		text := strings.Repeat("k", 50) + strings.Repeat(" ", at-50) + "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
		if got := Reason(text); strings.Contains(got, "abcd") {
			t.Fatalf("a key at byte %d comes through: %q", at, got)
		}
	}
}

// FuzzRedact holds the short cuts against looking for every form.
func FuzzRedact(f *testing.F) {
	for _, seed := range []string{
		"Incorrect API key provided: sk-proj-abcdefgh", "Authorization: Bearer abcdefgh1234", "Ba\u017fic abcdefgh1234", "to\u212Aen=abc",
		"https://u:p@h.example/x?key=1", strings.Repeat("a1", 20), "abc1***xyz", "eyJabcdefghijk.abc", "AKIAABCDEFGHIJKL", "500 server_error: oops",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := text
		for _, s := range secretForms {
			want = s.form.ReplaceAllString(want, s.with)
		}
		if got := Redact(text); got != want {
			t.Errorf("Redact(%q) = %q, want %q", text, got, want)
		}
	})
}

func BenchmarkReason(b *testing.B) {
	for b.Loop() {
		Reason("500 server_error: The server had an error while processing your request. Sorry about that!")
	}
}
