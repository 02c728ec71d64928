package proxy_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
)

// formCall posts a hand-made form to /v1/audio/transcriptions.
func (r *rig) formCall(boundary string, body []byte) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/v1/audio/transcriptions", bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	req.Header.Set("Authorization", "Bearer "+clientKey)
	return r.do(req)
}

// upload is a form with a file of the given size, before or behind the model.
func upload(t *testing.T, size int, modelLast bool) (boundary string, body, file []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	field := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if !modelLast {
		field("model", "g")
	}
	h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="höhe \"1\".mp3"`}, "Content-Type": {"audio/mpeg"}}
	part, err := w.CreatePart(h)
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.Repeat([]byte("sound\r\n--not-the-boundary\r\n\x00"), size/28+1)[:size]
	_, _ = part.Write(file)
	field("timestamp_granularities[]", "word")
	if modelLast {
		field("model", "g")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Boundary(), b.Bytes(), file
}

// Each attempt gets the whole form with its own model, wherever the model stands and
// however large the file is; nothing is left on the disk.
func TestFormsArriveWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1000, 300 << 10, 20 << 20} {
		for _, modelLast := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d/last=%v", size, modelLast), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				r := newRig(t, setup{models: []string{"status-500", "cut-0", "echo"}, config: func(c *proxy.Config) { c.TempDir = dir }})
				boundary, body, file := upload(t, size, modelLast)
				got := r.formCall(boundary, body)
				call := r.call()
				want := fmt.Sprintf("file höhe %%221%%22.mp3 %d %s", size, fileHash(file))
				if text := gjson.Get(got.body, "text").Str; got.status != 200 || strings.TrimSpace(text) != want {
					t.Fatalf("status %d %s, heard %q, want %q", got.status, outcomes(call), text, want)
				}
				for i, s := range r.fake.Served() {
					if want := []string{"status-500", "cut-0", "echo"}[i]; s.Model != want {
						t.Errorf("attempt %d was sent model %q", i+1, s.Model)
					}
				}
				if size < 60_000 && !bytes.Contains(r.fake.Served()[2].Body, []byte("name=\"timestamp_granularities[]\"\r\n\r\nword\r\n")) {
					t.Errorf("a field is missing: %s", r.fake.Served()[2].Body)
				}
				left, err := os.ReadDir(dir)
				if err != nil || len(left) != 0 {
					t.Errorf("left on disk: %v %v", left, err)
				}
			})
		}
	}
}

func TestFormsWeRefuse(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.MaxBody = 10_000 }})
	part := func(disposition, value string) string {
		return "--B\r\nContent-Disposition: " + disposition + "\r\n\r\n" + value + "\r\n"
	}
	model := part(`form-data; name="model"`, "g")
	const end = "--B--\r\n"
	tests := []struct {
		name, body string
		status     int
		message    string
	}{
		{"no model", part(`form-data; name="a"`, "1") + end, 400, "you must provide a model"},
		{"two models", model + part(`form-data; name="model"`, "private") + end, 400, "once"},
		{"capitals", model + part(`form-data; name="Model"`, "private") + end, 400, "once"},
		{"model as a file", part(`form-data; name="model"; filename="m"`, "g") + end, 400, "plain field"},
		{"long model", part(`form-data; name="model"`, strings.Repeat("g", 1100)) + end, 400, "too long"},
		{"no name", model + part(`form-data`, "1") + end, 400, "no name"},
		{"attachment", model + part(`attachment; name="x"`, "1") + end, 400, "no name"},
		{"encoded", "--B\r\nContent-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: base64\r\n\r\nZw==\r\n" + end, 400, "content-transfer-encoding"},
		{"cut off", model + model[:30], 400, "before its last boundary"},
		{"no end", model, 400, "Failed to read"},
		{"many parts", model + strings.Repeat("--B\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n", 130) + end, 400, "more than 128 parts"},
		{"stream", model + part(`form-data; name="stream"`, "maybe") + end, 400, "true or false"},
		{"group of others", part(`form-data; name="model"`, "private") + end, 404, "does not exist"},
		{"large", model + part(`form-data; name="file"; filename="f"`, strings.Repeat("x", 15000)) + end, 413, "larger than 10000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.formCall("B", []byte(tt.body))
			call := r.call()
			if got.status != tt.status || !strings.Contains(got.body, tt.message) || call.Status != tt.status {
				t.Fatalf("status %d (recorded %d): %s", got.status, call.Status, got.body)
			}
			got.errorCode(t)
		})
	}
	if n := len(r.fake.Served()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}

// JSON is taken where forms are, and forms are refused where only JSON is.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	for _, tt := range []struct {
		path, contentType string
		status            int
	}{
		{"/v1/chat/completions", "", 200},
		{"/v1/chat/completions", "application/json; charset=utf-8", 200},
		{"/v1/chat/completions", "application/x-www-form-urlencoded", 200},
		{"/v1/chat/completions", "application/vnd.api+json", 200},
		{"/v1/chat/completions", "text/plain", 200},
		{"/v1/chat/completions", "text/xml", 415},
		{"/v1/chat/completions", "multipart/form-data; boundary=B", 415},
		{"/v1/chat/completions", "nonsense/", 415},
		{"/v1/images/edits", "application/json", 200},
		{"/v1/images/edits", "multipart/form-data", 415},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+tt.path, strings.NewReader(`{"model":"g","messages":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+clientKey)
		if tt.contentType != "" {
			req.Header.Set("Content-Type", tt.contentType)
		}
		got := r.do(req)
		if r.call(); got.status != tt.status || got.status == 415 && got.errorCode(t) != "unsupported_media_type" {
			t.Errorf("%s with %q: %d %s", tt.path, tt.contentType, got.status, got.body)
		}
	}
}

func TestEndpointsThatAreNotHere(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	for path, code := range map[string]string{
		"/v1/files": "unsupported_endpoint", "/v1/batches/b_1": "unsupported_endpoint", "/v1/responses/resp_1/x": "unsupported_endpoint",
		"/v1/chat/completions/chatcmpl-1": "unsupported_endpoint", "/v1/assistants": "unsupported_endpoint", "/v1/filesystem": "unknown_url", "/v1/": "unknown_url",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.do(req); got.status != 404 || got.errorCode(t) != code {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
