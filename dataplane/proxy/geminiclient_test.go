package proxy_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const geminiHi = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`

// askGemini posts to a path of Google's API, or gets it where there is no body, with the key in its own header.
func (r *rig) askGemini(path, body string, header ...string) answer {
	r.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	if len(header) == 0 {
		header = []string{"X-Goog-Api-Key", clientKey}
	}
	return r.request(method, path, body, header...)
}

// googleError checks an error of Google's schema and gives its reason.
func googleError(t *testing.T, got answer, status int, canonical string) string {
	t.Helper()
	e := gjson.Get(got.body, "error")
	if got.status != status || int(e.Get("code").Int()) != status || e.Get("status").Str != canonical || e.Get("message").Str == "" {
		t.Errorf("%d, want %d %s: %s", got.status, status, canonical, got.body)
	}
	return e.Get(`details.#(@type=="type.googleapis.com/google.rpc.ErrorInfo").reason`).Str
}

// A request reaches a provider of Google's as it came: its bytes, with the model in the path alone.
func TestGeminiClientsReachGoogleNatively(t *testing.T) {
	t.Parallel()
	body := "{ \"contents\" : [{\"parts\":[{\"text\":\"\\u0068i\"}]}],\n\"generationConfig\":{\"temperature\":1.50},\"model\":\"models/g\", \"unknownMember\":[1e3] }"
	for path, want := range map[string]string{
		"/v1beta/models/g:generateContent":                        "/v1beta/models/gemini-3-pro:generateContent",
		"/v1/models/g:generateContent?key=" + clientKey:           "/v1beta/models/gemini-3-pro:generateContent",
		"/models/g:streamGenerateContent?alt=sse":                 "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
		"/v1beta/models/g:streamGenerateContent?key=" + clientKey: "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
	} {
		answered := geminiAnswer
		if strings.Contains(path, ":stream") {
			answered = "data: " + geminiAnswer + "\r\n\r\n"
		}
		base, asked := gemini(t, http.StatusOK, answered)
		r := geminiRig(t, base)
		header := []string{"X-Goog-Api-Key", clientKey, "X-Goog-Api-Client", "genai-js"}
		if strings.Contains(path, "key=") {
			header = header[2:]
		}
		got := r.askGemini(path, body, header...)
		call := r.call()
		switch {
		case got.status != 200 || outcomes(call) != "p1:ok" || call.Attempts[0].Translation != nil || got.header.Get("X-Trunkline-Translated") != "":
			t.Errorf("%s: %d, tried %s: %s", path, got.status, outcomes(call), got.body)
		case strings.Contains(path, "alt=sse") && got.body != answered:
			t.Errorf("%s: the stream became %q", path, got.body)
		case strings.HasSuffix(path, ":generateContent") && got.body != answered:
			t.Errorf("%s: the answer became %q", path, got.body)
		}
		if want := (dataplane.Usage{Input: 30, CachedInput: 10, Output: 20, Reasoning: 8, Source: dataplane.UsageUpstream}); call.Usage != want || call.Endpoint != "/v1beta/models/{model}:generateContent" || call.Model != "g" {
			t.Errorf("%s: recorded %s of %s, usage %+v", path, call.Endpoint, call.Model, call.Usage)
		}
		req := asked()
		sent, _ := io.ReadAll(req.Body)
		if req.URL.RequestURI() != want || string(sent) != strings.Replace(body, "models/g", "models/gemini-3-pro", 1) || req.Header.Get("X-Goog-Api-Key") != "up-secret-p1" || req.Header.Get("X-Goog-Api-Client") != "" {
			t.Errorf("%s: asked at %s, %v, with %s", path, req.URL, req.Header, sent)
		}
	}
}

// Without alt=sse a stream is a JSON array, native or translated, whole or failed.
func TestGeminiStreamsAsArrays(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"gemini", "chat"} {
		for model, want := range map[string]string{"ok": "finishReason", "comments": "finishReason", "tokens-20+eof-events-12": "error", "slow-100ms+status-500": "error"} {
			r := newRig(t, setup{models: []string{model}, snapshot: speaks(provider), config: func(c *proxy.Config) { c.KeepAlive = 20e6 }})
			got := r.askGemini("/v1beta/models/g:streamGenerateContent", geminiHi)
			call := r.call()
			all := gjson.Parse(got.body)
			last := all.Get("@reverse.0")
			if got.status != 200 || !gjson.Valid(got.body) || !all.IsArray() || got.header.Get("Content-Type") != "application/json; charset=utf-8" || !call.Stream {
				t.Fatalf("%s %s: %d %v: %s", provider, model, got.status, got.header, got.body)
			}
			if (want == "error") != last.Get("error.message").Exists() || want != "error" && last.Get("candidates.0.finishReason").Str != "STOP" {
				t.Errorf("%s %s: %s", provider, model, got.body)
			}
			if text := strings.Join(texts(all.Get("#.candidates.0.content.parts.0.text")), ""); want != "error" && text != "Hello! This answer comes from the scripted provider." {
				t.Errorf("%s %s says %q", provider, model, text)
			}
		}
	}
}

