package dataplane

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// The headers of W3C Trace Context, level 1, in canonical form.
const (
	TraceParentHeader = "Traceparent"
	TraceStateHeader  = "Tracestate"
)

// TraceID names a trace, SpanID a span of it; zero: there is none.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// String gives the id as headers write it; empty when there is none.
func (t TraceID) String() string {
	if t == (TraceID{}) {
		return ""
	}
	return hex.EncodeToString(t[:])
}

// Trace is a call's place in a distributed trace. The zero value is a call of none.
type Trace struct {
	ID      TraceID
	Span    SpanID // the call's own; zero: calls are not traced here, and the rest is what the client said
	Parent  SpanID // the client's; zero: the trace began here
	State   string // tracestate, as the client sent it
	Sampled bool   // spans are recorded, here or by the client
}

// NewSpanID makes the id of a span.
func NewSpanID() (id SpanID) {
	binary.BigEndian.PutUint64(id[:], max(rand.Uint64(), 1))
	return id
}

// NewTraceID makes the id of a trace that begins here.
func NewTraceID() (id TraceID) {
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], max(rand.Uint64(), 1))
	return id
}

// parentLength is that of a traceparent of version 00.
const parentLength = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

// ParseTrace reads what a client says of the trace that its request is part of: Parent is the
// client's span. Headers that are not valid, or come twice, are as if they had not been sent.
func ParseTrace(parents, states []string) (t Trace, ok bool) {
	if len(parents) != 1 {
		return Trace{}, false
	}
	p := parents[0]
	if len(p) < parentLength || p[2] != '-' || p[35] != '-' || p[52] != '-' {
		return Trace{}, false
	}
	var version, flags [1]byte
	if !lowerHex(version[:], p[:2]) || !lowerHex(t.ID[:], p[3:35]) || !lowerHex(t.Parent[:], p[36:52]) || !lowerHex(flags[:], p[53:55]) {
		return Trace{}, false
	}
	switch {
	case version[0] == 0xff, t.ID == TraceID{}, t.Parent == SpanID{}:
		return Trace{}, false
	case version[0] == 0 && len(p) != parentLength, len(p) > parentLength && p[parentLength] != '-':
		return Trace{}, false
	}
	t.Sampled = flags[0]&1 == 1
	t.State = traceState(states)
	return t, true
}

// lowerHex decodes hexadecimal digits in lower case; the standard wants no others.
func lowerHex(dst []byte, src string) bool {
	for i := range dst {
		high, low := hexDigit(src[2*i]), hexDigit(src[2*i+1])
		if high > 15 || low > 15 {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// Bounds of a tracestate: what every system must pass on.
const (
	maxStateBytes   = 512
	maxStateMembers = 32
)

// traceState joins tracestate headers; what no one needs to pass on is dropped as a whole, for a
// part of it could be misread.
func traceState(states []string) string {
	if len(states) == 0 {
		return ""
	}
	all := strings.Join(states, ",")
	if len(all) > maxStateBytes || strings.Count(all, ",") >= maxStateMembers {
		return ""
	}
	for i := range len(all) {
		if (all[i] < ' ' && all[i] != '\t') || all[i] > '~' {
			return ""
		}
	}
	for member := range strings.SplitSeq(all, ",") {
		if key, _, found := strings.Cut(strings.Trim(member, " \t"), "="); (!found || key == "") && strings.Trim(member, " \t") != "" {
			return ""
		}
	}
	return all
}

// Header is the traceparent of what is asked from within span.
func (t *Trace) Header(span SpanID) string {
	var b [parentLength]byte
	copy(b[:], "00-")
	hex.Encode(b[3:35], t.ID[:])
	b[35] = '-'
	hex.Encode(b[36:52], span[:])
	copy(b[52:], "-00")
	if t.Sampled {
		b[54] = '1'
	}
	return string(b[:])
}
