package classify

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	redacted  = "[redacted]"
	maxReason = 200     // bytes of a Verdict's reason
	maxRedact = 8 << 10 // bytes of a text that are looked at for a reason
)

// secretForm is one way in which credentials look, with what replaces them.
type secretForm struct {
	form *regexp.Regexp
	with string
	// signs are what a match holds at least one of, in lower case: searching for them takes
	// a tenth of the time of the expression. None: a match is a long word.
	signs []string
}

// longWord is how many letters, digits and underscores in a row may be a credential that
// nothing else tells.
const longWord = 32

var secretForms = []secretForm{
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[^\s"',;]{8,}`), "$1 " + redacted, []string{"bearer", "basic"}},
	{
		regexp.MustCompile(`\b(?:sk|pk|rk|gsk|xai|nvapi|hf|ghp|gho|glpat|pplx|csk|fw|tgp|r8)[-_][A-Za-z0-9_\-*.]{6,}`), redacted,
		[]string{"sk", "pk", "rk", "xai", "nvapi", "hf", "ghp", "gho", "glpat", "pplx", "fw", "tgp", "r8"},
	},
	{regexp.MustCompile(`\b(?:AIza|AKIA|ASIA|ya29\.)[A-Za-z0-9_\-*]{8,}`), redacted, []string{"aiza", "akia", "asia", "ya29."}},
	{regexp.MustCompile(`\b(?:[0-9a-fA-F]{32,}|[A-Za-z0-9_]{40,})\b`), redacted, nil},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*`), redacted, []string{"eyj"}},
	{
		regexp.MustCompile(`(?i)\b((?:[a-z]+[-_ ])?(?:api[-_ ]?key|apikey|key|token|secret|password|passwd|authorization|signature|credential)(?: provided)?\\?["']?\s*[:=]\s*\\?["']?)[^\s"',;&()\[\]{}\\]+`), "${1}" + redacted,
		[]string{"key", "token", "secret", "passw", "authorization", "signature", "credential"},
	},
	{regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@"']+@`), "${1}" + redacted + "@", []string{"://"}},
	{regexp.MustCompile(`(?i)\b(https?://[^\s?"'<>]+)\?[^\s"'<>]+`), "${1}?" + redacted, []string{"://"}},
	{regexp.MustCompile(`\b[A-Za-z0-9]*[0-9][A-Za-z0-9]*\*{3,}[A-Za-z0-9*]*|\b[A-Za-z0-9]+\*{3,}[A-Za-z0-9*]+`), redacted, []string{"***"}},
}

// Redact replaces what looks like a credential, and the queries of URLs, by [redacted].
func Redact(text string) string {
	lower := strings.ToLower(text)
	for i := range secretForms {
		if s := &secretForms[i]; s.mayBeIn(lower) {
			text = s.form.ReplaceAllString(text, s.with)
		}
	}
	return text
}

// mayBeIn says whether the form is worth looking for in a text, given in lower case. Letters
// beyond ASCII may fold to those of a sign, so such a text is always looked at.
func (s *secretForm) mayBeIn(lower string) bool {
	if s.signs == nil {
		return hasLongWord(lower)
	}
	return !isASCII(lower) || slices.ContainsFunc(s.signs, func(sign string) bool { return strings.Contains(lower, sign) })
}

func hasLongWord(s string) bool {
	n := 0
	for i := range len(s) {
		if c := s[i]; c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			if n++; n >= longWord {
				return true
			}
			continue
		}
		n = 0
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Reason makes one line of a text for the call log: valid UTF-8 without control
// characters, secrets replaced, at most 200 bytes.
func Reason(text string) string {
	if len(text) > maxRedact {
		text = text[:maxRedact]
		if at := strings.LastIndexAny(text, " \t\r\n"); at > 0 {
			text = text[:at] // half a credential would not be recognised
		} else {
			text = ""
		}
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
	text = Redact(text)
	if len(text) <= maxReason {
		return text
	}
	const more = "..."
	text = text[:maxReason-len(more)]
	for len(text) > 0 {
		if r, n := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || n > 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text + more
}

// Message is what an error body says in words, fit for a client: without credentials, and
// bounded. Empty: nothing.
func Message(body []byte) string {
	f := readFault(body)
	return Reason(f.message)
}

// reason words the fault: status, code, message.
func (f *fault) reason(status int) string {
	head := "error"
	if status != 0 {
		head = strconv.Itoa(status)
	}
	for _, c := range append(slices.Clip(f.codes), f.typ) {
		if c != "" && c != head && c != "invalid_request_error" && c != "error" {
			head += " " + c
			break
		}
	}
	switch {
	case f.html:
		return Reason(head + ", a web page: " + f.message)
	case f.message == "" && status != 0:
		return Reason(head + ", no message: " + http.StatusText(status))
	case f.message == "":
		return Reason(head + ", no message")
	}
	return Reason(head + ": " + f.message)
}