func texts(list gjson.Result) (all []string) {
	for _, v := range list.Array() {
		all = append(all, v.Str)
	}
	return all
}

func TestKeysOfGeminiClients(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("chat")})
	const path = "/v1beta/models/g:generateContent"
	for _, tt := range []struct {
		path   string
		header []string
		status int
	}{
		{path, []string{"X-Goog-Api-Key", clientKey}, 200},
		{path, []string{"Authorization", "Bearer " + clientKey}, 200},
		{path + "?key=" + clientKey, []string{"X-A", "b"}, 200},
		{path + "?key=sk-wrong", []string{"X-A", "b"}, 401},
		{path + "?key=" + clientKey + "&key=sk-wrong", []string{"X-A", "b"}, 401},
		{path + "?key=sk-wrong&key=" + clientKey, []string{"X-A", "b"}, 401},
		{path + "?key=" + clientKey, []string{"X-Goog-Api-Key", "sk-wrong"}, 200}, // the one that is known counts
		{path, []string{"X-A", "b"}, 401},
		{"/v1/models/g:countTokens?key=" + clientKey, []string{"X-A", "b"}, 200},
		{"/v1/chat/completions?key=" + clientKey, []string{"X-A", "b"}, 401}, // only Google's clients send it so
	} {
		got := r.askGemini(tt.path, geminiHi, tt.header...)
		if got.status != tt.status {
			t.Errorf("%s %v: %d: %s", tt.path, tt.header, got.status, got.body)
		}
		if tt.status == 200 {
			r.call()
		} else if strings.HasPrefix(tt.path, path) {
			googleError(t, got, 401, "UNAUTHENTICATED")
		}
		if strings.Contains(got.body, "sk-wrong") {
			t.Errorf("a key is repeated: %s", got.body)
		}
	}
	for _, served := range r.fake.Served() {
		if got := fmt.Sprint(served.Header, string(served.Body)); served.Query != "" || strings.Contains(got, clientKey) || strings.Contains(got, "sk-wrong") {
			t.Errorf("the provider got %+v", served)
		}
	}
}

