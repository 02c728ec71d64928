package remote_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const canary = "sk-canary-0123456789"

// serve serves a handler on loopback until the test ends.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

func fake(t *testing.T) (*fakeprovider.Provider, string) {
	t.Helper()
	p := fakeprovider.New(fakeprovider.Config{})
	return p, serve(t, p)
}

func on(base string) remote.Target {
	return remote.Target{BaseURL: base, Secret: canary, AllowPrivateNetwork: true}
}

// patient is a client that waits as long as a busy machine may need.
func patient() *remote.Client { return remote.New(remote.Config{AnswerTime: time.Minute}) }

// hasty is a client for providers that never answer.
func hasty() *remote.Client { return remote.New(remote.Config{AnswerTime: 200 * time.Millisecond}) }

func TestShapes(t *testing.T) {
	t.Parallel()
	_, base := fake(t)
	for spec, want := range map[string]struct {
		models  int
		dialect string
		first   string // of the first model: id, context window, price
	}{
		"openai":                  {3, "", "vendor/Model-0000 0 "},
		"openai+count-700":        {700, "", "vendor/Model-0000 0 "},
		"strings":                 {3, "", "vendor/Model-0000 0 "},
		"ollama":                  {3, "", "vendor/Model-0000 0 "},
		"openrouter+count-350":    {350, "", "vendor/Model-0000 128000 0.15/0.075/0.6"},
		"array":                   {3, "", "vendor/Model-0000 32768 0.2//0.6"},
		"anthropic+count-45":      {45, "anthropic", "vendor/Model-0000 0 "},
		"anthropic+count-20":      {20, "", "vendor/Model-0000 0 "},
		"openrouter+gzip":         {3, "", "vendor/Model-0000 128000 0.15/0.075/0.6"},
		"openai+redirect-3":       {3, "", "vendor/Model-0000 0 "},
		"openai+key-" + canary:    {3, "", "vendor/Model-0000 0 "},
		"anthropic+key-" + canary: {3, "anthropic", "vendor/Model-0000 0 "},
	} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()
			target := on(base + "/lists/" + spec + "/v1")
			target.Dialect = want.dialect
			var progress []int
			models, err := patient().Models(t.Context(), target, func(n int) { progress = append(progress, n) })
			if err != nil {
				t.Fatal(err)
			}
			if len(models) != want.models {
				t.Fatalf("%d models, want %d", len(models), want.models)
			}
			m := models[0]
			got := fmt.Sprintf("%s %d ", m.ID, m.ContextWindow)
			if m.Price != nil {
				got += strings.Join([]string{m.Price.GetInput(), m.Price.GetCachedInput(), m.Price.GetOutput()}, "/")
			}
			if got != want.first {
				t.Errorf("the first is %q, want %q", got, want.first)
			}
			if !slices.IsSorted(progress) || progress[len(progress)-1] != want.models {
				t.Errorf("progress %v", progress)
			}
		})
	}
}

func TestASecretQueryIsAddedToEveryPage(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); {
		case q.Get("sig") != canary || q.Get("api-version") != "1":
			http.Error(w, "no", http.StatusForbidden)
		case q.Get("after_id") == "":
			_, _ = io.WriteString(w, `{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}`)
		default:
			_, _ = io.WriteString(w, `{"data":[{"id":"b"}],"has_more":false,"last_id":"b"}`)
		}
	}))
	target := on(base + "/v1?api-version=1")
	target.SecretQuery = map[string]string{"sig": canary}
	models, err := patient().Models(t.Context(), target, nil)
	if err != nil || len(models) != 2 {
		t.Fatalf("%v, %v", models, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", target, target, target); strings.Contains(text, "canary") {
		t.Errorf("it is printed: %s", text)
	}
}

