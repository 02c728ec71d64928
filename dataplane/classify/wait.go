package classify

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A wait that an upstream names for a rate limit is kept within these.
const (
	minWait = time.Second
	maxWait = 15 * time.Minute
)

// headerWait reads how long the headers ask us to stay away.
func headerWait(status int, h http.Header, now time.Time) (time.Duration, bool) {
	if ms, ok := number(h.Get("Retry-After-Ms")); ok {
		return seconds(ms / 1000), true
	}
	if wait, ok := resetTime(h.Get("Retry-After"), now); ok {
		return wait, true
	}
	if status != http.StatusTooManyRequests {
		return 0, false // OpenAI sends x-ratelimit-* with every answer
	}
	return resetWait(h, now)
}

// budgets are the headers that tell when a budget is full again, and what is left of it.
var budgets = []struct{ reset, left string }{
	{"X-Ratelimit-Reset", "X-Ratelimit-Remaining"},
	{"X-Ratelimit-Reset-Requests", "X-Ratelimit-Remaining-Requests"},
	{"X-Ratelimit-Reset-Tokens", "X-Ratelimit-Remaining-Tokens"},
	{"Ratelimit-Reset", "Ratelimit-Remaining"},
	{"Anthropic-Ratelimit-Requests-Reset", "Anthropic-Ratelimit-Requests-Remaining"},
	{"Anthropic-Ratelimit-Tokens-Reset", "Anthropic-Ratelimit-Tokens-Remaining"},
	{"Anthropic-Ratelimit-Input-Tokens-Reset", "Anthropic-Ratelimit-Input-Tokens-Remaining"},
	{"Anthropic-Ratelimit-Output-Tokens-Reset", "Anthropic-Ratelimit-Output-Tokens-Remaining"},
}

// resetWait reads the budgets. A reset says when a budget is full again, so only one that
// is used up is a wait.
func resetWait(h http.Header, now time.Time) (wait time.Duration, named bool) {
	take := func(reset, left string) {
		d, ok := resetTime(reset, now)
		if !ok {
			return
		}
		if n, ok := number(left); left != "" && (!ok || n > 0) {
			return
		}
		wait, named = max(wait, d), true
	}
	for _, b := range budgets {
		take(h.Get(b.reset), h.Get(b.left))
	}
	for _, line := range h.Values("Ratelimit") {
		policies := []string{line} // limit=10, remaining=0, reset=25
		if strings.Contains(line, ";") {
			policies = strings.Split(line, ",") // "default";r=0;t=25
		}
		for _, p := range policies {
			take(submatch(ietfReset, p), submatch(ietfLeft, p))
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

// resetTime reads 6m0s, 12ms, seconds, a Unix time in seconds or milliseconds, or a date.
func resetTime(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, false
	}
	if n, ok := number(text); ok {
		switch {
		case n > 1e11:
			return seconds(n/1000 - float64(now.Unix())), true
		case n > 1e8:
			return seconds(n - float64(now.Unix())), true
		}
		return seconds(n), true
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	if date, err := time.Parse(time.RFC3339, text); err == nil {
		return date.Sub(now), true
	}
	if date, err := http.ParseTime(text); err == nil {
		return date.Sub(now), true
	}
	return 0, false
}

// number reads a finite number that is not negative.
func number(text string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return n, err == nil && n >= 0 && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// seconds makes a duration, at most a year so that it cannot overflow.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, 365*24*3600) * float64(time.Second))
}

var (
	waitPhrase = regexp.MustCompile(`(?i)\b(?:try again|retry|wait|available again|resets?)(?: (?:after|in|for|about))*\s+` +
		`((?:\d+(?:\.\d+)?\s*(?:milliseconds?|minutes?|seconds?|hours?|days?|mins?|secs?|ms|s|m|h|d)[\s,]*(?:and\s+)?)+)`)
	waitPart = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*(millisecond|ms|s|m|h|d)`)
)

// wait reads how long the body asks us to stay away: google.rpc.RetryInfo, retry_after,
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
	m := waitPhrase.FindStringSubmatch(f.message[:min(len(f.message), 4096)])
	if m == nil {
		return 0, false
	}
	total := 0.0
	for _, part := range waitPart.FindAllStringSubmatch(m[1], 8) {
		n, _ := number(part[1])
		total += n * unitSeconds(strings.ToLower(part[2]))
	}
	return seconds(total), true
}

func unitSeconds(unit string) float64 {
	switch unit {
	case "ms", "millisecond":
		return 0.001
	case "m":
		return 60
	case "h":
		return 3600
	case "d":
		return 86400
	}
	return 1
}
