package adminapi_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
)

const (
	listGroups  = "/trunkline.admin.v1.GroupService/ListGroups"
	createGroup = "/trunkline.admin.v1.GroupService/CreateGroup"
	login       = "/trunkline.admin.v1.SessionService/Login"
)

// do sends a plain HTTP request, as curl would.
func (c *client) do(t *testing.T, req *http.Request, h header) (*http.Response, string) {
	t.Helper()
	for k, v := range h {
		req.Header.Set(k, v)
	}
	if v := h["Host"]; v != "" {
		req.Host = v
	}
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func (c *client) get(t *testing.T, url string, h header) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, body := c.do(t, req, h)
	return res.StatusCode, body
}

func (c *client) post(t *testing.T, url, body string, h header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(t, req, h)
}

// connectError is how Connect writes an error in JSON.
type connectError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type string `json:"type"`
	} `json:"details"`
}

func decodeError(t *testing.T, body string) connectError {
	t.Helper()
	var e connectError
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("body %q is no Connect error: %v", body, err)
	}
	return e
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	res, body := admin.post(t, e.url+createGroup, `{"group":{"name":"a group"}}`, nil)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"a group"`) {
		t.Fatalf("create: %d %s", res.StatusCode, body)
	}
	status, body := admin.get(t, e.url+listGroups+"?connect=v1&encoding=json&message=%7B%7D", nil)
	if status != http.StatusOK || !strings.Contains(body, `"a group"`) {
		t.Fatalf("list by GET: %d %s", status, body)
	}
}

// Wherever an answer comes from, no cache may keep it and no browser may guess its type.
func TestAnswersAreNeverCached(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin, stranger := e.admin(t), e.client(t, nil)
	for name, tt := range map[string]struct {
		c      *client
		method string
		path   string
		h      header
		want   int
	}{
		"success":         {admin, http.MethodPost, listGroups, nil, 200},
		"success by GET":  {admin, http.MethodGet, listGroups + "?connect=v1&encoding=json&message=%7B%7D", nil, 200},
		"not signed in":   {stranger, http.MethodPost, listGroups, nil, 401},
		"wrong method":    {admin, http.MethodDelete, listGroups, nil, 405},
		"wrong type":      {admin, http.MethodPost, listGroups, header{"Content-Type": "text/plain"}, 415},
		"unknown method":  {admin, http.MethodPost, "/trunkline.admin.v1.GroupService/Nothing", nil, 501},
		"cross-site":      {admin, http.MethodPost, listGroups, header{"Sec-Fetch-Site": "cross-site"}, 403},
		"invalid request": {admin, http.MethodPost, "/trunkline.admin.v1.GroupService/GetGroup", nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body io.Reader
			if tt.method == http.MethodPost {
				body = strings.NewReader("{}")
			}
			req, err := http.NewRequestWithContext(t.Context(), tt.method, e.url+tt.path, body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.method == http.MethodPost {
				req.Header.Set("Content-Type", "application/json")
			}
			res, text := tt.c.do(t, req, tt.h)
			if res.StatusCode != tt.want {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, tt.want, text)
			}
			for k, want := range map[string]string{
				"Cache-Control":                "no-store",
				"X-Content-Type-Options":       "nosniff",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Access-Control-Allow-Origin":  "",
			} {
				if got := res.Header.Get(k); got != want {
					t.Errorf("%s = %q, want %q", k, got, want)
				}
			}
		})
	}
}

func TestCrossSiteRequestsAreRefused(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	host := strings.TrimPrefix(e.url, "http://")
	const body = `{"group":{"name":"planted"}}`
	for name, tt := range map[string]struct {
		h       header
		refused bool
	}{
		"cross-site":                       {header{"Sec-Fetch-Site": "cross-site"}, true},
		"same-site, another origin":        {header{"Sec-Fetch-Site": "same-site"}, true},
		"an old browser, another origin":   {header{"Origin": "https://evil.example"}, true},
		"an old browser, opaque origin":    {header{"Origin": "null"}, true},
		"a form of another site":           {header{"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}, true},
		"the console itself":               {header{"Sec-Fetch-Site": "same-origin", "Origin": "http://" + host}, false},
		"the console in an old browser":    {header{"Origin": "http://" + host}, false},
		"the address bar":                  {header{"Sec-Fetch-Site": "none"}, false},
		"a program, which sends no origin": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, text := admin.post(t, e.url+createGroup, strings.Replace(body, "planted", "planted "+name, 1), tt.h)
			_, planted := e.backend.live.Current().Get("Group", "planted "+name)
			if planted == tt.refused {
				t.Errorf("the group exists: %t", planted)
			}
			if !tt.refused {
				if res.StatusCode != http.StatusOK {
					t.Errorf("status %d: %s", res.StatusCode, text)
				}
				return
			}
			if res.StatusCode != http.StatusForbidden || decodeError(t, text).Code != "permission_denied" {
				t.Errorf("status %d: %s", res.StatusCode, text)
			}
		})
	}
	t.Run("signing in from another site", func(t *testing.T) {
		t.Parallel()
		credentials := `{"username":"` + adminUser + `","password":"` + adminPassword + `"}`
		res, _ := e.client(t, nil).post(t, e.url+login, credentials, header{"Sec-Fetch-Site": "cross-site"})
		if res.StatusCode != http.StatusForbidden || len(res.Cookies()) != 0 {
			t.Errorf("status %d with %d cookies", res.StatusCode, len(res.Cookies()))
		}
	})
}

// A page whose name is rebound to the loopback address is same-origin to the browser.
func TestDefaultPasswordNeedsAHostThatCannotBeRebound(t *testing.T) {
	t.Parallel()
	credentials := `{"username":"` + adminUser + `","password":"` + adminPassword + `"}`
	careful := start(t, func(c *adminapi.Config) { c.DefaultPassword = true })
	for host, want := range map[string]int{"evil.example": 403, "evil.example:8001": 403, "localhost:8001": 200, "127.0.0.1": 200, "[::1]:8001": 200} {
		if res, _ := careful.client(t, nil).post(t, careful.url+login, credentials, header{"Host": host}); res.StatusCode != want {
			t.Errorf("default password under %s: status %d, want %d", host, res.StatusCode, want)
		}
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"} {
		if res, _ := careful.client(t, nil).post(t, careful.url+login, credentials, header{name: "198.51.100.1"}); res.StatusCode != 403 {
			t.Errorf("default password through a proxy that sends %s: status %d, want 403", name, res.StatusCode)
		}
	}
	open := start(t)
	if res, _ := open.client(t, nil).post(t, open.url+login, credentials, header{"Host": "console.example"}); res.StatusCode != 200 {
		t.Errorf("own password under console.example: status %d", res.StatusCode)
	}
}

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	for name, tt := range map[string]struct {
		body    string
		h       header
		code    string
		message string // part of it
	}{
		"empty body":      {"", nil, "invalid_argument", "zero-length"},
		"cut JSON":        {`{"group":{"name":"x"`, nil, "invalid_argument", "unexpected"},
		"an array":        {`[]`, nil, "invalid_argument", "unexpected token"},
		"wrong type":      {`{"group":{"name":7}}`, nil, "invalid_argument", "name"},
		"unknown field":   {`{"group":{"name":"x","alias":["y"]}}`, nil, "invalid_argument", `unknown field "alias"`},
		"duplicate field": {`{"group":{"name":"x","name":"y"}}`, nil, "invalid_argument", "duplicate field"},
		"invalid UTF-8":   {"{\"group\":{\"name\":\"\xff\"}}", nil, "invalid_argument", "UTF-8"},
		"wrong encoding":  {`{}`, header{"Content-Encoding": "br"}, "unimplemented", "br"},
		"not gzip":        {`{}`, header{"Content-Encoding": "gzip"}, "invalid_argument", "decompress"},
		"bad timeout":     {`{}`, header{"Connect-Timeout-Ms": "soon"}, "invalid_argument", "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, text := admin.post(t, e.url+createGroup, tt.body, tt.h)
			if got := decodeError(t, text); got.Code != tt.code || !strings.Contains(got.Message, tt.message) {
				t.Errorf("error %+v, want %s with %q", got, tt.code, tt.message)
			}
		})
	}
}

func TestHugeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	pad := func(n int) string { return `{"group":{"name":"x"}}` + strings.Repeat(" ", n) }
	const apply = "/trunkline.admin.v1.ConfigService/ApplyConfig"
	applied := func(n int) string { return `{"resources":[]}` + strings.Repeat(" ", n) }

	if _, text := admin.post(t, e.url+createGroup, pad(8<<20), nil); decodeError(t, text).Code != "resource_exhausted" {
		t.Errorf("more than 8 MiB: %s", text)
	}
	if res, text := admin.post(t, e.url+createGroup, pad(8<<20-100), nil); res.StatusCode != http.StatusOK {
		t.Errorf("less than 8 MiB: %s", text)
	}
	if res, text := admin.post(t, e.url+apply, applied(9<<20), nil); res.StatusCode != http.StatusOK {
		t.Errorf("apply of 9 MiB: %s", text)
	}
	if _, text := admin.post(t, e.url+apply, applied(64<<20), nil); decodeError(t, text).Code != "resource_exhausted" {
		t.Errorf("apply of more than 64 MiB: %s", text)
	}
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	if _, err := io.WriteString(zip, pad(32<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	if _, text := admin.post(t, e.url+createGroup, bomb.String(), header{"Content-Encoding": "gzip"}); decodeError(t, text).Code != "resource_exhausted" {
		t.Errorf("32 MiB in %d bytes of gzip: %s", bomb.Len(), text)
	}
}

// Over https the cookie carries the prefix that binds it to the host.
func TestCookieOverTLS(t *testing.T) {
	t.Parallel()
	e := start(t)
	server := httptest.NewTLSServer(e.handler(t))
	defer server.Close()
	c := e.client(t, nil)
	c.http.Transport = &http.Transport{TLSClientConfig: server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	credentials := `{"username":"` + adminUser + `","password":"` + adminPassword + `"}`
	res, _ := c.post(t, server.URL+login, credentials, nil)
	cookie := cookieOf(t, res, "__Host-trunkline_session")
	if device := cookieOf(t, res, "__Host-trunkline_device"); !device.Secure || !device.HttpOnly || device.Path != "/" || device.Domain != "" || device.MaxAge != 90*24*3600 {
		t.Errorf("cookie %s", device)
	}
	if !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" ||
		cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %s", cookie)
	}
	who := "/trunkline.admin.v1.SessionService/WhoAmI"
	if res, _ := c.post(t, server.URL+who, "{}", nil); res.StatusCode != http.StatusOK {
		t.Errorf("with the secure cookie: status %d", res.StatusCode)
	}
	// The same value under the plain name does not count over https: a neighbour on
	// http could have planted it.
	plain := &client{http: &http.Client{Transport: c.http.Transport}}
	if res, _ := plain.post(t, server.URL+who, "{}", header{"Cookie": "trunkline_session=" + cookie.Value}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("with the plain cookie: status %d", res.StatusCode)
	}
	if v := res.TLS.Version; v < tls.VersionTLS12 {
		t.Errorf("TLS version %x", v)
	}
}

// A stranger's sign-in is read no further than a name and a password are long.
func TestLoginTakesNoLargeBody(t *testing.T) {
	t.Parallel()
	e := start(t)
	body := `{"username":"` + strings.Repeat("a", 5<<10) + `","password":"x"}`
	if res, text := e.client(t, nil).post(t, e.url+login, body, nil); res.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(text), "resource_exhausted") {
		t.Errorf("status %d: %s", res.StatusCode, text)
	}
}

func TestCookieBehindAProxy(t *testing.T) {
	t.Parallel()
	credentials := `{"username":"` + adminUser + `","password":"` + adminPassword + `"}`
	https := header{"X-Forwarded-Proto": "https"}
	for name, tt := range map[string]struct {
		trust bool
		want  string
	}{
		"trusted":     {true, "__Host-trunkline_session"},
		"not trusted": {false, "trunkline_session"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, func(c *adminapi.Config) { c.TrustForwardedHeaders = tt.trust })
			res, _ := e.client(t, nil).post(t, e.url+login, credentials, https)
			cookieOf(t, res, tt.want)
		})
	}
}
