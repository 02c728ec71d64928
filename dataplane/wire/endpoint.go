package wire

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Endpoint is what must be known of one endpoint to serve it.
type Endpoint struct {
	Path string // what clients and providers call it, without its version
	// StreamPath is where a stream is asked for, with its query, where that is elsewhere; empty: at Path.
	StreamPath string
	// InPath: requests name their model in the path, and whether they want a stream. A body may repeat
	// the model, at its top and where Repeats finds it.
	InPath bool
	// Repeats finds the models that a body names below its top, for an endpoint whose requests have it in
	// the path; nil: there are none.
	Repeats func(body []byte, found func(value scan.Span) error) error
	// Operation is what OpenTelemetry's GenAI conventions call it: one of their names where there
	// is one for it, else one of ours.
	Operation string
	// Passed are headers of the client's that mean something to the provider; no other
	// header of the client ever leaves.
	Passed []string
	// Form: the request may come as multipart/form-data, with model as a field.
	Form bool
	// Conversation is the member of a request that must be an array where it is given; empty: there
	// is none.
	Conversation string
	// Turns is the member that holds the messages of a conversation, or its first one as a text, and
	// System the one that holds what comes before them; empty: there is none.
	Turns, System string
	// Note keeps what only this endpoint looks at of a JSON request; nil: nothing.
	Note func(e *Envelope, key, value []byte)
	// Refuse says why a request cannot be served, before anything is sent; nil: every one can.
	Refuse func(*Envelope) *scan.Error
	// Unsafe says of a request that it could take effect twice if it were repeated. Such
	// a call moves on only from failures that provably never reached the provider. nil:
	// every request may be repeated.
	Unsafe func(*Envelope) bool
	// Follows: a request may go on with a response that a provider has stored.
	Follows bool
	// Stores says of a request that its provider keeps the answer, which has an id to be found by;
	// nil: none does.
	Stores func(*Envelope) bool
	// Background says of a request that its response may go on behind the answer; nil: none does.
	Background func(*Envelope) bool
	// AsksStream says whether a request wants its answer as a stream; nil: where stream is
	// true, and answers may be streamed.
	AsksStream func(*Envelope) bool

	Lists []string // a good JSON answer is an object with one of these arrays,
	Full  bool     // of which none is empty
	First string   // and the first element has this member, other than null,
	Array []string // or an array of objects with one of these members,
	Value string   // or with this member, text or a number,
	Fails []string // and whose status is none of these
	Text  bool     // a good answer may also be plain text, such as subtitles
	Media bool     // a good answer may also be audio, relayed as it comes
	// Opaque cuts the items out of a JSON request that only the provider can read that wrote them; nil:
	// there are none.
	Opaque func(body []byte, cuts *Cuts)
	// Base64: what clients carry for providers of other dialects is written so in its requests.
	Base64  bool
	Finish  string // where an answer tells why it ended; empty: it does not
	UsageAt string // where an answer tells its usage; empty: usage
	// Empty recognises a good answer in which nothing is said, although neither a limit nor a
	// filter ended it; nil: none is.
	Empty func(answer []byte) bool
	// Measure adds what a plain answer shows of what was used beside its usage, such as how many
	// images there are; nil: nothing.
	Measure func(answer []byte, u *dataplane.Usage)
	// Estimate is which tokens are guessed from bytes when an answer tells none.
	Estimate Estimate
	Stream   *Stream // nil: its answers are never streamed
	// Codec translates its requests and answers from and to other dialects; nil: only providers that
	// have the endpoint can serve it.
	Codec form.Codec
	// Estimated is an answer that tells a number of tokens, for an endpoint that only counts them; nil:
	// it does more, so that nobody but a provider can answer it.
	Estimated func(tokens int64) []byte
	// Neutral are the members, beside the model, of a small request that says nothing of any
	// caller; empty: there is none.
	Neutral string

	// What the table of all endpoints fills in.
	API    string           // the name of its family
	Route  string           // Path behind the version with which clients call it
	Shapes map[string]Shape // of vendors that say it in their own way, by the name of the format
	Errors *Errors          // its family's
	Number int              // its place in the table
}

// Estimate says what a number of bytes tells about tokens.
type Estimate uint8

// The estimates.
const (
	EstimateNothing Estimate = iota // not measured in tokens
	EstimateInput                   // only the request is text
	EstimateBoth
)