// The list is asked for where nodes send calls: with or without /v1, a slash, a query.
func TestWhereTheListIs(t *testing.T) {
	t.Parallel()
	var asked atomic.Pointer[http.Request]
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		_, _ = io.WriteString(w, `{"data":[{"id":"m"}]}`)
	}))
	for path, want := range map[string]string{
		"":                        "/v1/models",
		"/":                       "/v1/models",
		"/v1":                     "/v1/models",
		"/v1/":                    "/v1/models",
		"/api/v1":                 "/api/v1/models",
		"/openai?api-version=1":   "/openai/models?api-version=1",
		"/v1?api-version=2&a=%20": "/v1/models?api-version=2&a=%20",
		"/chat/completions":       "/models",
		"/anthropic":              "/anthropic/v1/models",
	} {
		target := on(base + path)
		target.Headers = map[string]string{"x-team": "search"}
		if _, err := patient().Models(t.Context(), target, nil); err != nil {
			t.Fatal(err)
		}
		r := asked.Load()
		if got := r.URL.RequestURI(); got != want {
			t.Errorf("%q asks %s, want %s", path, got, want)
		}
		if r.Header.Get("Authorization") != "Bearer "+canary || r.Header.Get("X-Team") != "search" {
			t.Errorf("headers %v", r.Header)
		}
	}
	anthropic := on(base)
	anthropic.Dialect = "anthropic"
	if _, err := patient().Models(t.Context(), anthropic, nil); err != nil {
		t.Fatal(err)
	}
	r := asked.Load()
	if r.Header.Get("X-Api-Key") != canary || r.Header.Get("Anthropic-Version") == "" || r.Header.Get("Authorization") != "" || r.URL.Query().Get("limit") != "1000" {
		t.Errorf("Anthropic is asked %s with %v", r.URL, r.Header)
	}
}

// A list goes on as the provider says; one that says that more follow is never taken for whole.
func TestPages(t *testing.T) {
	t.Parallel()
	for first, want := range map[string]struct{ second, fault string }{
		`{"data":[{"id":"a"}],"next_page_token":"x&y"}`:                 {"/v1/models?page_token=x%26y", ""},
		`{"models":[{"id":"a"}],"nextPageToken":"t"}`:                   {"/v1/models?pageToken=t", ""},
		`{"data":[{"id":"a"}],"next":"/elsewhere?page=2"}`:              {"/elsewhere?page=2", ""},
		`{"data":[{"id":"a"}],"next":"?page=2"}`:                        {"/v1/models?page=2", ""},
		`{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}`:           {"/v1/models?after_id=a", ""},
		`{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}`:          {"", ""},
		`{"data":[{"id":"a"}],"next":null,"next_page_token":""}`:        {"", ""},
		`{"data":[{"id":"a"}],"has_more":true}`:                         {"", "incomplete"},
		`{"data":[{"id":"a"}],"nextLink":"/v1/models?skip=1"}`:          {"/v1/models?skip=1", ""},
		`{"data":[{"id":"a"}],"next":{"page":2}}`:                       {"", "incomplete"},
		`{"data":[{"id":"a"}],"next":2}`:                                {"", "incomplete"},
		`{"models":[{"id":"a"}],"nextPageToken":7}`:                     {"", "incomplete"},
		`{"data":[{"id":"a"}],"pagination":{"has_more":true}}`:          {"", "incomplete"},
		`{"data":[{"id":"a"}],"pagination":{"has_more":false}}`:         {"", ""},
		`{"data":[{"id":"a"}],"next":{},"has_more":"false"}`:            {"", ""},
		`{"data":[{"id":"a"}],"next":"http://other.example/v1/models"}`: {"", "not on the same server"},
		`{"data":[{"id":"a"}],"next":"https://[::1"}`:                   {"", "not on the same server"},
	} {
		var asked []string
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.RequestURI())
			if r.Header.Get("Authorization") != "Bearer "+canary {
				t.Errorf("page %d is asked for with %v", len(asked), r.Header)
			}
			if len(asked) > 1 {
				first = `{"data":[{"id":"b"}]}`
			}
			_, _ = io.WriteString(w, first)
		}))
		models, err := patient().Models(t.Context(), on(base), nil)
		switch {
		case want.fault != "":
			if err == nil || !strings.Contains(err.Error(), want.fault) || len(asked) != 1 {
				t.Errorf("%s: %v, asked %q", first, err, asked)
			}
		case err != nil, want.second == "" && len(models) != 1, want.second != "" && (len(models) != 2 || asked[1] != want.second):
			t.Errorf("want %s: %v, %v, asked %q", want.second, models, err, asked)
		}
	}
}

