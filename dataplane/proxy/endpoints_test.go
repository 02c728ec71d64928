package proxy_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// api is an endpoint as clients use it.
type api struct {
	path   string
	body   string // of a JSON request, without its brace
	form   []string
	good   string // what a good answer holds
	stream string // what asks for a stream; empty: it has none
	usage  dataplane.Usage
	// events of a good stream: its first meaningful one and how it ends.
	first, end string
	anthropic  bool
	google     bool // the model is in the path, which begins with /v1beta
}

// of is the path of a request for a model.
func (a api) of(model string, stream bool) string {
	path := strings.Replace(a.path, "{model}", model, 1)
	if a.google && stream {
		path = strings.Replace(path, ":generateContent", ":streamGenerateContent", 1)
	}
	return path
}

// native is a setup whose providers have the endpoint, as far as that is not always so.
func (a api) native(s setup) setup {
	if a.google {
		s.snapshot = speaks(slices.Repeat([]string{"gemini"}, len(s.models))...)
	}
	return s
}

var (
	tokens    = dataplane.Usage{Input: fakeprovider.PromptTokens, CachedInput: fakeprovider.CachedTokens, Output: 8, Source: dataplane.UsageUpstream}
	written   = dataplane.Usage{Input: fakeprovider.PromptTokens, CachedInput: fakeprovider.CachedTokens, CacheWrite: fakeprovider.CacheCreationTokens, Output: 8, Source: dataplane.UsageUpstream}
	inputOnly = dataplane.Usage{Input: fakeprovider.PromptTokens, Source: dataplane.UsageUpstream}
	heard     = dataplane.Usage{Input: fakeprovider.PromptTokens, AudioInput: fakeprovider.PromptTokens, Output: 8, Source: dataplane.UsageUpstream}
	spoken    = dataplane.Usage{Input: fakeprovider.PromptTokens, AudioInput: fakeprovider.PromptTokens, Output: 8, Characters: 2, Source: dataplane.UsageUpstream}
	drawn     = dataplane.Usage{Input: fakeprovider.PromptTokens, CachedInput: fakeprovider.CachedTokens, Output: 8, Images: 1, Source: dataplane.UsageUpstream}
)

const streamTrue = `"stream":true`

var apis = []api{
	{path: "/chat/completions", body: `"messages":[{"role":"user","content":"hi"}]`, good: "choices.0.message.content", stream: streamTrue, usage: tokens, first: `"content":"Hello!"`, end: "data: [DONE]\n\n"},
	{path: "/completions", body: `"prompt":"hi"`, good: "choices.0.text", stream: streamTrue, usage: tokens, first: `"text":"Hello!"`, end: "data: [DONE]\n\n"},
	{path: "/responses", body: `"input":"hi"`, good: "output.0.content.0.text", stream: streamTrue, usage: tokens, first: `"delta":"Hello!"`, end: `event: response.completed`},
	{path: "/messages", body: `"max_tokens":64,"messages":[{"role":"user","content":"hi"}]`, good: "content.0.text", stream: streamTrue, usage: written, first: `"text":"Hello!"`, end: "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", anthropic: true},
	{path: "/messages/count_tokens", body: `"messages":[{"role":"user","content":"hi"}]`, good: "input_tokens", anthropic: true},
	{path: "/responses/compact", body: `"input":"hi"`, good: "output.0.encrypted_content", usage: tokens},
	{path: "/responses/input_tokens", body: `"input":"hi"`, good: "input_tokens"},
	{path: "/embeddings", body: `"input":["a","b"]`, good: "data.1.embedding", usage: inputOnly},
	{path: "/moderations", body: `"input":"hi"`, good: "results.0.categories"},
	{path: "/rerank", body: `"query":"q","documents":["a","b"]`, good: "results.0.relevance_score"},
	{path: "/images/generations", body: `"prompt":"a cat"`, good: "data.0.b64_json", stream: streamTrue, usage: drawn, first: "partial_image", end: "image_generation.completed"},
	{path: "/images/edits", form: []string{"prompt", "a cat"}, good: "data.0.b64_json", stream: streamTrue, usage: drawn, first: "partial_image", end: "image_generation.completed"},
	{path: "/images/variations", form: []string{"n", "1"}, good: "data.0.b64_json", usage: drawn},
	{path: "/audio/speech", body: `"input":"hi","voice":"alloy"`, stream: `"stream_format":"sse"`, usage: spoken, first: "speech.audio.delta", end: "speech.audio.done"},
	{path: "/audio/transcriptions", form: []string{"language", "en"}, good: "text", stream: streamTrue, usage: heard, first: `"delta":"Hello!"`, end: "transcript.text.done"},
	{path: "/audio/translations", form: []string{"prompt", "x"}, good: "text", usage: heard},
	{path: "/models/{model}:generateContent", google: true, body: `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`, good: "candidates.0.content.parts.0.text", stream: "sse", usage: tokens, first: `"text":"Hello!"`, end: `"finishReason":"STOP"`},
	{path: "/models/{model}:countTokens", google: true, body: `"contents":[{"parts":[{"text":"hi"}]}]`, good: "totalTokens"},
	{path: "/models/{model}:embedContent", google: true, body: `"content":{"parts":[{"text":"hi"}]}`, good: "embedding.values.1", usage: inputOnly},
	{path: "/models/{model}:batchEmbedContents", google: true, body: `"requests":[{"model":"models/g","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]`, good: "embeddings.1.values.1", usage: inputOnly},
}