// Place is where a provider is asked for an answer.
func (e *Endpoint) Place(stream bool) string {
	if stream && e.StreamPath != "" {
		return e.StreamPath
	}
	return e.Path
}

// IsStreamPath reports whether a path, without a query, is where only streams are asked for.
func (e *Endpoint) IsStreamPath(path string) bool {
	own, _, _ := strings.Cut(e.StreamPath, "?")
	return own != "" && own == path
}

// WantsStream reports whether a request wants its answer as a stream.
func (e *Endpoint) WantsStream(request *Envelope) bool {
	switch {
	case e.Stream == nil:
		return false
	case e.AsksStream != nil:
		return e.AsksStream(request)
	}
	return request.Stream
}

// Answers reports whether a JSON document is a good answer.
func (e *Endpoint) Answers(doc *scan.Object) bool {
	if e.Fails != nil && slices.Contains(e.Fails, gjson.ParseBytes(doc.Member("status")).Str) {
		return false
	}
	for _, key := range e.Lists {
		if list := doc.Member(key); isList(list) && (!e.Full || !isEmptyList(list)) && (e.First == "" || firstHas(list, e.First)) {
			return true
		}
	}
	if e.Array != nil && e.isArray(doc.Text()) {
		return true
	}
	if e.Value == "" {
		return false
	}
	v := gjson.GetBytes(doc.Text(), e.Value)
	return v.Type == gjson.String || v.Type == gjson.Number
}

// Output counts the bytes of text in a plain answer: of what it says, of its reasoning and of
// what tools are called with.
func (e *Endpoint) Output(answer []byte) (n int64) {
	for _, key := range e.Lists {
		n += membersOf([]byte(gjson.GetBytes(answer, key).Raw)).output
	}
	return n
}

func isList(value []byte) bool { return len(value) > 0 && value[0] == '[' }

func isEmptyList(list []byte) bool { return string(bytes.TrimSpace(list[1:])) == "]" }

// firstHas reports whether a list begins with an object that has this member, other than null.
func firstHas(list []byte, name string) bool {
	return expect.Get(expect.View(list[1:]), name).Type != gjson.Null
}

// isArray reports whether a document is an array of what answers are made of.
func (e *Endpoint) isArray(doc []byte) bool {
	all := gjson.ParseBytes(doc)
	first := all.Get("0")
	return all.IsArray() && first.IsObject() &&
		slices.ContainsFunc(e.Array, func(key string) bool { return first.Get(key).Type == gjson.Number })
}

// Ended judges the reason with which a whole answer ended; failed is false when it is as it
// should be.
func (e *Endpoint) Ended(answer []byte) (v dataplane.Verdict, failed bool) {
	if e.Finish == "" || !classify.MayFinishBadly(answer) {
		return v, false
	}
	output := func() bool {
		if e.Stream != nil && e.Stream.Output != nil {
			return e.Stream.Output(answer, new(Inspection))
		}
		return slices.ContainsFunc(e.Lists, func(key string) bool { return IsThere(gjson.GetBytes(answer, key)) })
	}
	if v, failed = ending(gjson.GetBytes(answer, e.Finish), output); !failed {
		v, _, failed = nativeEnding(answer, output)
	}
	return v, failed
}

// EndedByItself reports whether no reason to end - one, or one for each choice - is other than
// that the model had no more to say.
func EndedByItself(reasons gjson.Result) bool {
	all := true
	reasons.ForEach(func(_, reason gjson.Result) bool {
		all = reason.Str == "" || classify.EndedByItself(reason.Str)
		return all
	})
	return all
}

// ending judges reasons to end: one, or one for each choice.
func ending(reasons gjson.Result, output func() bool) (v dataplane.Verdict, failed bool) {
	reasons.ForEach(func(_, reason gjson.Result) bool {
		if reason.Str != "" {
			v, failed = classify.Finish(reason.Str, output())
		}
		return !failed
	})
	return v, failed
}

// Holds names what a good answer holds, for people.
func (e *Endpoint) Holds() string {
	return cmp.Or(e.Value, strings.Join(e.Lists, " or "), "audio")
}

// KeepsAlive reports whether comments may be sent before it is known that a stream comes:
// where a plain answer may come instead, they would be its wrong beginning.
func (e *Endpoint) KeepsAlive() bool { return e.Stream != nil && !e.Stream.Plain }