// What goes wrong is told apart, in words without anything of the answer or the secret.
func TestFaults(t *testing.T) {
	t.Parallel()
	_, base := fake(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := closed.Addr().String()
	closed.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	silent := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))

	for target, want := range map[string]string{
		base + "/lists/status-401/v1":                   "refuses the credential (401)",
		base + "/lists/key-another/v1":                  "refuses the credential (401)",
		base + "/lists/status-403/v1":                   "may not do this (403)",
		base + "/lists/status-404/v1":                   "nothing at /lists/status-404/v1/models (404)",
		base + "/lists/status-405/v1":                   "does not take this request (405)",
		base + "/lists/status-418/v1":                   "answers with status 418",
		base + "/lists/status-429/v1":                   "asked too often (429)",
		base + "/lists/status-503/v1":                   "a problem of its own (503)",
		base + "/lists/slow-10s/v1":                     "does not answer in time",
		base + "/lists/drip-1s/v1":                      "does not answer in time",
		base + "/lists/huge-5/v1":                       "more than 4 MiB",
		base + "/lists/bomb-64/v1":                      "more than 4 MiB",
		base + "/lists/html/v1":                         "web page rather than JSON",
		base + "/lists/malformed/v1":                    "not JSON, or was cut short",
		base + "/lists/truncated/v1":                    "not JSON, or was cut short",
		base + "/lists/null/v1":                         "no list of models",
		base + "/lists/object/v1":                       "no list of models",
		base + "/lists/error/v1":                        "an error in place of a list",
		base + "/lists/count-0/v1":                      "lists no models",
		base + "/lists/count-10001/v1":                  "more than 10000 models",
		base + "/lists/endless/v1":                      "more than 50 pages",
		base + "/lists/loop/v1":                         "the same page of models again",
		base + "/lists/redirect-4/v1":                   "redirects more than 3 times",
		base + "/lists/away/v1":                         "redirects to http://elsewhere.invalid, which is not followed",
		"http://" + gone + "/v1":                        "nothing listens",
		"http://no-such-host.invalid/v1":                "no-such-host.invalid",
		secure.URL:                                      "not from an authority that this machine trusts",
		strings.Replace(base, "http://", "https://", 1): "does not speak TLS",
		silent: "broke the connection off",
		"http://169.254.169.254/latest/meta-data": "address that is not allowed",
		"http://[::ffff:169.254.169.254]/":        "address that is not allowed",
		"http://0.0.0.0:80/":                      "address that is not allowed",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			c := patient()
			if want == "does not answer in time" {
				c = hasty()
			}
			models, err := c.Models(t.Context(), on(target+"?key="+canary), nil)
			if len(models) != 0 {
				t.Errorf("models %v with an error", models)
			}
			f, ok := remote.FaultOf(err)
			if !ok || !strings.Contains(f.Error(), want) {
				t.Fatalf("fault %v, want one about %q", err, want)
			}
			if strings.Contains(f.Error(), "canary") || strings.Contains(f.Error(), "key=") {
				t.Errorf("the fault tells a secret: %v", f)
			}
			temporary := strings.Contains(want, "429") || strings.Contains(want, "503") || strings.Contains(want, "in time") ||
				strings.Contains(want, "listens") || strings.Contains(want, "broke")
			if f.Temporary() != temporary {
				t.Errorf("temporary is %t", f.Temporary())
			}
		})
	}
}