// request builds a call of the endpoint to the group g.
func (a api) request(t *testing.T, r *rig, stream bool) *http.Request {
	t.Helper()
	var body bytes.Buffer
	contentType, version := "application/json", "/v1"
	switch {
	case a.google:
		version = "/v1beta"
		body.WriteString("{" + a.body + "}")
	case a.form == nil:
		body.WriteString(`{"model":"g",` + a.body)
		if stream {
			body.WriteString("," + a.stream)
		}
		body.WriteString("}")
	default:
		w := multipart.NewWriter(&body)
		fields := append([]string{"model", "g"}, a.form...)
		if stream {
			fields = append(fields, "stream", "true")
		}
		for i := 0; i < len(fields); i += 2 {
			if err := w.WriteField(fields[i], fields[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		file, err := w.CreateFormFile("file", "a.mp3")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write([]byte("ID3 sound"))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		contentType = w.FormDataContentType()
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+version+a.of("g", stream), &body)
	if err != nil {
		t.Fatal(err)
	}
	if a.google && stream {
		req.URL.RawQuery = "alt=sse"
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+clientKey)
	return req
}

func (a api) call(t *testing.T, r *rig, stream bool) (answer, dataplane.Call) {
	t.Helper()
	got := r.do(a.request(t, r, stream))
	return got, r.call()
}

// wantGood checks a good answer, whole and from one provider.
func (a api) wantGood(t *testing.T, got answer, stream bool) {
	t.Helper()
	switch {
	case got.status != 200 || got.cut:
		t.Fatalf("status %d, cut=%v: %s", got.status, got.cut, got.body)
	case stream:
		if got.header.Get("Content-Type") != "text/event-stream; charset=utf-8" || strings.Count(got.body, a.first) == 0 || !strings.Contains(got.body[strings.LastIndex(got.body, a.first):], a.end) {
			t.Fatalf("stream %v: %s", got.header, got.body)
		}
		if a.path != "/chat/completions" && a.path != "/completions" && strings.Contains(got.body, "[DONE]") {
			t.Errorf("a [DONE] where there is none: %s", got.body)
		}
	case a.good == "":
		if got.header.Get("Content-Type") != "audio/mpeg" || len(got.body) != 8<<10 {
			t.Fatalf("%d bytes of %s", len(got.body), got.header.Get("Content-Type"))
		}
	case !gjson.Get(got.body, a.good).Exists() || got.header.Get("Content-Type") != "application/json":
		t.Fatalf("%s: %s", got.header.Get("Content-Type"), got.body)
	}
}

// wantError checks that an error is in the endpoint's own schema.
func (a api) wantError(t *testing.T, got answer, code string) {
	t.Helper()
	if a.google {
		doc := gjson.Parse(got.body).Get("error")
		if doc.Get("code").Int() == 0 || doc.Get("message").Str == "" || doc.Get("status").Str == "" {
			t.Errorf("not an error of Google's: %s", got.body)
		}
		if reason := doc.Get(`details.#(@type=="type.googleapis.com/google.rpc.ErrorInfo").reason`).Str; code != "" && reason != strings.ToUpper(code) {
			t.Errorf("reason %s, want that of %s: %s", reason, code, got.body)
		}
		return
	}
	if !a.anthropic {
		if have := got.errorCode(t); code != "" && have != code {
			t.Errorf("code %s, want %s: %s", have, code, got.body)
		}
		return
	}
	doc := gjson.Parse(got.body)
	if doc.Get("type").Str != "error" || doc.Get("error.type").Str == "" || doc.Get("error.message").Str == "" || doc.Get("request_id").Str == "" {
		t.Errorf("not an error of Anthropic's: %s", got.body)
	}
}

// forms gives the plain and the streamed way to call an endpoint.
func (a api) forms() []bool {
	if a.stream == "" {
		return []bool{false}
	}
	return []bool{false, true}
}

func name(a api, stream bool, what string) string {
	return strings.TrimPrefix(a.path, "/") + map[bool]string{true: "/stream/", false: "/plain/"}[stream] + what
}

// Every endpoint fails over, sends its provider the right model on the right path, and
// tells its usage.
func TestEveryEndpoint(t *testing.T) {
	t.Parallel()
	for _, a := range apis {
		for _, stream := range a.forms() {
			t.Run(name(a, stream, ""), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, a.native(setup{models: []string{"status-500", "ok"}}))
				got, call := a.call(t, r, stream)
				a.wantGood(t, got, stream)
				version := "/v1"
				if a.google {
					version = "/v1beta"
				}
				if outcomes(call) != "p1:server_error p2:ok" || call.Endpoint != version+a.path || call.Stream != stream {
					t.Errorf("call %s on %s, stream=%v", outcomes(call), call.Endpoint, call.Stream)
				}
				served := r.fake.Served()[1]
				if served.Path != "/v1"+a.of("ok", stream) || served.Model != "ok" || served.Stream != stream {
					t.Errorf("served %s %s stream=%v", served.Path, served.Model, served.Stream)
				}
				want := a.usage
				if a.good == "" && !stream {
					want = dataplane.Usage{Characters: want.Characters} // sound says nothing of tokens
				}
				if call.Usage != want {
					t.Errorf("usage %+v, want %+v", call.Usage, want)
				}
			})
		}
	}
}

// faulty are the endpoints on which every kind of failure is played; the engine is one, so
// they stand for the others.
func faulty(t *testing.T, streaming bool) []api {
	t.Helper()
	var out []api
	for _, a := range apis {
		switch a.path {
		case "/responses", "/messages", "/embeddings", "/audio/speech", "/audio/transcriptions", "/models/{model}:generateContent":
			if !streaming || a.stream != "" {
				out = append(out, a)
			}
		}
	}
	return out
}

func TestEveryFailureMovesOnEverywhere(t *testing.T) {
	t.Parallel()
	failures := map[string]string{
		"status-500": "server_error", "status-503": "server_error", "status-529": "overloaded", "status-429": "busy",
		"status-429-retry-after-7": "rate_limited", "error-invalid_api_key": "auth_failed", "error-model_not_found": "model_not_found",
		"200-error": "server_error", "200-html": "bad_body", "200-null": "bad_body", "200-empty": "bad_body",
		"200-malformed": "bad_body", "cut-0": "connection_reset", "redirect": "bad_body", "cut-10": "truncated",
		"stall-before": "response_timeout",
	}
	for _, a := range faulty(t, false) {
		for first, outcome := range failures {
			t.Run(name(a, false, first), func(t *testing.T) {
				t.Parallel()
				if first == "cut-10" && a.path == "/audio/speech" {
					return // its first bytes are the commit
				}
				r := newRig(t, a.native(setup{models: []string{first, "ok"}, policy: func(p *nodev1.Policy) {
					p.ResponseTimeout = durationpb.New(time.Second)
				}}))
				got, call := a.call(t, r, false)
				a.wantGood(t, got, false)
				if call.Attempts[0].Outcome.String() != outcome || len(call.Attempts) != 2 {
					t.Errorf("attempts %s (%s), want %s", outcomes(call), call.Attempts[0].Reason, outcome)
				}
			})
		}
	}
}

func TestEveryStreamMovesOnUntilItsFirstMeaningfulEvent(t *testing.T) {
	t.Parallel()
	failures := map[string]string{
		"sse-error-first": "server_error", "sse-error-after-created": "server_error",
		"sse-error-after-created-rate_limit_exceeded": "rate_limited",
		"empty-stream": "empty_stream", "eof-20": "truncated", "stall-20": "first_token_timeout", "status-500": "server_error",
	}
	lifecycle := map[string]string{"empty-role": "empty_stream", "eof-events-3": "truncated", "stall-events-3": "first_token_timeout"}
	for _, a := range faulty(t, true) {
		all := failures
		if a.path == "/responses" || a.path == "/messages" {
			all = map[string]string{}
			for _, m := range []map[string]string{failures, lifecycle} {
				for k, v := range m {
					all[k] = v
				}
			}
		}
		for first, outcome := range all {
			t.Run(name(a, true, first), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, a.native(setup{models: []string{first, "ok"}, policy: func(p *nodev1.Policy) {
					p.FirstTokenTimeout = durationpb.New(500 * time.Millisecond)
					p.ResponseTimeout = durationpb.New(500 * time.Millisecond)
				}}))
				got, call := a.call(t, r, true)
				a.wantGood(t, got, true)
				if strings.HasPrefix(a.path, "/audio") && outcome == "first_token_timeout" {
					outcome = "response_timeout" // a plain answer could have come, which takes its time
				}
				if a.path == "/messages" && strings.HasSuffix(first, "rate_limit_exceeded") {
					outcome = call.Attempts[0].Outcome.String() // Anthropic's words name no wait
				}
				if outcomes(call) != "p1:"+outcome+" p2:ok" {
					t.Errorf("attempts %s (%s)", outcomes(call), call.Attempts[0].Reason)
				}
				for _, once := range []string{"response.created", "message_start"} {
					if strings.Count(got.body, "event: "+once) > 1 {
						t.Errorf("two beginnings: %s", got.body)
					}
				}
			})
		}
	}
}

