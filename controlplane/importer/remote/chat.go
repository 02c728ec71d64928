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
)

// What bounds the chat of a test: a model may have to be loaded first.
const (
	chatTime  = 60 * time.Second
	chatBytes = 1 << 20
)

// chat asks a model for one token. Newer models take max_completion_tokens only, so a
// refusal that names it is tried again that way.
func (s *session) chat(ctx context.Context, model string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, chatTime)
	defer cancel()
	answer, err := s.ask(ctx, model, "max_tokens")
	if err != nil {
		return "", err
	}
	if answer.again {
		if answer, err = s.ask(ctx, model, "max_completion_tokens"); err != nil {
			return "", err
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
	again  bool // with max_completion_tokens
}

func (s *session) ask(ctx context.Context, model, limit string) (spoken, error) {
	body, err := json.Marshal(map[string]any{
		"model": model, limit: 1,
		"messages": []map[string]string{{"role": "user", "content": "ping"}},
	})
	if err != nil {
		return spoken{}, fmt.Errorf("encode a chat: %w", err)
	}
	r, err := s.request(ctx, http.MethodPost, "/chat/completions", nil)
	if err != nil {
		return spoken{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	// Without GetBody no redirect is followed: a chat must not be sent twice.
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := s.http.Do(r)
	if err != nil {
		return spoken{}, explain(ctx, err)
	}
	defer res.Body.Close()
	out := spoken{status: res.StatusCode, path: r.URL.Path}
	if res.StatusCode != http.StatusOK {
		data, err := read(ctx, res, chatBytes)
		out.again = err == nil && res.StatusCode == http.StatusBadRequest && limit == "max_tokens" &&
			bytes.Contains(data, []byte("max_completion_tokens"))
		return out, nil
	}
	data, err := read(ctx, res, chatBytes)
	if err != nil {
		return spoken{}, err
	}
	doc := gjson.ParseBytes(data)
	if !doc.Get("choices").IsArray() || len(doc.Get("choices").Array()) == 0 {
		if doc.Get("error").Exists() {
			return spoken{}, fault(kindAnswer, "it answers a chat with an error inside a 200")
		}
		return spoken{}, fault(kindAnswer, "its answer to a chat is JSON but no chat completion")
	}
	out.text = fmt.Sprintf("%s answered", model)
	if n := doc.Get("usage.completion_tokens"); n.Type == gjson.Number {
		out.text += fmt.Sprintf(", %d tokens in, %d out", doc.Get("usage.prompt_tokens").Int(), n.Int())
	}
	return out, nil
}
