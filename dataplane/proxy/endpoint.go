package proxy

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"
)

// endpoint is what the engine must know of one API endpoint. All that differs between
// endpoints is in the table below; a new one is a row.
type endpoint struct {
	path   string  // what clients and providers call it, without /v1
	schema *schema // how its errors are worded
	// passed are headers of the client's that mean something to the provider; no other
	// header of the client ever leaves.
	passed []string
	// form: the request may come as multipart/form-data, with model as a field.
	form bool
	// unsafe says of a request that it could take effect twice if it were repeated. Such
	// a call moves on only from failures that provably never reached the provider. nil:
	// every request may be repeated.
	unsafe func(*envelope) bool

	lists []string // a good JSON answer is an object with one of these arrays,
	value string   // or with this member, text or a number,
	fails string   // and whose status is not this
	text  bool     // a good answer may also be plain text, such as subtitles
	media bool     // a good answer may also be audio, relayed as it comes
	// estimate is which tokens are guessed from bytes when an answer tells none.
	estimate estimate
	stream   *streamKind // nil: its answers are never streamed
}

// estimate says what a number of bytes tells about tokens.
type estimate uint8

const (
	estimateNothing estimate = iota // not measured in tokens
	estimateInput                   // only the request is text
	estimateBoth
)

// streamKind is how the events of a stream are to be read.
type streamKind struct {
	// typed: every event says in "type" what it is. Otherwise events are chunks with
	// choices, and [DONE] is the last.
	typed  bool
	filler []string // types that show the user nothing
	finish []string // types with which the answer is whole; the stream may go on
	last   []string // types with which the stream is over
	failed []string // types of failures
	text   []string // where output text is
	usage  []string // where usage is
	end    []byte   // what is added to a whole answer whose last event is missing
	// options: the request takes stream_options.include_usage.
	options bool
	// chunk is the "object" of the chunks that a plain answer is turned into when a
	// stream was asked for; empty: it cannot be.
	chunk string
	// plain: some providers never stream here, so a plain answer is passed on as it is.
	plain bool
	// format: stream_format "sse" asks for a stream, not stream.
	format bool
}

// The endpoints, in the order of the OpenAI reference, then those of others.
var endpoints = []endpoint{
	{path: "/chat/completions", schema: openAI, lists: []string{"choices"}, estimate: estimateBoth, stream: chatStream},
	{path: "/completions", schema: openAI, lists: []string{"choices"}, estimate: estimateBoth, stream: completionStream},
	{path: "/responses", schema: responsesAPI, lists: []string{"output"}, fails: "failed", estimate: estimateBoth, stream: responseStream, unsafe: changesConversation},
	{path: "/responses/compact", schema: openAI, lists: []string{"output"}, estimate: estimateBoth},
	{path: "/responses/input_tokens", schema: openAI, value: "input_tokens"},
	{path: "/embeddings", schema: openAI, lists: []string{"data"}, estimate: estimateInput},
	{path: "/moderations", schema: openAI, lists: []string{"results"}},
	{path: "/images/generations", schema: openAI, lists: []string{"data"}, stream: imageStream},
	{path: "/images/edits", schema: openAI, lists: []string{"data"}, form: true, stream: imageStream},
	{path: "/images/variations", schema: openAI, lists: []string{"data"}, form: true},
	{path: "/audio/speech", schema: openAI, media: true, stream: speechStream},
	{path: "/audio/transcriptions", schema: openAI, value: "text", text: true, form: true, stream: transcriptStream},
	{path: "/audio/translations", schema: openAI, value: "text", text: true, form: true},
	{path: "/rerank", schema: openAI, lists: []string{"results", "data"}},
	{path: "/messages", schema: anthropic, passed: anthropicHeaders, lists: []string{"content"}, estimate: estimateBoth, stream: messageStream},
	{path: "/messages/count_tokens", schema: anthropic, passed: anthropicHeaders, value: "input_tokens"},
}

var anthropicHeaders = []string{"Anthropic-Version", "Anthropic-Beta"}

