package fakeprovider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
)

// ask posts to an endpoint of a new provider and gives the answer.
func ask(t *testing.T, path, contentType, body string) (*http.Response, string) {
	t.Helper()
	up := httptest.NewServer(fakeprovider.New(fakeprovider.Config{}))
	t.Cleanup(up.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, up.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := up.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestEveryEndpointAnswersInItsOwnForm(t *testing.T) {
	t.Parallel()
	const json = "application/json"
	for path, member := range map[string]string{
		"/completions": "choices.0.text", "/responses": "output.0.content.0.text", "/messages": "content.0.text", "/messages/count_tokens": "input_tokens",
		"/embeddings": "data.0.embedding.3", "/moderations": "results.0.flagged", "/rerank": "results.1.index", "/images/generations": "data.0.b64_json",
		"/images/variations": "data.0.b64_json", "/audio/transcriptions": "text", "/audio/translations": "text",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			resp, body := ask(t, "/v1"+path, json, `{"model":"ok","input":"hi","prompt":"hi","messages":[]}`)
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != json || !gjson.Valid(body) || !gjson.Get(body, member).Exists() {
				t.Errorf("%d %s: %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
			}
			resp, body = ask(t, path, json, `{"model":"status-503"}`)
			if resp.StatusCode != 503 || gjson.Get(body, "error.message").Str == "" || (gjson.Get(body, "type").Str == "error") != strings.HasPrefix(path, "/messages") {
				t.Errorf("%d: %s", resp.StatusCode, body)
			}
		})
	}
	if resp, body := ask(t, "/v1/audio/speech", json, `{"model":"tokens-3","input":"hi"}`); resp.Header.Get("Content-Type") != "audio/mpeg" || len(body) != 3<<10 {
		t.Errorf("%d bytes of %s", len(body), resp.Header.Get("Content-Type"))
	}
}

func TestStreamsOfEveryEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, asks, model, last string }{
		{"/completions", `"stream":true`, "ok", "[DONE]"},
		{"/responses", `"stream":true`, "ok", "response.completed"},
		{"/responses", `"stream":true`, "sse-error-first", "error"},
		{"/responses", `"stream":true`, "sse-error-after-created", "response.failed"},
		{"/responses", `"stream":true`, "no-finish", "response.output_text.delta"},
		{"/messages", `"stream":true`, "ok", "message_stop"},
		{"/messages", `"stream":true`, "no-done", "message_delta"},
		{"/messages", `"stream":true`, "sse-error-mid-2-overloaded", "error"},
		{"/images/generations", `"stream":true`, "ok", "image_generation.completed"},
		{"/audio/speech", `"stream_format":"sse"`, "ok", "speech.audio.done"},
		{"/audio/transcriptions", `"stream":true`, "ok", "transcript.text.done"},
	} {
		t.Run(tt.path+"/"+tt.model, func(t *testing.T) {
			t.Parallel()
			_, body := ask(t, "/v1"+tt.path, "application/json", `{"model":"`+tt.model+`",`+tt.asks+`}`)
			events := strings.Split(strings.TrimSpace(body), "\n\n")
			for n, event := range events {
				_, data, found := strings.Cut(event, "data: ")
				if !found || data != "[DONE]" && !gjson.Valid(data) {
					t.Fatalf("event %d: %q", n, event)
				}
				if number := gjson.Get(data, "sequence_number"); number.Exists() && tt.model == "ok" && int(number.Int()) != n {
					t.Errorf("event %d has number %d", n, number.Int())
				}
				if name, named := strings.CutPrefix(event, "event: "); named && !strings.HasPrefix(name, gjson.Get(data, "type").Str+"\n") {
					t.Errorf("named otherwise than typed: %s", event)
				}
			}
			_, last, _ := strings.Cut(events[len(events)-1], "data: ")
			if last != tt.last && gjson.Get(last, "type").Str != tt.last {
				t.Errorf("last event %s", last)
			}
		})
	}
}

func TestFormsAreRead(t *testing.T) {
	t.Parallel()
	const form = "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\necho\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nsound\r\n--B--\r\n"
	_, body := ask(t, "/v1/audio/transcriptions", "multipart/form-data; boundary=B", form)
	if text := gjson.Get(body, "text").Str; !strings.HasPrefix(text, "file a.mp3 5 ") {
		t.Errorf("heard %q", text)
	}
	if resp, body := ask(t, "/v1/audio/transcriptions", "multipart/form-data; boundary=B", form[:60]); resp.StatusCode != 400 {
		t.Errorf("%d: %s", resp.StatusCode, body)
	}
}