func TestStreamsCutAfterTheCommitEndWithTheirOwnError(t *testing.T) {
	t.Parallel()
	for _, a := range faulty(t, true) {
		for first, code := range map[string]string{"tokens-20+eof-events-12": "upstream_stream_cut", "tokens-20+cut-events-12": "upstream_stream_cut", "tokens-20+sse-error-mid-9": ""} {
			t.Run(name(a, true, first), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, a.native(setup{models: []string{first, "ok"}}))
				got, call := a.call(t, r, true)
				if got.cut || strings.Contains(got.body, a.end) || len(call.Attempts) != 1 || call.Outcome == dataplane.OK {
					t.Fatalf("cut=%v, call %v: %s", got.cut, call.Outcome, got.body)
				}
				last := gjson.Parse(got.lastEvent())
				switch {
				case a.path == "/responses": // two events, for two kinds of clients
					if code == "" {
						code = "server_error"
					}
					if last.Get("type").Str != "response.failed" || last.Get("response.error.code").Str != code || last.Get("response.error.message").Str == "" {
						t.Errorf("last event %s", last.Raw)
					}
					if !strings.Contains(got.body, `{"type":"error",`) {
						t.Errorf("no event error: %s", got.body)
					}
				case a.google:
					a.wantError(t, answer{body: last.Raw}, code)
				case code == "": // the provider's own
					if last.Get("type").Str != "error" && !last.Get("error").Exists() {
						t.Errorf("last event %s", last.Raw)
					}
				case a.anthropic:
					if last.Get("type").Str != "error" || last.Get("error.message").Str == "" || !strings.Contains(got.body, "event: error\n") {
						t.Errorf("last event %s", last.Raw)
					}
				default:
					if errorCode(t, []byte(last.Raw)) != code {
						t.Errorf("last event %s", last.Raw)
					}
				}
			})
		}
	}
}

