package classify

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dates are the forms of a moment, beside those of HTTP; without a zone it is UTC.
var dates = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04 MST",
}

// resetTime reads 6m0s, 12ms, 30 seconds, PT30S, seconds, a Unix time in seconds or milliseconds, or a date.
func resetTime(text string, now time.Time) (time.Duration, bool) {
	text = strings.Trim(text, " \t\"'")
	if text == "" {
		return 0, false
	}
	first, rest, isList := strings.Cut(text, ",")
	if n, ok := number(first); ok && (!isList || strings.TrimSpace(rest) != "") { // a header that was sent twice
		switch {
		case n > 1e11:
			return seconds(n/1000 - float64(now.Unix())), true
		case n > 1e8:
			return seconds(n - float64(now.Unix())), true
		}
		return seconds(n), true
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, d >= 0
	}
	if date, ok := moment(text); ok {
		return date.Sub(now), true
	}
	if m := isoSpan.FindStringSubmatch(text); m != nil {
		return spanOf(strings.Replace(m[1]+m[2], "T", "", 1))
	}
	if wholeSpan.MatchString(text) {
		return spanOf(text)
	}
	return clockSpan(text)
}

func moment(text string) (time.Time, bool) {
	for _, form := range dates {
		if date, err := time.Parse(form, text); err == nil {
			return date, true
		}
	}
	date, err := http.ParseTime(text)
	return date, err == nil
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

// span is a span of time in words.
const span = `(?:\d+(?:\.\d+)?\s*(?:milliseconds?|minutes?|seconds?|hours?|days?|mins?|secs?|hrs?|ms|s|m|h|d)[\s,]*(?:and\s+)?)+`

var (
	wholeSpan = regexp.MustCompile(`(?i)^` + span + `$`)
	isoSpan   = regexp.MustCompile(`^P(\d+D)?(T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$`)
	clock     = regexp.MustCompile(`^(\d{1,3}):([0-5]\d):([0-5]\d)$`)

	waitPhrase = regexp.MustCompile(`(?i)\b(?:try again|retry|wait|available again|resets?)(?: (?:after|in|for|about))*:?\s+(` + span + `)`)
	waitPart   = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*(millisecond|ms|s|m|h|d)`)
	clockAfter = regexp.MustCompile(`(?i)\b(?:try again|retry|wait|resets?)(?: (?:after|in|for))*\s+(\d{1,3}:[0-5]\d:[0-5]\d)\b`)
	// momentAfter: "Limit will reset at 2026-11-29 19:14:53 UTC".
	momentAfter = regexp.MustCompile(`(?i)\b(?:until|(?:reset|again|retry|available)\w*(?: (?:at|on|after))?)[:\s]+` +
		`(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:UTC|GMT|Z)| ?[+-]\d\d:?\d\d)?)`)
	// eastAsian: 请在30秒后重试, 30秒後に再試行してください, 30초 후에 다시 시도하세요. Within a span (内, 이내) is a
	// wait only where it says so: else it is the window of a limit.
	eastAsian = regexp.MustCompile(`(\d+(?:\.\d+)?)\s*(毫秒|ミリ秒|밀리초|秒|초|分|분|小时|小時|時間|시간|天|日|일)[钟鐘]?\s*(?:之?[后後]|후|뒤|(?:以?内|이내)[^。.,，]{0,12}?(?:重试|重試|再试|再試行|다시|재시도))`)
	unitNames = map[string]string{
		"毫秒": "ms", "ミリ秒": "ms", "밀리초": "ms", "秒": "s", "초": "s", "分": "m", "분": "m",
		"小时": "h", "小時": "h", "時間": "h", "시간": "h", "天": "d", "日": "d", "일": "d",
	}
)

// phrasedWait finds a wait in what an upstream says in words.
func phrasedWait(message string, now time.Time) (time.Duration, bool) {
	if m := findUnquoted(waitPhrase, message); m != nil {
		return spanOf(m[1])
	}
	if m := findUnquoted(clockAfter, message); m != nil {
		return clockSpan(m[1])
	}
	if m := findUnquoted(momentAfter, message); m != nil {
		if date, ok := moment(m[1]); ok {
			return date.Sub(now), true
		}
	}
	if m := findUnquoted(eastAsian, message); m != nil {
		return spanOf(m[1] + unitNames[m[2]])
	}
	return 0, false
}

// findUnquoted finds the first match that does not stand in quotes, where a caller may have written it.
func findUnquoted(phrase *regexp.Regexp, message string) []string {
	for _, at := range phrase.FindAllStringSubmatchIndex(message, 8) {
		if isQuoted(message[:at[0]]) {
			continue
		}
		out := make([]string, len(at)/2)
		for i := range out {
			if at[2*i] >= 0 {
				out[i] = message[at[2*i]:at[2*i+1]]
			}
		}
		return out
	}
	return nil
}

// isQuoted reports whether a quote is open at the end of a text. The apostrophe of a word opens none.
func isQuoted(before string) bool {
	open := byte(0)
	for i := range len(before) {
		switch c := before[i]; {
		case c != '\'' && c != '"' && c != '`':
		case c == open:
			open = 0
		case open == 0 && (c != '\'' || i == 0 || !isWord(before[i-1])):
			open = c
		}
	}
	return open != 0
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// spanOf sums up the parts of a span of time, such as 1m30.5s or 2 minutes and 10 seconds.
func spanOf(text string) (time.Duration, bool) {
	total, named := 0.0, false
	for _, part := range waitPart.FindAllStringSubmatch(text, 8) {
		n, _ := number(part[1])
		total += n * unitSeconds(strings.ToLower(part[2]))
		named = true
	}
	return seconds(total), named
}

// clockSpan reads hours, minutes and seconds as 00:01:30.
func clockSpan(text string) (time.Duration, bool) {
	m := clock.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	return spanOf(m[1] + "h" + m[2] + "m" + m[3] + "s")
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
