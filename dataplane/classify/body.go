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