// A stream cut at any byte is a prefix of one provider's answer with an error behind it, or
// a whole answer.
func TestTypedStreamsCutAtAnyByte(t *testing.T) {
	t.Parallel()
	step := 13
	if testing.Short() {
		step = 97
	}
	for _, a := range faulty(t, true) {
		if a.path != "/responses" && a.path != "/messages" {
			continue
		}
		whole, _ := a.call(t, newRig(t, setup{models: []string{"ok"}}), true)
		const lanes = 4
		for lane := range lanes {
			t.Run(fmt.Sprint(a.path, lane), func(t *testing.T) {
				t.Parallel()
				for at := 1 + lane*step; at < len(whole.body)+step; at += lanes * step {
					r := newRig(t, setup{models: []string{fmt.Sprintf("eof-%d", at), "ok@backup"}})
					got, call := a.call(t, r, true)
					last := gjson.Parse(got.lastEvent())
					done := last.Get("type").Str == "message_stop" || last.Get("type").Str == "response.completed"
					mixed := strings.Contains(got.body, "ok@backup") && strings.Contains(got.body, `"eof-`)
					switch {
					case mixed:
						t.Fatalf("cut at %d: two providers in one answer: %s", at, got.body)
					case done && !got.cut && call.Outcome == dataplane.OK:
					case !done && !got.cut && call.Outcome == dataplane.StreamCut && (last.Get("type").Str == "error" || last.Get("type").Str == "response.failed"):
					default:
						t.Fatalf("cut at %d: done=%v cut=%v call %v (%s): %s", at, done, got.cut, call.Outcome, outcomes(call), got.body)
					}
					r.served.Close()
				}
			})
		}
	}
}

