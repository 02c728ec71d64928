package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/ops"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// node:http and urllib write all of a body before they read: the refusal must be there then, whoever they are.
func TestAClientThatWritesEverythingFirstSeesTheRefusal(t *testing.T) {
	t.Parallel()
	const size = 24 << 20 // more than all buffers on the way hold
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.MaxBody = 1 << 20 }})
	body := `{"model":"g","x":"` + strings.Repeat("a", size) + `"}`
	chunk := strings.Repeat("a", 1<<20)
	chunked := strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk), size>>20) + "0\r\n\r\n"
	stranger := func(request string) string { return strings.Replace(request, clientKey, "sk-nobody-0123456789", 1) }
	requests := map[string]struct {
		request string
		status  string
	}{
		"a large body":                {head(len(body)) + body, "413"},
		"a large chunked body":        {head(-1, "Transfer-Encoding: chunked") + chunked, "413"},
		"the last of a connection":    {head(len(body), "Connection: close") + body, "413"}, // as urllib sends it
		"the last, in chunks":         {head(-1, "Transfer-Encoding: chunked", "Connection: close") + chunked, "413"},
		"the last, to no path":        {strings.Replace(head(len(body), "Connection: close"), "/v1/chat/completions", "/v1/nothing", 1) + body, "404"},
		"of HTTP/1.0":                 {strings.Replace(head(len(body)), "HTTP/1.1", "HTTP/1.0", 1) + body, "413"},
		"a stranger's last":           {stranger(head(len(body), "Connection: close")) + body, "401"},
		"an unknown encoding":         {head(1<<20, "Content-Encoding: br") + body[:1<<20], "415"},
		"a stranger's":                {stranger(head(len(body))) + body, "401"},
		"a stranger's in chunks":      {stranger(head(-1, "Transfer-Encoding: chunked")) + chunked, "401"},
		"to a path that is none":      {strings.Replace(head(len(body)), "/v1/chat/completions", "/v1/nothing", 1) + body, "404"},
		"to what is only read":        {strings.Replace(head(len(body)), "/v1/chat/completions", "/v1/models", 1) + body, "405"},
		"to a stored response":        {strings.Replace(head(len(body)), "/v1/chat/completions", "/v1/responses/resp_1/cancel", 1) + body, "404"},
		"with too many header fields": {head(len(body), strings.Repeat("A: b\r\n", 100)+"A: b") + body, "431"},
		"with a head that is broken":  {head(len(body), "A : b") + body, "400"},
		"with a head that is large":   {head(len(body), "A: "+strings.Repeat("a", 40<<10)) + body, "431"},
		"with a head that is larger":  {head(len(body), "A: "+strings.Repeat("a", 80<<10)) + body, "431"},
		"a WebSocket, no body":        {"GET /v1/responses HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "426"},
	}
	borrowed := httptest.NewUnstartedServer(nil)
	borrowed.StartTLS() // for its certificate
	defer borrowed.Close()
	certificate := &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12}
	for server, cfg := range map[string]ops.Server{"net/http": {}, "plain": {Plain: func(string) bool { return true }}, "TLS": {TLS: certificate}} {
		cfg.Handler, cfg.Early = r.proxy, proxy.EarlyError
		address := listen(t, cfg)
		for name, tt := range requests {
			if server == "TLS" && !strings.Contains(name, " last") { // the others do not depend on it
				continue
			}
			t.Run(server+", "+name, func(t *testing.T) {
				t.Parallel()
				conn, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				if server == "TLS" {
					conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
				}
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
				if _, err := io.WriteString(conn, tt.request); err != nil {
					t.Fatalf("the connection was closed while the client wrote: %v", err)
				}
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatalf("no answer: %v", err)
				}
				defer resp.Body.Close()
				answer, err := io.ReadAll(resp.Body)
				if err != nil || !strings.HasPrefix(resp.Status, tt.status) || gjson.GetBytes(answer, "error.message").Str == "" {
					t.Fatalf("%s %s %v", resp.Status, answer, err)
				}
			})
		}
	}
}

