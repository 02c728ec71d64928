package classify

import (
	"regexp"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var email = regexp.MustCompile(`[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+`)

// CleanBody replaces what the group wants replaced in what is kept of a call. It takes some
// milliseconds.
func CleanBody(b *dataplane.Body) {
	clean := func(p *[]byte, truncated bool) {
		if len(*p) == 0 {
			return
		}
		text := string(*p)
		if truncated {
			text = withoutLastWord(text)
		}
		if b.Log.Redact {
			text = Redact(text)
		}
		if b.Log.RedactEmails {
			text = email.ReplaceAllString(text, redacted)
		}
		*p = []byte(text)
	}
	if b.Log.Redact || b.Log.RedactEmails {
		clean(&b.Request, b.RequestTruncated)
		clean(&b.Response, b.ResponseTruncated)
	}
	cleanHeaders(b.Log, b.RequestHeaders)
	cleanHeaders(b.Log, b.ResponseHeaders)
}

// cleanHeaders replaces the values of fields that carry credentials, whatever the group wants, and cleans the others.
func cleanHeaders(log *dataplane.BodyLog, fields []dataplane.HeaderField) {
	for i := range fields {
		f := &fields[i]
		switch {
		case carriesCredential(f.Name):
			f.Value = redacted
			continue
		case log.Redact:
			f.Value = Redact(f.Value)
		}
		if log.RedactEmails {
			f.Value = email.ReplaceAllString(f.Value, redacted)
		}
	}
}

// carriesCredential says by a field's name whether its value is, or may be, a credential.
func carriesCredential(name string) bool {
	name = strings.ToLower(name)
	for _, part := range [...]string{"auth", "cookie", "jwt", "secret", "passw", "signature", "credential"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasSuffix(name, "token") || strings.HasSuffix(name, "key") && name != "idempotency-key"
}

// cutWord is how far from the end of a truncated text its last word is looked for.
const cutWord = 256

// withoutLastWord takes off the last word of a truncated text: half a credential would not be recognised.
func withoutLastWord(text string) string {
	from := max(len(text)-cutWord, 0)
	if at := strings.LastIndexAny(text[from:], " \t\r\n\"',;\\"); at >= 0 {
		return text[:from+at]
	}
	return text[:from]
}
