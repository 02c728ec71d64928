package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Envelope is what routing needs to know of a request's body. Nothing else is decoded: the
// body goes upstream as it came, but for the value of model.
type Envelope struct {
	Model      string // decoded
	Stream     bool
	UsageAsked bool  // the client asked for the usage chunk
	MaxTokens  int64 // output tokens that the client allows; 0 when it does not say
	Prompt     int64 // input tokens, guessed
	Characters int64 // of text that is to be spoken
	Choices    int64 // answers that the client asks for; 0 when it does not say
	Notes      Notes // of the endpoint's own

	said said // by the client, about its call
	conv conversation

	inPath   bool        // the model is the one of the path; what is below repeats it
	repeated []scan.Span // models below the top of such a body

	modelAt      scan.Span // the value of model, quotes included
	optionsAt    scan.Span // the value of stream_options; empty when absent or null
	usageAt      place     // the value of include_usage inside it; empty when absent
	firstMember  int       // offset behind the opening brace
	firstOption  int       // offset behind the opening brace of stream_options
	optionsEmpty bool      // stream_options is {}
}

// Notes are what an endpoint has noted of a request, one bit for each of its own questions.
type Notes uint8

// Has reports whether one of the notes was made.
func (n Notes) Has(any Notes) bool { return n&any != 0 }

// Set notes something, or that it is not so.
func (n *Notes) Set(note Notes, is bool) {
	*n &^= note
	if is {
		*n |= note
	}
}

// maxCounted bounds the output tokens that a client's own limit makes us expect.
const maxCounted = 1_000_000_000

// maxChoices bounds the answers likewise; no API gives more.
const maxChoices = 128

// ReadEnvelope reads the top level of a JSON object and checks that all of the body is JSON. A
// second key of the same name is refused, and model, stream or stream_options spelt with escapes
// or capitals: we and the provider could disagree about which one counts, and the model decides
// what the caller may use. The error is a *scan.Error.
func ReadEnvelope(body []byte, endpoint *Endpoint) (Envelope, error) {
	var e Envelope
	s := scan.New(body)
	if !s.Open() {
		return e, &scan.Error{Message: "the request body is not a JSON object"}
	}
	e.firstMember = s.Offset()
	e.inPath = endpoint.InPath
	err := s.Members(func(key []byte, value scan.Span) error {
		switch {
		case string(key) == "model":
			return e.setModel(body, value)
		case endpoint.InPath:
		case string(key) == "stream":
			return e.setStream(body[value.Start:value.End])
		case string(key) == "stream_options":
			return e.setOptions(body, value)
		}
		e.said.note(key, value)
		e.conv.note(endpoint, key, value)
		if c := endpoint.Conversation; c != "" && string(key) == c && body[value.Start] != '[' {
			return &scan.Error{Param: c, Message: c + " must be an array"}
		}
		e.note(endpoint, key, body[value.Start:value.End])
		return nil
	}, endpoint.watched()...)
	if err != nil {
		return e, err
	}
	if err := s.End(); err != nil {
		return e, err
	}
	if !e.NamesModel() && !endpoint.InPath {
		return e, ErrNoModel
	}
	if endpoint.Refuse != nil {
		if refusal := endpoint.Refuse(&e); refusal != nil {
			return e, refusal
		}
	}
	if endpoint.Estimate != EstimateNothing {
		e.Prompt = PromptTokens(body)
	}
	return e, nil
}

// What decides whom a request may reach must be said once and plainly.
var (
	watched          = []string{"model", "stream", "stream_options"}
	watchedFollowing = append(slices.Clip(watched), previousKey)
	watchedInPath    = watched[:1]
)

func (e *Endpoint) watched() []string {
	switch {
	case e.Follows:
		return watchedFollowing
	case e.InPath:
		return watchedInPath
	}
	return watched
}

// ErrNoModel refuses a request that names no model, or an empty one.
var ErrNoModel error = &scan.Error{Param: "model", Message: "you must provide a model parameter"}

// NamesModel reports whether the body has a model, be it an empty one.
func (e *Envelope) NamesModel() bool { return e.modelAt.End != 0 }

// InsertModel gives a JSON object that has no model one, as its first member.
func InsertModel(object []byte, model string) []byte { return insert(object, "model", model) }