// A refusal ends nothing else on a connection of HTTP/2, which several clients of a proxy may share.
func TestARefusalEndsNoOtherRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.MaxBody = 1 << 20 }})
	borrowed := httptest.NewUnstartedServer(nil)
	borrowed.StartTLS() // for its certificate
	defer borrowed.Close()
	address := listen(t, ops.Server{
		Handler: r.proxy, Early: proxy.EarlyError,
		TLS: &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}},
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	shared := false
	trace := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { shared = c.Reused }})
	ask := func(ctx context.Context, body io.Reader, filler string) string {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+address+"/v1/chat/completions", body)
		if err != nil {
			t.Error(err)
			return ""
		}
		req.Header = http.Header{"Authorization": {"Bearer " + clientKey}, "Content-Type": {"application/json"}, "X-Filler": {filler}}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		return fmt.Sprint(resp.Proto, " ", resp.StatusCode, " ", gjson.GetBytes(answer, "error.code").Str)
	}
	body, more := io.Pipe()
	other := make(chan string, 1)
	go func() { other <- ask(t.Context(), body, "") }()
	fmt.Fprint(more, `{"model":"g",`)
	const said = `{"model":"g","messages":[]}`
	for _, tt := range []struct{ body, filler, want string }{
		{said, strings.Repeat("a", 40<<10), "431 headers_too_large"},
		{strings.Repeat(" ", 2<<20), "", "413 request_too_large"},
		{said, "", "200 "},
	} {
		if got := ask(trace, strings.NewReader(tt.body), tt.filler); got != "HTTP/2.0 "+tt.want || !shared {
			t.Errorf("answered %q, want %s; on the shared connection: %v", got, tt.want, shared)
		}
	}
	fmt.Fprint(more, `"messages":[]}`)
	_ = more.Close()
	if got := <-other; got != "HTTP/2.0 200 " {
		t.Errorf("the other request: %q", got)
	}
}

// What the server refuses by itself is in the words of the API that was called, and says what to do about it.
func TestEarlyErrorsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line   string
		status int
		want   string
	}{
		{"POST /v1/chat/compl", 400, `{"error":{"message":"The request is not valid HTTP.","type":"invalid_request_error","param":null,"code":"invalid_http"}}`},
		{"POST /v1/messages H", 417, `{"type":"error","error":{"type":"invalid_request_error","message":"The Expect header of the request may only be 100-continue."},"request_id":""}`},
		{"GET /v1/models HTTP", 505, `{"error":{"message":"The HTTP version of the request is not supported. Use HTTP/1.1 or HTTP/2.","type":"invalid_request_error","param":null,"code":"invalid_http"}}`},
		{"POST /v1/models HTT", 501, `{"error":{"message":"The Transfer-Encoding of the request may only be chunked.","type":"invalid_request_error","param":null,"code":"invalid_http"}}`},
		{"", ops.StatusNotTLS, `{"error":{"message":"This port speaks HTTPS. Use https:// in the base URL.","type":"invalid_request_error","param":null,"code":"https_required"}}`},
	} {
		if got := string(proxy.EarlyError(tt.line, tt.status)); got != tt.want {
			t.Errorf("%q, %d: %s, want %s", tt.line, tt.status, got, tt.want)
		}
	}
}

