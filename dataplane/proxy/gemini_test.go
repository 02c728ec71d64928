package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const geminiAnswer = `{"candidates":[{"content":{"parts":[{"text":"Hi "},{"text":"there"}],"role":"model"},"finishReason":"STOP","index":0}],` +
	`"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":12,"totalTokenCount":50,"thoughtsTokenCount":8,"cachedContentTokenCount":10},"modelVersion":"gemini-3-pro","responseId":"r1"}`

// gemini is a provider of Google's API, which answers all requests with one status and body.
func gemini(t *testing.T, status int, body string) (base string, asked func() *http.Request) {
	t.Helper()
	seen := make(chan *http.Request, 10)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(sent)))
		seen <- r
		if status == http.StatusOK && strings.Contains(r.URL.Path, ":stream") {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, body)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(up.Close)
	return up.URL + "/v1beta", func() *http.Request { return <-seen }
}

// geminiRig has a group of one model of Google's.
func geminiRig(t *testing.T, base string) *rig {
	t.Helper()
	return newRig(t, setup{models: []string{"gemini-3-pro"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Dialect, s.Providers[0].BaseUrl = "gemini", base
	}})
}

// A provider that has Google's API alone serves clients of every dialect, whole and as a stream.
func TestCallsAreTranslatedForGemini(t *testing.T) {
	t.Parallel()
	chunk := func(text, rest string) string {
		return `data: {"candidates":[{"content":{"parts":[{"text":"` + text + `"}],"role":"model"}` + rest + `,"modelVersion":"gemini-3-pro","responseId":"r1"}` + "\r\n\r\n"
	}
	stream := chunk("Hi ", `,"index":0}],"usageMetadata":{"promptTokenCount":30,"totalTokenCount":30}`) +
		chunk("there", `,"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":12,"totalTokenCount":50,"thoughtsTokenCount":8,"cachedContentTokenCount":10}`)
	for client := range dialects {
		if client == "gemini" { // native: geminiclient_test.go
			continue
		}
		for _, streamed := range []bool{false, true} {
			body, path := geminiAnswer, "/v1beta/models/gemini-3-pro:generateContent"
			if streamed {
				body, path = stream, "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"
			}
			base, asked := gemini(t, http.StatusOK, body)
			r := geminiRig(t, base)
			a := conversing(client)
			got, call := a.call(t, r, streamed)
			a.answers(t, got, streamed)
			if want := (dataplane.Usage{Input: 30, CachedInput: 10, Output: 20, Reasoning: 8, Source: dataplane.UsageUpstream}); outcomes(call) != "p1:ok" || call.Attempts[0].Usage != want {
				t.Errorf("%s: %s, usage %+v", client, outcomes(call), call.Attempts[0].Usage)
			}
			if h := got.header.Get("X-Trunkline-Translated"); !strings.HasPrefix(h, client+" -> gemini") {
				t.Errorf("%s: header %q", client, h)
			}
			req := asked()
			sent, _ := io.ReadAll(req.Body)
			if req.URL.RequestURI() != path || req.Header.Get("X-Goog-Api-Key") == "" || req.Header.Get("Authorization") != "" || !gjson.GetBytes(sent, "contents.0.parts.0.text").Exists() || gjson.GetBytes(sent, "model").Exists() {
				t.Errorf("%s: asked at %s, %v, with %s", client, req.URL, req.Header, sent)
			}
		}
	}
}

// What Google says instead of an answer means to clients what it means there.
func TestWhatGeminiSaysInstead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status       int
		body         string
		outcome      string
		client, want string
	}{
		{200, `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"m","responseId":"r"}`, "p1:ok", "choices.0.finish_reason", "content_filter"},
		{200, strings.Replace(geminiAnswer, "STOP", "MAX_TOKENS", 1), "p1:ok", "choices.0.finish_reason", "length"},
		{200, strings.Replace(geminiAnswer, "STOP", "MALFORMED_FUNCTION_CALL", 1), "p1:server_error", "error.code", "upstream_error"},
		{400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`, "p1:auth_failed", "error.code", "provider_auth"},
		{503, `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`, "", "error.type", ""},
	} {
		base, _ := gemini(t, tt.status, tt.body)
		r := geminiRig(t, base)
		got := r.chat(false)
		call := r.call()
		if value := gjson.Get(got.body, tt.client).Str; tt.want != "" && value != tt.want || tt.outcome != "" && !strings.HasPrefix(outcomes(call), tt.outcome) || !gjson.Valid(got.body) {
			t.Errorf("%s: %s, %d %s", tt.body, outcomes(call), got.status, got.body)
		}
	}
}