func TestAudioThatEndsEarlyCutsTheClientOff(t *testing.T) {
	t.Parallel()
	speech := api{path: "/audio/speech", body: `"input":"hi"`}
	for first, outcome := range map[string]dataplane.Outcome{
		"eof-3000": dataplane.StreamCut, "cut-3000": dataplane.StreamCut, "stall-3000": dataplane.StreamIdle,
	} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{first, "ok"}, policy: func(p *nodev1.Policy) {
				p.StreamIdleTimeout = durationpb.New(200 * time.Millisecond)
			}})
			got, call := speech.call(t, r, false)
			if !got.cut || call.Outcome != outcome || len(call.Attempts) != 1 || len(got.body) > 3000 {
				t.Fatalf("cut=%v, %d bytes, call %v", got.cut, len(got.body), call.Outcome)
			}
		})
	}
}

func TestPlainAnswersWhereAStreamWasAsked(t *testing.T) {
	t.Parallel()
	for _, a := range apis {
		if a.stream == "" {
			continue
		}
		t.Run(a.path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, a.native(setup{models: []string{"json-for-stream", "ok"}}))
			got, call := a.call(t, r, true)
			switch a.path {
			case "/chat/completions", "/completions", "/responses", "/messages", "/models/{model}:generateContent":
				if got.cut || !strings.Contains(got.body, a.end) || call.Provider != "p1" || call.Usage.Source != dataplane.UsageUpstream {
					t.Errorf("not converted: %s", got.body)
				}
			default: // some models never stream
				a.wantGood(t, got, false)
				if call.Provider != "p1" {
					t.Errorf("attempts %s", outcomes(call))
				}
			}
		})
	}
}

// What could take effect twice moves on only from failures before it was sent.
func TestUnsafeResponsesAreNotRepeated(t *testing.T) {
	t.Parallel()
	dead := "http://" + outcometest.ClosedPort(t)
	for what, field := range map[string]string{"conversation": `"conversation":"conv_1"`} { // what is chained has one provider: stored_test.go
		a := api{path: "/responses", body: `"input":"hi",` + field, good: "output"}
		for _, first := range []string{"cut-0", "status-500", "200-html", "stall-before"} {
			t.Run(what+"/"+first, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{models: []string{first, "ok"}, policy: func(p *nodev1.Policy) { p.ResponseTimeout = durationpb.New(200 * time.Millisecond) }})
				got, call := a.call(t, r, false)
				if got.status < 500 || len(call.Attempts) != 1 || got.header.Get("X-Should-Retry") != "false" {
					t.Errorf("status %d, attempts %s, X-Should-Retry %q", got.status, outcomes(call), got.header.Get("X-Should-Retry"))
				}
			})
		}
		for _, first := range []string{"status-429", "error-invalid_api_key", "error-model_not_found"} {
			t.Run(what+"/"+first, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{models: []string{first, "ok"}})
				got, call := a.call(t, r, false)
				if a.wantGood(t, got, false); len(call.Attempts) != 2 {
					t.Errorf("attempts %s", outcomes(call))
				}
			})
		}
		t.Run(what+"/dead", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = dead }})
			got, call := a.call(t, r, false)
			if a.wantGood(t, got, false); outcomes(call) != "p1:unreachable p2:ok" {
				t.Errorf("attempts %s", outcomes(call))
			}
		})
	}
}

