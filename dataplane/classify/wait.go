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
	if text := h.Get("Retry-After"); text != "" {
		if s, ok := number(text); ok {
			return seconds(s), true
		}
		if date, err := http.ParseTime(text); err == nil {
			return date.Sub(now), true
		}
	}
	if status != http.StatusTooManyRequests {
		return 0, false // OpenAI sends x-ratelimit-* with every answer
	}
	return resetWait(h, now)
}

// resetWait reads x-ratelimit-reset-*. A reset says when a budget is full again, so only
// one whose budget is used up is a wait.
func resetWait(h http.Header, now time.Time) (wait time.Duration, named bool) {
	for _, of := range []string{"", "-Requests", "-Tokens"} {
		reset, ok := resetTime(h.Get("X-Ratelimit-Reset"+of), now)
		if !ok {
			continue
		}
		if left := h.Get("X-Ratelimit-Remaining" + of); left != "" {
			if n, ok := number(left); !ok || n > 0 {
				continue
			}
		}
		wait, named = max(wait, reset), true
	}
	return wait, named
}

// tokensAreOut reports that the limit that was met is the one of tokens.
func tokensAreOut(h http.Header) bool {
	n, ok := number(h.Get("X-Ratelimit-Remaining-Tokens"))
	return ok && n <= 0
}

// resetTime reads 6m0s, 12ms, seconds, a Unix time in seconds or milliseconds, or a date.
func resetTime(text string, now time.Time) (time.Duration, bool) {
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

// wait reads how long the body asks us to stay away: google.rpc.RetryInfo, or words such
// as "try again in 1m30s".
func (f *fault) wait() (time.Duration, bool) {
	if f.hasDelay {
		return f.retryDelay, true
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