// Without leave, nothing of this machine is reached, not even by a name or a redirect.
func TestPrivateAddressesNeedLeave(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	base := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(base, "http://"))
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433"} {
		target := remote.Target{BaseURL: "http://" + host + ":" + port, Secret: canary}
		if _, err := patient().Models(t.Context(), target, nil); err == nil {
			t.Errorf("%s is reached", host)
		}
	}
	if reached.Load() {
		t.Error("a request went to a private address")
	}
	open := remote.New(remote.Config{AllowPrivateNetwork: true})
	if _, err := open.Models(t.Context(), remote.Target{BaseURL: base}, nil); !reached.Load() {
		t.Errorf("the all-in-one does not reach it: %v", err)
	}
}

// A secret does not follow a redirect to another port, which is another server.
func TestSecretStaysWithItsURL(t *testing.T) {
	t.Parallel()
	var leaked atomic.Bool
	thief := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Store(true) }))
	base := serve(t, http.RedirectHandler(thief+"/v1/models", http.StatusFound))
	_, err := patient().Models(t.Context(), on(base), nil)
	if err == nil || !strings.Contains(err.Error(), "not followed") {
		t.Errorf("error %v", err)
	}
	if leaked.Load() {
		t.Error("the redirect was followed")
	}
}

// A provider cannot put what it likes into an error: a host is cut, and is text.
func TestRedirectToAnOddHost(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"a%ffb.example", strings.Repeat("x", 9000) + ".example"} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://"+host+"/")
			w.WriteHeader(http.StatusFound)
		}))
		_, err := patient().Models(t.Context(), on(base), nil)
		if f, ok := remote.FaultOf(err); !ok || len(f.Error()) > 400 || !utf8.ValidString(f.Error()) || !strings.Contains(f.Error(), "not followed") {
			t.Errorf("fault %.300q", err)
		}
	}
}

func TestTargetsDoNotPrintSecrets(t *testing.T) {
	t.Parallel()
	target := on("https://p.example?key=" + canary)
	target.Headers = map[string]string{"x-key": canary}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("asked", "target", target)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", target, target, &target, target), logged.String()} {
		if strings.Contains(text, "canary") || !strings.Contains(text, "openai") {
			t.Errorf("it prints as %s", text)
		}
	}
}

func TestLeavingEndsTheReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	arrived := make(chan struct{})
	slow := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	go func() { <-arrived; cancel() }()
	if _, err := patient().Models(ctx, on(slow), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the caller left", err)
	}
}

func TestOddLists(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"data":[{"id":"a"},{"id":"a"},{"id":""},{"id":7},{"id":" x"},{"id":"b\n"},{"id":"a\u200b"},{"id":"\u202eb"},{"name":"b"},{"id":"` + strings.Repeat("x", 257) + `"}]}`: {"a", "b"},
		"\ufeff" + ` [ "a", {"model":"b"}, null, 3 ] `: {"a", "b"},
		`{"models":["a"],"data":null}`:                 {"a"},
	} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		models, err := patient().Models(t.Context(), on(base), nil)
		var ids []string
		for _, m := range models {
			ids = append(ids, m.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("%.40s gives %v, %v; want %v", body, ids, err, want)
		}
	}
}

func TestListedPrices(t *testing.T) {
	t.Parallel()
	for pricing, want := range map[string]*adminv1.Price{
		`{"prompt":"0.000003","completion":"0.000015","input_cache_read":"3e-7","input_cache_write":"0.00000375","request":"0.01"}`: {
			Input: "3", CachedInput: "0.3", CacheWrite: "3.75", Output: "15", PerCall: "0.01"},
		`{"prompt":"0","completion":"0","request":"0"}`:                 {Input: "0", Output: "0"}, // free, as it says
		`{"prompt":"0.000001","completion":"x","input_cache_read":"0"}`: {Input: "1"},
		`{"prompt":"-1","completion":"-1"}`:                             nil, // OpenRouter's router: it depends
		`{"input":0,"output":0,"hourly":3.2}`:                           nil, // Together's dedicated ones
		`{"input":0.2,"output":0.2}`:                                    {Input: "0.2", Output: "0.2"},
		`{"prompt":1e999999999}`:                                        nil,
		`"free"`:                                                        nil,
	} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"data":[{"id":"m","pricing":`+pricing+`}]}`)
		}))
		models, err := patient().Models(t.Context(), on(base), nil)
		if err != nil || len(models) != 1 || !proto.Equal(models[0].Price, want) {
			t.Errorf("%s gives %v, %v; want %v", pricing, models, err, want)
		}
	}
}