// Whatever is refused is refused in Google's words.
func TestErrorsOfGeminiClients(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("gemini"), config: func(c *proxy.Config) { c.MaxBody = 1 << 10 }})
	const path = "/v1beta/models/g:generateContent"
	for _, tt := range []struct {
		path, body string
		status     int
		canonical  string
		reason     string
	}{
		{"/v1beta/models/none:generateContent", geminiHi, 404, "NOT_FOUND", "MODEL_NOT_FOUND"},
		{"/v1beta/models/private:generateContent", geminiHi, 404, "NOT_FOUND", "MODEL_NOT_FOUND"},
		{path, "", 405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED"},
		{path, strings.Repeat(" ", 2000) + geminiHi, 413, "INVALID_ARGUMENT", "REQUEST_TOO_LARGE"},
		{path, `[]`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{path, `{"contents":"hi"}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{path, `{"contents":[],"contents":[]}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{path, `{"contents":[],"model":"models/private"}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{path, `{"contents":[],"model":7}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{path, `{"contents":[],"mod\u0065l":"models/g"}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{path, `{"contents":[],"Model":"models/g"}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{"/v1beta/models/g:countTokens", `{"generateContentRequest":{"model":"models/private","contents":[]}}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{"/v1beta/models/g:countTokens", `{"generateContentRequest":{"model":"models/g","model":"models/g"}}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{"/v1beta/models/g:batchEmbedContents", `{"requests":[{"model":"models/g"},{"model":"private"}]}`, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{"/v1beta/models/g:streamGenerateContent?alt=proto", geminiHi, 400, "INVALID_ARGUMENT", "INVALID_REQUEST"},
		{"/v1beta/models/g:predict", `{}`, 404, "NOT_FOUND", "UNKNOWN_URL"},
		{"/v1beta/cachedContents", `{}`, 404, "NOT_FOUND", "UNSUPPORTED_ENDPOINT"},
		{"/upload/v1beta/files", `{}`, 404, "NOT_FOUND", "UNSUPPORTED_ENDPOINT"},
		{"/v1beta/models/none", "", 404, "NOT_FOUND", "MODEL_NOT_FOUND"},
		{"/v1beta", "", 404, "NOT_FOUND", "UNKNOWN_URL"},
	} {
		got := r.askGemini(tt.path, tt.body)
		if reason := googleError(t, got, tt.status, tt.canonical); reason != tt.reason {
			t.Errorf("%s %.60s: reason %s, want %s", tt.path, tt.body, reason, tt.reason)
		}
	}
	if n := len(r.fake.Served()); n != 0 {
		t.Errorf("%d requests went on", n)
	}
}

// Where a client is to wait, the error says so as Google does.
func TestGeminiClientsAreToldToWait(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{"status-429-retry-after-7": "7s", "error-invalid_api_key": "", "status-503": "1s"} {
		for _, provider := range []string{"gemini", "chat"} {
			r := newRig(t, setup{models: []string{model}, snapshot: speaks(provider)})
			got := r.askGemini("/v1beta/models/g:generateContent", geminiHi)
			r.call()
			if wait := gjson.Get(got.body, `error.details.#(@type=="type.googleapis.com/google.rpc.RetryInfo").retryDelay`).Str; wait != want || gjson.Get(got.body, `error.details.#(@type=="type.googleapis.com/google.rpc.RequestInfo").requestId`).Str == "" {
				t.Errorf("%s over %s: %d, wait %q: %s", model, provider, got.status, wait, got.body)
			}
		}
	}
}

// The models that a body repeats are named as the provider knows them.
func TestBodiesThatRepeatTheModelForGoogle(t *testing.T) {
	t.Parallel()
	for path, tt := range map[string][2]string{
		"countTokens":        {`{"generateContentRequest":{"model":"models/g","contents":[]},"model":"g"}`, `{"generateContentRequest":{"model":"models/ok","contents":[]},"model":"ok"}`},
		"batchEmbedContents": {`{"requests":[{"model":"models/g","content":{}},{"content":{}},{"model":"g"}]}`, `{"requests":[{"model":"models/ok","content":{}},{"content":{}},{"model":"ok"}]}`},
		"embedContent":       {`{"model":"models/g","content":{"parts":[]}}`, `{"model":"models/ok","content":{"parts":[]}}`},
	} {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("gemini")})
		got := r.askGemini("/v1beta/models/g:"+path, tt[0])
		r.call()
		if sent := string(r.fake.Served()[0].Body); got.status != 200 || sent != tt[1] {
			t.Errorf("%s: %d, sent %s", path, got.status, sent)
		}
	}
}

// Names of groups may hold slashes and colons, escaped or not.
func TestModelsInPathsOfGeminiClients(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		speaks("chat")(s)
		s.Groups[0].Aliases = append(s.Groups[0].Aliases, "llama3:8b")
	}})
	for _, name := range []string{"g", "org/alias", "org%2Falias", "llama3:8b", "llama3%3A8b"} {
		if got := r.askGemini("/v1beta/models/"+name+":generateContent", geminiHi); got.status != 200 || r.call().Group != "g" {
			t.Errorf("%s: %d: %s", name, got.status, got.body)
		}
		if got := r.askGemini("/v1beta/models/"+name, ""); got.status != 200 || gjson.Get(got.body, "displayName").Str == "" {
			t.Errorf("%s: %d: %s", name, got.status, got.body)
		}
	}
}

func TestModelsAsGoogleListsThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Groups[0].DisplayName = "The Group"
		s.Groups[0].Aliases = []string{"org/alias", "wild-*"}
		s.Providers[0].Models[0].ContextWindow = 128_000
	}})
	got := r.askGemini("/v1beta/models", "")
	if got.status != 200 || gjson.Get(got.body, "models.#.name").Raw != `["models/g","models/org/alias"]` || gjson.Get(got.body, "nextPageToken").Exists() ||
		gjson.Get(got.body, "models.0.displayName").Str != "The Group" || gjson.Get(got.body, "models.0.inputTokenLimit").Int() != 128_000 || gjson.Get(got.body, "models.0.supportedGenerationMethods.0").Str != "generateContent" {
		t.Errorf("%d: %s", got.status, got.body)
	}
	first := r.askGemini("/v1beta/models?pageSize=1", "")
	next := gjson.Get(first.body, "nextPageToken").Str
	second := r.askGemini("/v1beta/models?pageSize=1&pageToken="+next, "")
	if gjson.Get(first.body, "models.#.name").Raw != `["models/g"]` || next == "" || gjson.Get(second.body, "models.#.name").Raw != `["models/org/alias"]` || gjson.Get(second.body, "nextPageToken").Exists() {
		t.Errorf("%s then %s", first.body, second.body)
	}
	for _, query := range []string{"pageSize=x", "pageSize=-1", "pageToken=*"} {
		googleError(t, r.askGemini("/v1beta/models?"+query, ""), 400, "INVALID_ARGUMENT")
	}
	if got := r.askGemini("/v1/models/g", ""); gjson.Get(got.body, "name").Str != "models/g" { // some of Google's SDKs say so
		t.Errorf("a model for an SDK of Google's: %s", got.body)
	}
	if got := r.askGemini("/v1/models", "", "Authorization", "Bearer "+clientKey); gjson.Get(got.body, "data.0.id").Str != "g" {
		t.Errorf("OpenAI's list became %s", got.body)
	}
}

