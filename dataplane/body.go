package dataplane

import (
	"fmt"
	"regexp"
	"strings"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// BodyLog says how the bodies of a group's calls are kept.
type BodyLog struct {
	MaxBytes     int     // of a request and of an answer each
	Sample       float64 // share of the calls, above 0 and up to 1
	Redact       bool    // replace what looks like a credential
	RedactEmails bool
}

// maxBodyBytes is the most that may be kept of a request, or of an answer.
const maxBodyBytes = 1 << 20

// compileBodyLog checks how bodies are kept; nil when they are not.
func compileBodyLog(in *nodev1.BodyLog) (*BodyLog, error) {
	if in == nil {
		return nil, nil
	}
	b := &BodyLog{MaxBytes: int(in.GetMaxBytes()), Sample: in.GetSample(), Redact: in.GetRedact(), RedactEmails: in.GetRedactEmails()}
	if b.MaxBytes < 1 || b.MaxBytes > maxBodyBytes || !(b.Sample > 0 && b.Sample <= 1) {
		return nil, fmt.Errorf("bodies are kept up to %d bytes of a share of %v of the calls", b.MaxBytes, b.Sample)
	}
	return b, nil
}

// Body is what a client sent and was answered, as far as it is kept. It never goes to a
// log, a metric or the disk of a node.
type Body struct {
	Log                                 *BodyLog
	Request, Response                   []byte
	RequestTruncated, ResponseTruncated bool
}

// String keeps bodies out of logs.
func (*Body) String() string { return redacted }

// GoString does too.
func (*Body) GoString() string { return redacted }

// Size is how many bytes it holds.
func (b *Body) Size() int { return len(b.Request) + len(b.Response) }

var email = regexp.MustCompile(`[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+`)

// Clean replaces what the group wants replaced. It takes some milliseconds.
func (b *Body) Clean() {
	clean := func(p *[]byte, truncated bool) {
		if len(*p) == 0 {
			return
		}
		text := string(*p)
		if truncated {
			text = whole(text)
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

// whole takes off the last word of a truncated text: half a credential would not be recognised.
func whole(text string) string {
	from := max(len(text)-cutWord, 0)
	if at := strings.LastIndexAny(text[from:], " \t\r\n\"',;\\"); at >= 0 {
		return text[:from+at]
	}
	return text[:from]
}