// steps runs a test and gives its steps as "STEP result: detail".
func steps(t *testing.T, c *remote.Client, target remote.Target, model string) []string {
	t.Helper()
	var got []string
	if err := c.Test(t.Context(), target, model, func(s remote.Step) error {
		if s.Result != adminv1.TestResult_TEST_RESULT_SKIPPED && s.Took <= 0 {
			t.Errorf("%v took %v", s.Step, s.Took)
		}
		got = append(got, strings.ToLower(fmt.Sprintf("%s %s: %s", strings.TrimPrefix(s.Step.String(), "TEST_STEP_"),
			strings.TrimPrefix(s.Result.String(), "TEST_RESULT_"), s.Detail)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSteps(t *testing.T) {
	t.Parallel()
	p, base := fake(t)
	port := base[strings.LastIndex(base, ":")+1:]
	secure := httptest.NewTLSServer(p)
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	trusting := remote.New(remote.Config{AnswerTime: time.Minute, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	for name, tc := range map[string]struct {
		client *remote.Client
		target remote.Target
		model  string
		want   []string // what each step begins with
	}{
		"all is well, by name": {patient(), on("http://localhost:" + port + "/lists/openai/v1"), "ok",
			[]string{"dns ok: localhost has", "tcp ok: connected to port " + port, "tls skipped: base_url begins with http", "models ok: lists 3 models", "chat ok: ok answered"}},
		"no chat unless asked": {patient(), on(base + "/lists/count-1/v1"), "",
			[]string{"dns skipped: 127.0.0.1 is an address", "tcp ok", "tls skipped", "models ok: lists 1 model", "chat skipped: not asked for"}},
		"over tls": {trusting, on(secure.URL + "/lists/openai/v1"), "",
			[]string{"dns skipped", "tcp ok", "tls ok: tls 1.3, certificate valid until 20", "models ok", "chat skipped"}},
		"untrusted tls": {patient(), on(secure.URL), "ok",
			[]string{"dns skipped", "tcp ok", "tls failed: its certificate is not from", "models skipped: the provider cannot be reached", "chat skipped: the provider cannot"}},
		"no such host": {patient(), on("https://no-such-host.invalid"), "ok",
			[]string{"dns failed", "tcp skipped: the step before", "tls skipped: the step before", "models skipped", "chat skipped"}},
		"metadata": {patient(), on("http://169.254.169.254"), "",
			[]string{"dns skipped", "tcp failed: its host resolves to an address that is not allowed", "tls skipped", "models skipped", "chat skipped"}},
		"a wrong key": {patient(), on(base + "/lists/key-another/v1"), "ok",
			[]string{"dns skipped", "tcp ok", "tls skipped", "models failed: it refuses the credential (401)", "chat failed: it refuses the credential (401)"}},
		"no list, but chats": {patient(), on(base + "/lists/status-404/v1"), "ok",
			[]string{"dns skipped", "tcp ok", "tls skipped", "models failed: there is nothing at", "chat ok"}},
		"no such model": {patient(), on(base), "no-such-model",
			[]string{"dns skipped", "tcp ok", "tls skipped", "models ok", `chat failed: there is no model "no-such-model"`}},
		"an error inside a 200": {patient(), on(base), "200-error",
			[]string{"dns skipped", "tcp ok", "tls skipped", "models ok", "chat failed: it answers a chat with an error inside a 200"}},
		"a chat that is redirected": {patient(), on(base), "redirect",
			[]string{"dns skipped", "tcp ok", "tls skipped", "models ok", "chat failed: it answers with status 307"}},
		"the scripted provider elsewhere": {patient(), remote.Target{Dialect: "fake"}, "",
			[]string{"dns skipped: the scripted provider", "tcp skipped", "tls skipped", "models failed: the scripted provider lives in the all-in-one", "chat skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := steps(t, tc.client, tc.target, tc.model)
			if len(got) != len(tc.want) {
				t.Fatalf("steps %q", got)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], strings.ToLower(tc.want[i])) {
					t.Errorf("step %q, want %q", got[i], tc.want[i])
				}
			}
		})
	}
}

// TestATestThatIsLeftLeavesNoConnection: the console is closed between two steps.
func TestATestThatIsLeftLeavesNoConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	left := errors.New("left")
	err = patient().Test(t.Context(), on("https://"+l.Addr().String()), "", func(s remote.Step) error {
		if s.Step == adminv1.TestStep_TEST_STEP_TCP {
			return left
		}
		return nil
	})
	if !errors.Is(err, left) {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection is still open: %v", err)
	}
}

func TestScriptedProviderInMemory(t *testing.T) {
	t.Parallel()
	l := fakeprovider.Listen()
	server := &http.Server{Handler: fakeprovider.New(fakeprovider.Config{})}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	c := remote.New(remote.Config{FakeDial: l.DialContext})
	got := steps(t, c, remote.Target{Dialect: "fake"}, "ok")
	if !strings.HasPrefix(got[3], "models ok: lists ") || !strings.HasPrefix(got[4], "chat ok") {
		t.Errorf("steps %q", got)
	}
}

// Newer models refuse max_tokens and name what they take; nothing else is tried twice.
func TestChatTriesTheNewerLimit(t *testing.T) {
	t.Parallel()
	var bodies []string
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
			_, _ = io.WriteString(w, `["m"]`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if strings.Contains(string(body), `"max_tokens"`) {
			http.Error(w, `{"error":{"message":"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}}`, http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"choices":[{}],"usage":{"prompt_tokens":7,"completion_tokens":1}}`)
	}))
	got := steps(t, patient(), on(base), "m")
	if got[4] != "chat ok: m answered, 7 tokens in, 1 out" || len(bodies) != 2 || !strings.Contains(bodies[1], `"max_completion_tokens":1`) {
		t.Errorf("%q after %q", got[4], bodies)
	}
}

// A provider is tested as its dialect speaks: Anthropic's own API has no chat completions.
func TestChatSpeaksTheDialect(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("X-Api-Key") != "s-1" || r.Header.Get("Anthropic-Version") == "" || r.Header.Get("Authorization") != "":
			http.Error(w, `{"type":"error","error":{"type":"authentication_error","message":"no"}}`, http.StatusUnauthorized)
		case r.URL.Path == "/v1/models":
			_, _ = io.WriteString(w, `{"data":[{"type":"model","id":"claude"}],"has_more":false}`)
		case r.URL.Path == "/v1/messages" && string(body) == `{"max_tokens":1,"messages":[{"content":"ping","role":"user"}],"model":"claude"}`:
			_, _ = io.WriteString(w, `{"type":"message","content":[],"usage":{"input_tokens":8,"output_tokens":1}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	target := on(base)
	target.Dialect, target.Secret = "anthropic", "s-1"
	got := steps(t, patient(), target, "claude")
	if got[3] != "models ok: lists 1 model" || got[4] != "chat ok: claude answered, 8 tokens in, 1 out" {
		t.Errorf("steps %q", got)
	}
}

// Each API is called where and as its endpoint says; Google lists resources, page by page.
func TestEndpointsAreCalledAsTheySay(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("X-Goog-Api-Key") != canary || r.Header.Get("Authorization") != "" || r.URL.Query().Get("sig") != "s-9":
			http.Error(w, `{}`, http.StatusForbidden)
		case r.URL.RequestURI() == "/v1beta/models?pageSize=1000&sig=s-9":
			_, _ = io.WriteString(w, `{"models":[{"name":"models/gemini-2.5-flash","inputTokenLimit":1048576}],"nextPageToken":"two"}`)
		case r.URL.RequestURI() == "/v1beta/models?pageSize=1000&pageToken=two&sig=s-9":
			_, _ = io.WriteString(w, `{"models":[{"name":"tunedModels/mine"}]}`)
		case r.URL.Path == "/v1beta/models/gemini-2.5-flash:generateContent" &&
			string(body) == `{"contents":[{"parts":[{"text":"ping"}],"role":"user"}],"generationConfig":{"maxOutputTokens":1}}`:
			_, _ = io.WriteString(w, `{"candidates":[{}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":1}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	gemini := on(elsewhere + "/v1beta")
	gemini.Dialect, gemini.SecretQuery = "gemini", map[string]string{"sig": "s-9"}
	got := steps(t, patient(), gemini, "gemini-2.5-flash")
	if got[3] != "models ok: lists 2 models" || got[4] != "chat ok: gemini-2.5-flash answered, 2 tokens in, 1 out" {
		t.Errorf("Gemini itself: %q", got)
	}
	models, err := patient().Models(t.Context(), gemini, nil)
	if err != nil || len(models) != 2 || models[0].ID != "gemini-2.5-flash" || models[0].ContextWindow != 1048576 || models[1].ID != "tunedModels/mine" {
		t.Errorf("%v, %v", models, err)
	}

	azure := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Api-Key") != canary || r.Header.Get("Authorization") != "" || r.URL.RawQuery != "api-version=2":
			http.Error(w, `{}`, http.StatusUnauthorized)
		case r.URL.Path == "/openai/deployments/my-gpt/chat/completions":
			_, _ = io.WriteString(w, `{"choices":[{}]}`)
		case r.URL.Path == "/openai/models":
			_, _ = io.WriteString(w, `{"data":[{"id":"gpt-4o"}]}`)
		default:
			http.NotFound(w, r)
		}
	}))
	target := on(azure + "/openai")
	target.Endpoints = []dialect.Endpoint{
		{API: dialect.Chat, Path: "/deployments/{model}/chat/completions", Query: "api-version=2", Auth: dialect.APIKey},
		{API: dialect.Models, Query: "api-version=2", Auth: dialect.APIKey},
	}
	got = steps(t, patient(), target, "my-gpt")
	if got[3] != "models ok: lists 1 model" || got[4] != "chat ok: my-gpt answered" {
		t.Errorf("Azure: %q", got)
	}

	only := on(serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/responses" && string(body) == `{"input":"ping","max_output_tokens":16,"model":"m"}` {
			_, _ = io.WriteString(w, `{"output":[],"usage":{"input_tokens":8,"output_tokens":3}}`)
			return
		}
		http.NotFound(w, r)
	})))
	only.Endpoints = []dialect.Endpoint{{API: dialect.Responses}}
	if got := steps(t, patient(), only, "m"); got[4] != "chat ok: m answered, 8 tokens in, 3 out" {
		t.Errorf("responses alone: %q", got)
	}
}

// The guard of addresses holds for every base URL.
func TestEndpointsStayWhereTheyMayGo(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came") }))
	public := remote.Target{BaseURL: "https://api.example.com/v1", Secret: canary}
	for api, want := range map[string]string{base: "address that is not allowed", "http://169.254.169.254": "address that is not allowed", "ftp://b.example": "an endpoint's base_url is not a URL"} {
		u, err := url.Parse(api)
		if err != nil {
			t.Fatal(err)
		}
		public.Endpoints = []dialect.Endpoint{{API: dialect.Models, Base: u}}
		if _, err := patient().Models(t.Context(), public, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", api, err)
		}
	}
}

// An exact base URL is the URL of the chat, and has no list of models.
func TestAnExactURLIsTestedAsItIs(t *testing.T) {
	t.Parallel()
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/any/path?v=1" || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"choices":[{}]}`)
	}))
	target := on(base + "/any/path?v=1#")
	got := steps(t, patient(), target, "m")
	if !strings.HasPrefix(got[3], "models skipped: base_url is exact") || got[4] != "chat ok: m answered" {
		t.Errorf("steps %q", got)
	}
	if _, err := patient().Models(t.Context(), target, nil); err == nil || !strings.Contains(err.Error(), "exact") {
		t.Errorf("an import says %v", err)
	}
}
