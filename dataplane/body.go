package dataplane

import (
	"fmt"

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
	RequestHeaders, ResponseHeaders     []HeaderField
}

// HeaderField is a field of a request's or an answer's header.
type HeaderField struct{ Name, Value string }

// String keeps bodies out of logs.
func (*Body) String() string { return redacted }

// GoString does too.
func (*Body) GoString() string { return redacted }

// Size is how many bytes it holds.
func (b *Body) Size() int {
	size := len(b.Request) + len(b.Response)
	for _, fields := range [...][]HeaderField{b.RequestHeaders, b.ResponseHeaders} {
		for _, f := range fields {
			size += len(f.Name) + len(f.Value)
		}
	}
	return size
}