func TestErrorsAreInTheEndpointsOwnWords(t *testing.T) {
	t.Parallel()
	for _, a := range apis {
		for first, status := range map[string]int{"status-500": 503, "status-429-retry-after-5": 429, "status-400": 400, "error-invalid_api_key": 502} {
			t.Run(name(a, false, first), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, a.native(setup{models: []string{first}}))
				got, _ := a.call(t, r, false)
				if got.status != status {
					t.Errorf("status %d, want %d: %s", got.status, status, got.body)
				}
				a.wantError(t, got, "")
			})
		}
	}
	t.Run("before a provider is chosen", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, setup{models: []string{"ok"}})
		messages := apis[3]
		for want, change := range map[int]func(*http.Request){
			401: func(req *http.Request) { req.Header.Del("Authorization") },
			404: func(req *http.Request) { req.URL.Path = "/v1/messages/nothing" },
			405: func(req *http.Request) { req.Method = http.MethodPut },
			415: func(req *http.Request) { req.Header.Set("Content-Type", "text/xml") },
		} {
			req := messages.request(t, r, false)
			change(req)
			got := r.do(req)
			if got.status != want {
				t.Errorf("status %d, want %d", got.status, want)
			}
			messages.wantError(t, got, "")
		}
	})
}

func TestMessagesForAnthropicItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Dialect = "anthropic"
		s.Providers[0].Endpoints = []*nodev1.Endpoint{{Api: "chat"}, {Api: "messages"}}
	}})
	messages := apis[3]
	req := messages.request(t, r, false)
	req.Header.Del("Authorization")
	req.Header.Set("X-Api-Key", clientKey)
	req.Header.Set("Anthropic-Beta", "context-1m")
	req.Header.Set("X-Stainless-Lang", "js")
	got := r.do(req)
	messages.wantGood(t, got, false)
	call, served := r.call(), r.fake.Served()[0]
	if h := served.Header; h.Get("Anthropic-Version") != "2023-06-01" || h.Get("Anthropic-Beta") != "context-1m" || h.Get("Authorization") != "" ||
		h.Get("X-Stainless-Lang") != "" || served.AuthHash != fakeprovider.AuthHash("up-secret-p1") {
		t.Errorf("upstream got %v", h)
	}
	if got.header.Get("Request-Id") != call.ID {
		t.Errorf("request-id %q", got.header.Get("Request-Id"))
	}
	req = messages.request(t, r, false)
	req.Header.Set("Anthropic-Version", "2099-01-01")
	r.do(req)
	if v := r.fake.Served()[1].Header.Get("Anthropic-Version"); v != "2099-01-01" {
		t.Errorf("the client's version became %q", v)
	}
	r.chat(false)
	if h := r.fake.Served()[2].Header; h.Get("X-Api-Key") != "" || h.Get("Authorization") == "" || h.Get("Anthropic-Version") != "" {
		t.Errorf("chat got %v", h)
	}
}

func TestTranscriptsAsText(t *testing.T) {
	t.Parallel()
	a := api{path: "/audio/transcriptions", form: []string{"response_format", "srt"}}
	r := newRig(t, setup{models: []string{"200-html", "ok"}})
	got, call := a.call(t, r, false)
	if got.status != 200 || got.header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(got.body, "Hello!") || call.Provider != "p2" {
		t.Fatalf("status %d %v: %s", got.status, got.header, got.body)
	}
}

// The usage stands at the end of an answer that is too large to hold.
func TestUsageOfLargeAnswers(t *testing.T) {
	t.Parallel()
	a := api{path: "/images/generations", body: `"prompt":"a cat"`}
	r := newRig(t, setup{models: []string{"huge-3"}})
	got, call := a.call(t, r, false)
	if got.status != 200 || len(got.body) < 3<<20 || call.Usage.Source != dataplane.UsageUpstream || call.Usage.Input != fakeprovider.PromptTokens {
		t.Fatalf("status %d, %d bytes, usage %+v", got.status, len(got.body), call.Usage)
	}
}

// A call that has a price of its own costs it also where there are no tokens.
func TestPricePerCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Models[0].Price = &nodev1.Price{PerCall: 2_000_000}
	}})
	_, call := api{path: "/audio/speech", body: `"input":"hi"`}.call(t, r, false)
	if call.Cost == 0 || call.Usage.Source != dataplane.UsageNone {
		t.Fatalf("cost %d, usage %+v", call.Cost, call.Usage)
	}
}

func fileHash(content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%x", sum[:6])
}