// What a provider of another dialect sealed goes back to it alone, and Google gets a word in its place.
func TestWhatGeminiClientsCarry(t *testing.T) {
	t.Parallel()
	carried := base64.StdEncoding.EncodeToString([]byte("tl1.000000000000.messages.c2ln"))
	body := `{"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":"` + carried + `"}]},` +
		`{"role":"model","parts":[{"text":"say","thoughtSignature":"` + carried + `"},{"thoughtSignature":"` + carried + `","functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f"},"thoughtSignature":"b3du"}]},` +
		`{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}},{"functionResponse":{"name":"f","response":{}}}]}]}`
	want := `{"contents":[{"role":"user","parts":[{"text":"a"}]},` +
		`{"role":"model","parts":[{"text":"say"},{"thoughtSignature":"skip_thought_signature_validator","functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f"},"thoughtSignature":"b3du"}]},` +
		`{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}},{"functionResponse":{"name":"f","response":{}}}]}]}`
	r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: speaks("gemini", "messages")})
	got := r.askGemini("/v1beta/models/g:generateContent", body)
	call := r.call()
	if sent := string(r.fake.Served()[0].Body); got.status != 200 || sent != want || call.Attempts[0].Opaque != 4 {
		t.Errorf("%d, %d items, sent\n%s\nwant\n%s", got.status, call.Attempts[0].Opaque, sent, want)
	}
	for _, provider := range []string{"chat", "messages", "responses"} {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks(provider)})
		got := r.askGemini("/v1beta/models/g:generateContent", body)
		r.call()
		if sent := string(r.fake.Served()[0].Body); got.status != 200 || strings.Contains(sent, carried) || strings.Contains(sent, "tl1.") || strings.Contains(sent, "b3du") {
			t.Errorf("%s: %d, sent %s", provider, got.status, sent)
		}
	}
}

// A signature that another account made is refused by Google, and left out then.
func TestSignaturesOfOthersAreLeftOutForGoogle(t *testing.T) {
	t.Parallel()
	var sent []string
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = append(sent, string(body))
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(body), "b3du") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":{"code":400,"message":"Thought signature is not valid","status":"INVALID_ARGUMENT"}}`)
			return
		}
		_, _ = io.WriteString(w, geminiAnswer)
	}))
	t.Cleanup(up.Close)
	r := geminiRig(t, up.URL+"/v1beta")
	got := r.askGemini("/v1beta/models/g:generateContent", `{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"b3du"}]},{"role":"user","parts":[{"functionResponse":{"name":"f"}}]}]}`)
	call := r.call()
	if got.status != 200 || len(call.Attempts) != 2 || call.Attempts[1].Opaque != 1 || !strings.Contains(sent[1], `"thoughtSignature":"skip_thought_signature_validator"`) {
		t.Errorf("%d, tried %s, sent %v: %s", got.status, outcomes(call), sent, got.body)
	}
}

