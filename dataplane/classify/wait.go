package classify

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// A wait that an upstream names for a rate limit is kept within these.
const (
	minWait = time.Second
	maxWait = 15 * time.Minute
)

// headerWait reads how long the headers ask us to stay away.
func headerWait(status int, h http.Header, now time.Time) (time.Duration, bool) {
	for _, name := range [...]string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if ms, ok := number(h.Get(name)); ok {
			return seconds(ms / 1000), true
		}
	}
	for _, name := range [...]string{"Retry-After", "X-Retry-After"} {
		if wait, ok := resetTime(h.Get(name), now); ok {
			return wait, true
		}
	}
	if status != http.StatusTooManyRequests {
		return 0, false // OpenAI sends x-ratelimit-* with every answer
	}
	return resetWait(h, now)
}

// resetWait reads the budgets, of which vendors have many and call them by names of their own:
// X-RateLimit-Reset-Tokens-Minute, Anthropic-Ratelimit-Input-Tokens-Reset, RateLimitBySize-Reset. A
// reset says when a budget is full again, so only one that is used up, or is told alone, is a wait.
func resetWait(h http.Header, now time.Time) (wait time.Duration, named bool) {
	take := func(reset, left, standing string) {
		d, ok := resetTime(reset, now)
		if !ok {
			return
		}
		if n, ok := number(left); left != "" && (!ok || n > 0) {
			return
		}
		if standing != "" && !strings.EqualFold(standing, "rejected") { // Anthropic's, of subscriptions
			return
		}
		wait, named = max(wait, d), true
	}
	for name := range h {
		budget := strings.ToLower(name)
		if (strings.Contains(budget, "ratelimit") || strings.Contains(budget, "rate-limit")) && strings.Contains(budget, "reset") {
			take(h.Get(name), h.Get(strings.Replace(budget, "reset", "remaining", 1)), h.Get(strings.Replace(budget, "reset", "status", 1)))
		}
	}
	for _, line := range h.Values("Ratelimit") {
		policies := []string{line} // limit=10, remaining=0, reset=25
		if strings.Contains(line, ";") {
			policies = strings.Split(line, ",") // "default";r=0;t=25
		}
		for _, p := range policies {
			take(submatch(ietfReset, p), submatch(ietfLeft, p), "")
		}
	}
	return wait, named
}

// The drafts of the IETF for the header RateLimit wrote its fields in two ways.
var (
	ietfReset = regexp.MustCompile(`(?i)(?:^|[;,\s])(?:t|reset)=(\d+)`)
	ietfLeft  = regexp.MustCompile(`(?i)(?:^|[;,\s])(?:r|remaining)=(\d+)`)
)

func submatch(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// tokensAreOut reports that the limit that was met is the one of tokens.
func tokensAreOut(h http.Header) bool {
	n, ok := number(h.Get("X-Ratelimit-Remaining-Tokens"))
	return ok && n <= 0
}

// waitMembers are the members of a body that name a wait, and what a number in them counts.
var waitMembers = []struct {
	name string
	unit string
}{
	{"retry_after", ""},
	{"retryAfter", ""},
	{"retry_after_seconds", ""},
	{"retryAfterSeconds", ""},
	{"retry_after_ms", "ms"},
	{"retryAfterMs", "ms"},
	{"resets_in_seconds", ""},
	{"resets_at", ""},
	{"reset_at", ""},
}

// waits notes the waits that are named in members of a document or of its error.
func (f *fault) waits(doc, e gjson.Result) {
	for _, in := range []gjson.Result{e, e.Get("details"), e.Get("metadata"), doc} {
		if f.retryAfter == "" && in.IsObject() {
			f.retryAfter = waitIn(in)
		}
	}
	e.Get("metadata.headers").ForEach(func(name, value gjson.Result) bool {
		if f.headers == nil {
			f.headers = http.Header{}
		}
		f.headers.Set(name.Str, value.String())
		return true
	})
}

func waitIn(in gjson.Result) string {
	for _, m := range waitMembers {
		switch v := in.Get(m.name); v.Type {
		case gjson.Number:
			return v.Raw + m.unit
		case gjson.String:
			if _, isNumber := number(v.Str); isNumber {
				return strings.TrimSpace(v.Str) + m.unit
			}
			return v.Str
		}
	}
	return ""
}

// wait reads how long the body asks us to stay away: google.rpc.RetryInfo, retry_after and its like,
// the headers that OpenRouter repeats in its metadata, or words such as "try again in 1m30s".
func (f *fault) wait(status int, now time.Time) (time.Duration, bool) {
	if f.hasDelay {
		return f.retryDelay, true
	}
	if wait, ok := resetTime(f.retryAfter, now); ok {
		return wait, true
	}
	if wait, ok := headerWait(status, f.headers, now); ok {
		return wait, true
	}
	return phrasedWait(f.message[:min(len(f.message), 4096)], now)
}