var (
	chatStream       = &streamKind{options: true, chunk: "chat.completion.chunk", usage: []string{"usage"}, end: doneEvent}
	completionStream = &streamKind{options: true, chunk: "text_completion", usage: []string{"usage"}, end: doneEvent}
	responseStream   = &streamKind{
		typed: true,
		filler: []string{
			"response.created", "response.queued", "response.in_progress", "response.output_item.added",
			"response.content_part.added", "response.reasoning_summary_part.added", "keepalive",
		},
		last:   []string{"response.completed", "response.incomplete"},
		failed: []string{"response.failed", "error"},
		text:   []string{"delta"}, usage: []string{"response.usage"},
	}
	messageStream = &streamKind{
		typed:  true,
		filler: []string{"message_start", "content_block_start", "content_block_stop", "ping"},
		finish: []string{"message_delta"}, last: []string{"message_stop"}, failed: []string{"error"},
		text: []string{"delta.text", "delta.thinking"}, usage: []string{"message.usage", "usage"},
		end: []byte("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
	}
	// With n above 1 each image has its own last event, so the stream goes on behind it.
	imageStream = &streamKind{
		typed: true, plain: true, finish: []string{"image_generation.completed", "image_edit.completed"},
		failed: []string{"error"}, usage: []string{"usage"},
	}
	speechStream = &streamKind{
		typed: true, plain: true, format: true, last: []string{"speech.audio.done"}, failed: []string{"error"}, usage: []string{"usage"},
	}
	transcriptStream = &streamKind{
		typed: true, plain: true, last: []string{"transcript.text.done"}, failed: []string{"error"},
		text: []string{"delta"}, usage: []string{"usage"},
	}
)

// changesConversation: a response that runs in the background, or that the provider files
// behind an earlier one, would be there twice.
func changesConversation(e *envelope) bool {
	return e.background || e.conversation || e.previous && !e.notStored
}

// elsewhere are endpoints of OpenAI's that name no model or belong to one account: no
// group could route them. Each stands for itself and all below it.
var elsewhere = []string{
	"/files", "/uploads", "/batches", "/fine_tuning", "/assistants", "/threads", "/vector_stores", "/containers",
	"/evals", "/realtime", "/videos", "/conversations", "/responses", "/organization", "/chat/completions", "/messages/batches", "/skills",
}

// findEndpoint finds the endpoint of a path without /v1.
func findEndpoint(path string) *endpoint {
	for i := range endpoints {
		if endpoints[i].path == path {
			return &endpoints[i]
		}
	}
	return nil
}

// isElsewhere recognises the endpoints that a gateway cannot serve.
func isElsewhere(path string) bool {
	for _, p := range elsewhere {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// schemaOf is how errors under a path are worded, also where there is no endpoint.
func schemaOf(path string) *schema {
	if path == "/messages" || strings.HasPrefix(path, "/messages/") {
		return anthropic
	}
	return openAI
}

// number is the endpoint's place in the table.
func (e *endpoint) number() int {
	for i := range endpoints {
		if e == &endpoints[i] {
			return i
		}
	}
	return 0
}

// asksStream reports whether a request wants its answer as a stream.
func (e *endpoint) asksStream(request *envelope) bool {
	if e.stream == nil {
		return false
	}
	if e.stream.format {
		return request.formatSSE
	}
	return request.stream
}

// answers reports whether a JSON document is a good answer.
func (e *endpoint) answers(doc []byte) bool {
	if e.fails != "" && gjson.GetBytes(doc, "status").Str == e.fails {
		return false
	}
	for _, key := range e.lists {
		if gjson.GetBytes(doc, key).IsArray() {
			return true
		}
	}
	if e.value == "" {
		return false
	}
	v := gjson.GetBytes(doc, e.value)
	return v.Type == gjson.String || v.Type == gjson.Number
}

// holds names what a good answer holds, for people.
func (e *endpoint) holds() string {
	return cmp.Or(e.value, strings.Join(e.lists, " or "), "audio")
}

// keepsAlive reports whether comments may be sent while a stream is waited for: where a
// plain answer may come instead, they would be its wrong beginning.
func (e *endpoint) keepsAlive() bool { return e.stream != nil && !e.stream.plain }
