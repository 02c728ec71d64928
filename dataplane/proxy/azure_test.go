package proxy_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// azure posts as Azure's clients do, with the key in api-key.
func azure(t *testing.T, r *rig, path, contentType, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Api-Key", clientKey)
	return r.do(req)
}

func TestAzuresPaths(t *testing.T) {
	t.Parallel()
	const chat = `"messages":[{"role":"user","content":"hi"}]`
	for name, tt := range map[string]struct{ path, body string }{
		"v1":                   {"/openai/v1/chat/completions", `{"model":"g",` + chat + `}`},
		"below ours":           {"/v1/openai/v1/chat/completions", `{"model":"g",` + chat + `}`},
		"a deployment":         {"/openai/deployments/g/chat/completions?api-version=2024-10-21", ` {` + chat + `}`},
		"and its model":        {"/openai/deployments/g/chat/completions?api-version=2024-10-21", `{` + chat + `,"model":"g"}`},
		"an alias":             {"/openai/deployments/org/alias/chat/completions", `{` + chat + `}`},
		"an alias, escaped":    {"/v1/openai/deployments/org%2Falias/chat/completions", `{` + chat + `}`},
		"a deployment's input": {"/openai/deployments/g/embeddings", `{"input":"hi"}`},
	} {
		r := newRig(t, setup{models: []string{"ok"}})
		if got := azure(t, r, tt.path, "application/json", tt.body); got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
			continue
		}
		if call := r.call(); call.Group != "g" || outcomes(call) != "p1:ok" {
			t.Errorf("%s: group %q, attempts %s", name, call.Group, outcomes(call))
		}
		if body := r.fake.Served()[0].Body; gjson.GetBytes(body, "model").Str != "ok" || bytes.Count(body, []byte(`"model"`)) != 1 || !gjson.ValidBytes(body) {
			t.Errorf("%s: the provider got %s", name, body)
		}
	}
}

func TestAzuresForms(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	file, _ := parts.CreateFormFile("file", "a.wav")
	_, _ = file.Write([]byte("RIFF"))
	_ = parts.Close()
	if got := azure(t, r, "/openai/deployments/g/audio/transcriptions?api-version=1", parts.FormDataContentType(), form.String()); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if served := r.fake.Served()[0]; served.Model != "ok" {
		t.Errorf("the provider got model %q", served.Model)
	}
}

func TestWhatAzuresClientsAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].Dialect = "fake" }})
	for name, tt := range map[string]struct {
		path, body string
		status     int
		begins     string
		code       string
	}{
		"another model":         {"/openai/deployments/g/chat/completions", `{"model":"private","messages":[]}`, 400, `{"error":`, "not the one in its path"},
		"in Anthropic's words":  {"/openai/deployments/g/messages", `{"model":"private","messages":[]}`, 400, `{"type":"error"`, "not the one in its path"},
		"an empty model":        {"/openai/deployments/g/chat/completions", `{"model":"","messages":[]}`, 400, `{"error":`, "must provide a model"},
		"a group of others":     {"/openai/deployments/private/chat/completions", `{"messages":[]}`, 404, `{"error":`, "model_not_found"},
		"no model anywhere":     {"/openai/v1/chat/completions", `{"messages":[]}`, 400, `{"error":`, "must provide a model"},
		"no JSON":               {"/openai/deployments/g/chat/completions", `{"messages":[}`, 400, `{"error":`, "invalid"},
		"no object":             {"/openai/deployments/g/chat/completions", `[]`, 400, `{"error":`, "not a JSON object"},
		"an endpoint of nobody": {"/openai/deployments/g/extensions/chat", `{}`, 404, `{"error":`, "unknown_url"},
		"files":                 {"/openai/files", `{}`, 404, `{"error":`, "unsupported_endpoint"},
	} {
		got := azure(t, r, tt.path, "application/json", tt.body)
		if got.status != tt.status || !strings.HasPrefix(got.body, tt.begins) || !strings.Contains(got.body, tt.code) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if n := len(r.fake.Served()); n != 0 {
		t.Errorf("%d requests went on", n)
	}
}
