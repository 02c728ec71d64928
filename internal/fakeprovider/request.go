package fakeprovider

import (
	"errors"

	"github.com/tidwall/gjson"
)

// request is what the script needs to know of a chat completion request.
type request struct {
	model        string
	stream       bool
	includeUsage bool
	n            int
	tool         string // the tool to call; empty for a text answer
	lastUser     string
}

var errBadRequest = errors.New("we could not parse the JSON body of your request")

func parseRequest(body []byte) (request, error) {
	if !gjson.ValidBytes(body) {
		return request{}, errBadRequest
	}
	doc := gjson.ParseBytes(body)
	if !doc.IsObject() {
		return request{}, errBadRequest
	}
	req := request{
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
	if choice := doc.Get("tool_choice"); last != "tool" && choice.String() != "none" {
		req.tool = doc.Get("tools.0.function.name").String()
		if name := choice.Get("function.name").String(); name != "" {
			req.tool = name
		}
	}
	return req, nil
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