// insert gives a JSON object a first member that is text.
func insert(object []byte, key, text string) []byte {
	brace := bytes.IndexByte(object, '{') + 1
	quoted, _ := json.Marshal(text) // text can always be written
	member := slices.Concat([]byte(`"`+key+`":`), quoted)
	if rest := bytes.TrimLeft(object[brace:], " \t\r\n"); len(rest) > 0 && rest[0] != '}' {
		member = append(member, ',')
	}
	return slices.Concat(object[:brace], member, object[brace:])
}

// note keeps what only some endpoints look at. Here it does not matter which of two equal
// keys counts: only whoever sends both is harmed.
func (e *Envelope) note(endpoint *Endpoint, key, value []byte) {
	if endpoint.Note != nil {
		endpoint.Note(e, key, value)
	}
	if endpoint.Estimate != EstimateBoth {
		return
	}
	switch string(key) {
	case "max_tokens", "max_completion_tokens", "max_output_tokens":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err == nil && n > e.MaxTokens {
			e.MaxTokens = min(n, maxCounted)
		}
	case "n", "best_of":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err == nil && n > e.Choices {
			e.Choices = min(n, maxChoices)
		}
	}
}

func (e *Envelope) setModel(body []byte, value scan.Span) error {
	raw := body[value.Start:value.End]
	if raw[0] != '"' {
		return &scan.Error{Param: "model", Message: "model must be a string"}
	}
	e.modelAt = value
	if bytes.IndexByte(raw, '\\') < 0 {
		e.Model = string(raw[1 : len(raw)-1])
	} else if err := json.Unmarshal(raw, &e.Model); err != nil {
		return &scan.Error{Param: "model", Message: "model is not a valid JSON string"}
	}
	if e.Model == "" {
		return ErrNoModel
	}
	return nil
}

func (e *Envelope) setStream(raw []byte) error {
	switch string(raw) {
	case "true":
		e.Stream = true
	case "false", "null":
	default:
		return &scan.Error{Param: "stream", Message: "stream must be true or false"}
	}
	return nil
}

func (e *Envelope) setOptions(body []byte, value scan.Span) error {
	if string(body[value.Start:value.End]) == "null" {
		e.optionsAt = value
		return nil
	}
	s := scan.Inside(body, value)
	if !s.Open() {
		return &scan.Error{Param: "stream_options", Message: "stream_options must be an object"}
	}
	e.optionsAt, e.firstOption, e.optionsEmpty = value, s.Offset(), true
	return s.Members(func(key []byte, v scan.Span) error {
		e.optionsEmpty = false
		if string(key) == "include_usage" {
			e.usageAt = placeOf(v)
			e.UsageAsked = string(body[v.Start:v.End]) == "true"
		}
		return nil
	}, "include_usage")
}

const (
	optionsMember = `"stream_options":{"include_usage":true},`
	optionsValue  = `{"include_usage":true}`
	usageMember   = `"include_usage":true`
)

// Splice puts model, a JSON string, in place of the client's and, when wantUsage is set, asks
// for the usage chunk of a stream. more are further edits, in any order.
func (e *Envelope) Splice(body, model []byte, wantUsage bool, more []scan.Edit) scan.Spliced {
	if e.inPath {
		return scan.Splice(body, e.renamed(body, model, more)...)
	}
	first := scan.Edit{At: e.modelAt, With: model}
	if len(more) > 0 {
		all := append(more[:len(more):len(more)], first)
		if wantUsage {
			all = append(all, e.usageEdit())
		}
		slices.SortStableFunc(all, func(a, b scan.Edit) int {
			return cmp.Or(cmp.Compare(a.At.Start, b.At.Start), cmp.Compare(a.At.End, b.At.End)) // what is inserted comes first
		})
		return scan.Splice(body, all...)
	}
	if !wantUsage {
		return scan.Splice(body, first)
	}
	second := e.usageEdit()
	if second.At.Start < first.At.Start {
		first, second = second, first
	}
	return scan.Splice(body, first, second)
}

func (e *Envelope) usageEdit() scan.Edit {
	at := func(offset int) scan.Span { return scan.Span{Start: offset, End: offset} }
	switch {
	case e.usageAt.end > 0:
		return scan.Edit{At: e.usageAt.span(), With: []byte("true")}
	case e.optionsAt.End == 0:
		return scan.Edit{At: at(e.firstMember), With: []byte(optionsMember)}
	case e.firstOption == 0: // null
		return scan.Edit{At: e.optionsAt, With: []byte(optionsValue)}
	case e.optionsEmpty:
		return scan.Edit{At: at(e.firstOption), With: []byte(usageMember)}
	}
	return scan.Edit{At: at(e.firstOption), With: []byte(usageMember + ",")}
}
