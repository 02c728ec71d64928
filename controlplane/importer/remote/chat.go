package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

// What bounds the chat of a test: a model may have to be loaded first.
const (
	chatTime  = 60 * time.Second
	chatBytes = 1 << 20
)

// speech is how an API chats.
type speech struct {
	endpoint string
	limits   []string // names of the limit of output tokens, tried in turn where one is refused
	body     func(model, limit string) map[string]any
	answers  string // what a good answer has: an array that is not empty
	empty    bool   // or that may be
	in, out  string // where it counts tokens
}

// speeches are the ways to chat, by API.
var speeches = map[string]speech{
	dialect.Chat: {
		endpoint: "/chat/completions", limits: []string{"max_tokens", "max_completion_tokens"}, // newer models take the latter only
		body: ping, answers: "choices", in: "usage.prompt_tokens", out: "usage.completion_tokens",
	},
	dialect.Messages: {
		endpoint: "/messages", limits: []string{"max_tokens"}, body: ping,
		answers: "content", empty: true, // one token may be the end alone
		in: "usage.input_tokens", out: "usage.output_tokens",
	},
	dialect.Responses: {
		endpoint: "/responses", limits: []string{"max_output_tokens"},
		body: func(model, limit string) map[string]any {
			return map[string]any{"model": model, "input": "ping", limit: 16} // OpenAI takes no fewer
		},
		answers: "output", empty: true, in: "usage.input_tokens", out: "usage.output_tokens",
	},
	dialect.Gemini: {
		endpoint: "/models/" + dialect.ModelPlace + ":generateContent", limits: []string{"maxOutputTokens"},
		body: func(_, limit string) map[string]any {
			return map[string]any{
				"contents":         []any{map[string]any{"role": "user", "parts": []any{map[string]string{"text": "ping"}}}},
				"generationConfig": map[string]any{limit: 1},
			}
		},
		answers: "candidates", in: "usageMetadata.promptTokenCount", out: "usageMetadata.candidatesTokenCount",
	},
}

// ping is the chat as most say it.
func ping(model, limit string) map[string]any {
	return map[string]any{"model": model, limit: 1, "messages": []map[string]string{{"role": "user", "content": "ping"}}}
}

// speech is how the provider chats: in the API of its kind, else in one that it names.
func (s *session) speech() speech {
	for _, api := range append([]string{s.dialect.Main}, dialect.APIs()...) {
		if speaks, certain := s.reach.Speaks(api); speaks && certain {
			if how, ok := speeches[api]; ok {
				return how
			}
		}
	}
	return speeches[s.dialect.Main]
}

// chat asks a model for one token, in the provider's own API.
func (s *session) chat(ctx context.Context, model string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, chatTime)
	defer cancel()
	how := s.speech()
	var answer spoken
	for i, limit := range how.limits {
		next := ""
		if i+1 < len(how.limits) {
			next = how.limits[i+1]
		}
		var err error
		if answer, err = s.ask(ctx, how, model, limit, next); err != nil {
			return "", err
		}
		if !answer.again {
			break
		}
	}
	if answer.status != http.StatusOK {
		return "", chatFault(answer.status, model, answer.path)
	}
	return answer.text, nil
}

// chatFault says what a status means that is not the same as for a list of models.
func chatFault(status int, model, path string) error {
	switch status {
	case http.StatusNotFound:
		return fault(kindStatus, fmt.Sprintf("there is no model %q, or nothing at %s (404)", model, path))
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fault(kindStatus, fmt.Sprintf("it refuses a plain chat with model %q (%d); is it a chat model?", model, status))
	case http.StatusPaymentRequired:
		return fault(kindStatus, "its account has no money left (402)")
	}
	return statusFault(status, path)
}

// spoken is what came of one request.
type spoken struct {
	status int
	path   string
	text   string
	again  bool // with the next name of the limit
}

// ask sends one request; next is the name of the limit to try behind this one, if there is one.
func (s *session) ask(ctx context.Context, how speech, model, limit, next string) (spoken, error) {
	body, err := json.Marshal(how.body(model, limit))
	if err != nil {
		return spoken{}, fmt.Errorf("encode a chat: %w", err)
	}
	r, err := s.request(ctx, http.MethodPost, how.endpoint, model, nil)
	if err != nil {
		return spoken{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	// Without GetBody no redirect is followed: a chat must not be sent twice.
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := s.do(r, body)
	if err != nil {
		return spoken{}, explain(ctx, err)
	}
	defer res.Body.Close()
	out := spoken{status: res.StatusCode, path: r.URL.Path}
	if res.StatusCode != http.StatusOK {
		data, err := read(ctx, res, chatBytes)
		out.again = err == nil && res.StatusCode == http.StatusBadRequest && next != "" && bytes.Contains(data, []byte(next))
		return out, nil
	}
	data, err := read(ctx, res, chatBytes)
	if err != nil {
		return spoken{}, err
	}
	doc := gjson.ParseBytes(data)
	if list := doc.Get(how.answers); !list.IsArray() || !how.empty && len(list.Array()) == 0 {
		if doc.Get("error").Exists() {
			return spoken{}, fault(kindAnswer, "it answers a chat with an error inside a 200")
		}
		return spoken{}, fault(kindAnswer, "its answer to a chat is JSON but none to a chat")
	}
	out.text = fmt.Sprintf("%s answered", model)
	if n := doc.Get(how.out); n.Type == gjson.Number {
		out.text += fmt.Sprintf(", %d tokens in, %d out", doc.Get(how.in).Int(), n.Int())
	}
	return out, nil
}