// listen serves as a process does.
func listen(t *testing.T, s ops.Server) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Logger = slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func TestJSONIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	for body, want := range map[string][2]string{
		`{"model":"g","messages":[],"temperature":NaN}`:           {"temperature", "NaN at byte 41 is no JSON value"},
		`{"model":"g","messages":"hi"}`:                           {"messages", "messages must be an array"},
		`{"model":"g","messages":[],"stop":"a","stop":"b"}`:       {"stop", "stop must appear once"},
		`{"model":"g","messages":[]} garbage`:                     {"", "goes on after the JSON object"},
		`{"model":["g"],"messages":[]}`:                           {"model", "model must be a string"},
		`{"model":"g","stream":"false","messages":[]}`:            {"stream", "stream must be true or false"},
		`{"model":"g","messages":[{"content":"a` + "\n" + `b"}]}`: {"messages", "must be escaped"},
	} {
		got := r.post(body)
		if got.status != 400 || gjson.Get(got.body, "error.param").String() != want[0] || !strings.Contains(gjson.Get(got.body, "error.message").Str, want[1]) {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	if n := len(r.fake.Served()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}

func TestModelsInTheShapeOfAnthropic(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok", "tokens-3"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Models[0].ContextWindow, s.Providers[1].Models[0].ContextWindow = 200_000, 128_000
		s.Groups[0].DisplayName, s.Groups[0].Aliases = "The Group", []string{"claude-x", "org/alias", "wild/*"}
	}})
	get := func(path string) answer {
		return r.request(http.MethodGet, path, "", "X-Api-Key", clientKey, "Anthropic-Version", "2023-06-01")
	}
	const one = `{"type":"model","id":"%s","display_name":"The Group","created_at":"2023-11-14T22:13:20Z","max_input_tokens":128000}`
	for path, want := range map[string]string{
		"/v1/models":                             fmt.Sprintf(`{"data":[`+one+`,`+one+`,`+one+`],"has_more":false,"first_id":"claude-x","last_id":"org/alias"}`, "claude-x", "g", "org/alias"),
		"/v1/models?limit=1":                     fmt.Sprintf(`{"data":[`+one+`],"has_more":true,"first_id":"claude-x","last_id":"claude-x"}`, "claude-x"),
		"/v1/models?limit=1&after_id=claude-x":   fmt.Sprintf(`{"data":[`+one+`],"has_more":true,"first_id":"g","last_id":"g"}`, "g"),
		"/v1/models?after_id=g":                  fmt.Sprintf(`{"data":[`+one+`],"has_more":false,"first_id":"org/alias","last_id":"org/alias"}`, "org/alias"),
		"/v1/models?before_id=org/alias&limit=1": fmt.Sprintf(`{"data":[`+one+`],"has_more":true,"first_id":"g","last_id":"g"}`, "g"),
		"/v1/models?after_id=org/alias":          `{"data":[],"has_more":false,"first_id":null,"last_id":null}`,
		"/v1/models/claude-x":                    fmt.Sprintf(one, "claude-x"),
		"/v1/models/CLAUDE-X":                    fmt.Sprintf(one, "CLAUDE-X"),
		"/v1/models/wild/thing":                  fmt.Sprintf(one, "wild/thing"),
	} {
		if got := get(path); got.status != 200 || got.body != want {
			t.Errorf("%s: %d\n%s, want\n%s", path, got.status, got.body, want)
		}
	}
	for path, status := range map[string]int{
		"/v1/models?limit=0": 400, "/v1/models?limit=x": 400, "/v1/models?after_id=none": 400, "/v1/models?before_id=none": 400,
		"/v1/models?after_id=g&before_id=g": 400, "/v1/models/private": 404, "/v1/models/none": 404,
	} {
		if got := get(path); got.status != status || gjson.Get(got.body, "type").Str != "error" || got.header.Get("Request-Id") == "" && status == 404 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := r.request(http.MethodGet, "/v1/models", "", "X-Api-Key", clientKey); !strings.Contains(got.body, `{"id":"g","object":"model","created":1700000000,"owned_by":"trunkline","name":"The Group","context_length":128000}`) || strings.Contains(got.body, "wild") {
		t.Errorf("OpenAI's shape: %s", got.body)
	}
}

func TestAliasesInOtherLettersAndWithAStar(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Groups[0].Aliases, s.Groups[1].Aliases = []string{"openai/*"}, []string{"openai/secret-*"}
	}})
	for model, status := range map[string]int{"G": 200, "OpenAI/gpt-5": 200, "openai/": 404, "openai/secret-1": 404, "other": 404} {
		got := r.post(`{"model":"` + model + `","messages":[]}`)
		if call := r.call(); got.status != status || call.Model != model || status == 200 && call.Group != "g" {
			t.Errorf("%s: %d, group %s: %s", model, got.status, call.Group, got.body)
		}
	}
}

func TestWhatAClientSaysOfItsCallIsRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	long := strings.Repeat("x", 300)
	r.post(`{"model":"g","messages":[],"user":"ann\u0007 ","metadata":{"team":"search","n":7,"list":[1],"key":"`+clientKey+`","long":"`+long+`","sk":"sk-proj-abcdef123456"}}`,
		"X-Client-Request-Id", "mine-1", "X-Request-Id", "proxy-1")
	said := r.call().Said
	if said.RequestID != "mine-1" || said.Incoming != "proxy-1" || said.User != "ann" || len(said.Metadata) != 5 ||
		said.Metadata["team"] != "search" || said.Metadata["n"] != "7" || len(said.Metadata["long"]) != 256 {
		t.Errorf("said %+v", said)
	}
	if said.Metadata["key"] != "[redacted]" || said.Metadata["sk"] != "[redacted]" {
		t.Errorf("a secret is recorded: %+v", said.Metadata)
	}
	(api{path: "/messages", body: `"messages":[],"max_tokens":5,"metadata":{"user_id":"user_1"}`}).call(t, r, false)
	for _, body := range []string{`"user":["x"],"metadata":"x"`, `"user":null,"metadata":null`, `"safety_identifier":"safe"`} {
		_, call := (api{path: "/embeddings", body: `"input":"a",` + body}).call(t, r, false)
		if want := map[bool]string{true: "safe"}[strings.Contains(body, "safe")]; call.Said.User != want || call.Said.Metadata != nil {
			t.Errorf("%s: %+v", body, call.Said)
		}
	}
	// A refused call has what was read of it.
	r.post(`{"model":"nope"}`, "X-Client-Request-Id", "mine-2")
	if said := r.call().Said; said.RequestID != "mine-2" {
		t.Errorf("refused: %+v", said)
	}
}

func TestHeadersGoOnWhereTheProviderSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].ForwardHeaders = []string{"HTTP-Referer", "X-Title", "idempotency-key", "X-Own"}
		s.Providers[0].Headers = []*nodev1.Header{{Name: "X-Own", Value: "ours"}}
	}})
	r.post(`{"model":"g","messages":[]}`, "HTTP-Referer", "https://app.example", "X-Title", "App", "Idempotency-Key", "k-1", "X-Own", "theirs", "OpenAI-Project", "p")
	sent := r.fake.Served()[0].Header
	for name, want := range map[string]string{"Http-Referer": "https://app.example", "X-Title": "App", "X-Own": "ours", "OpenAI-Project": ""} {
		if got := sent.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if sent.Get("Idempotency-Key") == "" { // the scripted provider shows no keys
		t.Error("no idempotency key")
	}
	r.post(`{"model":"g","messages":[]}`, "X-Title", "App", "Connection", "close, x-title")
	if got := r.fake.Served()[1].Header.Get("X-Title"); got != "" {
		t.Errorf("a header of the connection went on: %s", got)
	}
}

func TestAnExactURLIsCalledAsItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl += "/v1/chat/completions?v=1#" }})
	if got := r.post(`{"model":"g","messages":[]}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if paths := []string{r.fake.Served()[0].Path}; !slices.Equal(paths, []string{"/v1/chat/completions"}) {
		t.Errorf("called %q", paths)
	}
}

func TestAnEndpointThatNoProviderServesIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-405", "status-501"}})
	got, call := (api{path: "/embeddings", body: `"input":"a"`}).call(t, r, false)
	if got.status != 404 || got.errorCode(t) != "unsupported" || call.ErrorCode != "unsupported" ||
		!strings.Contains(got.body, "No provider of the group 'g' serves /v1/embeddings.") || got.header.Get("X-Should-Retry") != "false" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
