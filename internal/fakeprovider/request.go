package fakeprovider

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"strings"

	"github.com/tidwall/gjson"
)

// request is what the script needs to know of a request.
type request struct {
	api          *api
	model        string
	stream       bool
	includeUsage bool
	n            int
	tool         string // the tool to call; empty for a text answer
	lastUser     string
	task         task
	offers       map[string]bool // names of tools
	inputs       int             // to embed
	base64       bool            // embeddings as bytes
	format       string          // response_format of a transcript
	store        bool            // keep the response
	background   bool
	previous     string // previous_response_id
	doc          gjson.Result
}

var (
	errBadRequest = errors.New("we could not parse the JSON body of your request")
	errBadForm    = errors.New("we could not parse the form of your request")
)

// parseRequest reads a JSON body.
func parseRequest(body []byte) (request, error) {
	if !gjson.ValidBytes(body) {
		return request{}, errBadRequest
	}
	doc := gjson.ParseBytes(body)
	if !doc.IsObject() {
		return request{}, errBadRequest
	}
	req := request{
		doc:          doc,
		model:        doc.Get("model").String(),
		stream:       doc.Get("stream").Bool(),
		includeUsage: doc.Get("stream_options.include_usage").Bool(),
		n:            int(min(max(doc.Get("n").Int(), 1), 16)),
	}
	last := ""
	doc.Get("messages").ForEach(func(_, m gjson.Result) bool {
		last = m.Get("role").String()
		if last == "user" {
			req.lastUser = text(m.Get("content"))
		}
		return true
	})
	// A model that has seen a tool's result answers; before, it calls the tool.
	if choice := doc.Get("tool_choice"); last != "tool" && !endsWithResult(doc) && choice.String() != "none" {
		req.tool = doc.Get("tools.0.function.name").String()
		if req.tool == "" { // the Responses and the Messages API name a tool at its top
			req.tool = doc.Get("tools.0.name").String()
		}
		if name := choice.Get("function.name").String(); name != "" {
			req.tool = name
		}
	}
	req.google(doc)
	req.task = taskOf(doc)
	req.offers = map[string]bool{}
	doc.Get("tools").ForEach(func(_, tool gjson.Result) bool {
		req.offers[tool.Get("name").Str+tool.Get("function.name").Str] = true
		tool.Get("functionDeclarations.#.name").ForEach(func(_, name gjson.Result) bool {
			req.offers[name.Str] = true
			return true
		})
		return true
	})
	req.other(doc)
	return req, nil
}

// endsWithResult reports whether the last that was said is what a tool gave, as the Messages and the
// Responses API say it.
func endsWithResult(doc gjson.Result) bool {
	return strings.HasSuffix(doc.Get("input.@reverse.0.type").Str, "_call_output") ||
		doc.Get(`messages.@reverse.0.content.#(type=="tool_result")`).Exists()
}

// other reads what endpoints other than chat name otherwise.
func (r *request) other(doc gjson.Result) {
	input := doc.Get("input")
	r.store = doc.Get("store").Raw != "false"
	r.background = doc.Get("background").Bool()
	r.previous = doc.Get("previous_response_id").String()
	if doc.Get("stream_format").Str == "sse" {
		r.stream = true
	}
	r.base64 = doc.Get("encoding_format").Str == "base64"
	r.inputs = 1
	if input.IsArray() && input.Get("0").Type == gjson.String {
		r.inputs = int(input.Get("#").Int())
	} else if n := int(doc.Get("requests.#").Int()); n > 0 {
		r.inputs = n
	}
	switch {
	case r.lastUser != "":
	case input.Type == gjson.String:
		r.lastUser = input.Str
	case input.IsArray():
		r.lastUser = text(input.Get("@reverse|0.content"))
	default:
		r.lastUser = doc.Get("prompt").String()
	}
}

// parseForm reads a multipart body. What it says of its files, a model that echoes repeats.
func parseForm(body []byte, boundary string) (request, error) {
	r := request{n: 1, inputs: 1}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return r, errBadForm
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return r, errBadForm
		}
		if part.FileName() != "" {
			sum := sha256.Sum256(value)
			r.lastUser += fmt.Sprintf("%s %s %d %x ", part.FormName(), part.FileName(), len(value), sum[:6])
			continue
		}
		switch part.FormName() {
		case "model":
			r.model = string(value)
		case "stream":
			r.stream = string(value) == "true"
		case "response_format":
			r.format = string(value)
		}
	}
}

// text joins the text parts of a message's content.
func text(content gjson.Result) string {
	if !content.IsArray() {
		return content.String()
	}
	out := ""
	content.ForEach(func(_, part gjson.Result) bool {
		out += part.Get("text").String()
		return true
	})
	return out
}