// Tokens are counted where somebody can; else they are estimated, files apart.
func TestTokensOfGeminiClients(t *testing.T) {
	t.Parallel()
	body := `{"contents":[{"parts":[{"text":"` + strings.Repeat("word ", 400) + `"},{"inlineData":{"mimeType":"image/png","data":"` + strings.Repeat("iVBORw0K", 4000) + `"}}]}]}`
	for _, provider := range []string{"chat", "gemini"} {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks(provider)})
		got := r.askGemini("/v1beta/models/g:countTokens", body)
		call := r.call()
		n := gjson.Get(got.body, "totalTokens").Int()
		switch provider {
		case "chat":
			if got.status != 200 || got.header.Get("X-Trunkline-Estimated") != "true" || n < 1500 || n > 1560 || len(call.Attempts) != 0 {
				t.Errorf("%d %v: %s", got.status, got.header, got.body)
			}
		case "gemini":
			if got.status != 200 || got.header.Get("X-Trunkline-Estimated") != "" || n != 24 || outcomes(call) != "p1:ok" {
				t.Errorf("%d %v: %s", got.status, got.header, got.body)
			}
		}
	}
}

// A prompt that Google refuses to answer is an answer, as a stream too.
func TestBlockedPromptsOfGeminiClients(t *testing.T) {
	t.Parallel()
	const blocked = `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"m","responseId":"r"}`
	for path, body := range map[string]string{"generateContent": blocked, "streamGenerateContent?alt=sse": "data: " + blocked + "\r\n\r\n"} {
		base, _ := gemini(t, http.StatusOK, body)
		r := geminiRig(t, base)
		if got, call := r.askGemini("/v1beta/models/g:"+path, geminiHi), r.call(); got.status != 200 || got.body != body || call.Outcome != dataplane.OK || call.Usage.Input != 5 {
			t.Errorf("%s: %d, call %v, usage %+v: %s", path, got.status, call.Outcome, call.Usage, got.body)
		}
	}
}

// What other providers cannot be told is refused or named, as Google's members are called.
func TestWhatOnlyGoogleCanBeTold(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]string{
		`"cachedContent":"cachedContents/1"`:                                                   "refused cachedContent",
		`"tools":[{"codeExecution":{}}]`:                                                       "refused tools.codeExecution",
		`"generationConfig":{"responseModalities":["IMAGE"]}`:                                  "refused generationConfig.responseModalities",
		`"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]`:  "dropped: safetySettings",
		`"tools":[{"googleSearch":{}}]`:                                                        "dropped: tools.googleSearch",
		`"generationConfig":{"responseModalities":["TEXT"],"topK":40,"maxOutputTokens":9}`:     "dropped: top_k",
		`"systemInstruction":{"parts":[{"fileData":{"fileUri":"https://example.com/a.png"}}]}`: "",
	} {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("chat")})
		got := r.askGemini("/v1beta/models/g:generateContent", strings.TrimSuffix(geminiHi, "}")+","+more+"}")
		r.call()
		switch refused, is := strings.CutPrefix(want, "refused "); {
		case is:
			if reason := googleError(t, got, 400, "INVALID_ARGUMENT"); reason != "NOT_TRANSLATABLE" || gjson.Get(got.body, `error.details.#(@type=="type.googleapis.com/google.rpc.BadRequest").fieldViolations.0.field`).Str != refused {
				t.Errorf("%s: %s", more, got.body)
			}
		default:
			if h := got.header.Get("X-Trunkline-Translated"); got.status != 200 || !strings.HasPrefix(h, "gemini -> chat") || !strings.Contains(h, want) {
				t.Errorf("%s: %d, header %q", more, got.status, h)
			}
		}
	}
}

// Pages may call with Google's headers, and a budget counts what the request allows.
func TestGeminiClientsInBrowsers(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		speaks("chat")(s)
		s.CorsOrigins = []string{"https://app.example"}
	}})
	preflight := r.request(http.MethodOptions, "/v1beta/models/g:streamGenerateContent?alt=sse", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "content-type,x-goog-api-client,x-goog-api-key")
	if h := preflight.header; preflight.status != 204 || h.Get("Access-Control-Allow-Headers") != "content-type,x-goog-api-client,x-goog-api-key" || h.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Errorf("%d %v", preflight.status, h)
	}
	got := r.askGemini("/v1beta/models/g:generateContent", geminiHi, "X-Goog-Api-Key", clientKey, "Origin", "https://app.example")
	if got.status != 200 || !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "X-Trunkline-Translated") {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// A provider that lacks the API of embeddings says so, and nobody is asked.
func TestEmbeddingsOfGeminiClients(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("chat")})
	got := r.askGemini("/v1beta/models/g:embedContent", `{"content":{"parts":[{"text":"hi"}]}}`)
	if call := r.call(); googleError(t, got, 404, "NOT_FOUND") != "UNSUPPORTED" || call.Outcome != dataplane.Unsupported || len(r.fake.Served()) != 0 {
		t.Errorf("call %v: %s", call.Outcome, got.body)
	}
}
