package webui

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	html   = "text/html,application/xhtml+xml,*/*;q=0.8"
	script = "console.log('trunkline')"
)

func consoleFiles(t *testing.T) fs.FS {
	t.Helper()
	return fstest.MapFS{
		"index.html":            {Data: []byte(`<meta name="csp-nonce" content="__CSP_NONCE__"><div id="root"></div>`)},
		"placeholder.html":      {Data: []byte("not built")},
		"boot.js":               {Data: []byte("boot()")},
		"favicon.svg":           {Data: []byte("<svg/>")},
		"assets/app-1a.js":      {Data: []byte(script)},
		"assets/app-1a.js.gz":   {Data: gzipped(t, script)},
		"assets/inter-2b.css":   {Data: []byte("body{}")},
		"assets/inter.woff2":    {Data: []byte("wOF2")},
		"assets/nested/deep.js": {Data: []byte("1")},
	}
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// get sends one request; headers are name, value pairs.
func get(t *testing.T, h http.Handler, method, target string, headers ...string) *http.Response {
	t.Helper()
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	h := newHandler(consoleFiles(t), "")
	const page, jsType = "text/html; charset=utf-8", "text/javascript; charset=utf-8"
	tests := []struct {
		name, method, path, accept string
		status                     int
		contentType, cache         string
	}{
		{"the root", "GET", "/", html, 200, page, "no-store"},
		{"the root for curl", "GET", "/", "*/*", 200, page, "no-store"},
		{"the page by its file name", "GET", "/index.html", html, 200, page, "no-store"},
		{"a view", "GET", "/groups", html, 200, page, "no-store"},
		{"a view with a query", "GET", "/groups?group=gpt-4.1", html, 200, page, "no-store"},
		{"a deep view", "GET", "/providers/openai/models", html, 200, page, "no-store"},
		{"a view by HEAD", "HEAD", "/groups", html, 200, page, "no-store"},
		{"a view for a script", "GET", "/groups", "application/json", 404, "application/json", "no-store"},
		{"a path of the API that there is not", "POST", "/v2/chat/completions", "application/json", 404, "application/json", ""},
		{"a view for a client that says nothing", "GET", "/groups", "", 404, "", "no-store"},
		{"an asset", "GET", "/assets/app-1a.js", "*/*", 200, jsType, "public, max-age=31536000, immutable"},
		{"a style sheet", "GET", "/assets/inter-2b.css", "*/*", 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		{"a font", "GET", "/assets/inter.woff2", "*/*", 200, "font/woff2", "public, max-age=31536000, immutable"},
		{"a file outside assets", "GET", "/boot.js", "*/*", 200, jsType, "no-cache"},
		{"the icon", "GET", "/favicon.svg", "*/*", 200, "image/svg+xml", "no-cache"},
		{"a missing asset", "GET", "/assets/app-0f.js", html, 404, "", "no-store"},
		{"a missing asset without extension", "GET", "/assets/app", html, 404, "", "no-store"},
		{"the assets folder", "GET", "/assets/", html, 404, "", "no-store"},
		{"a folder in it", "GET", "/assets/nested", html, 404, "", "no-store"},
		{"a missing file", "GET", "/robots.txt", html, 404, "", "no-store"},
		{"a compressed copy by its own name", "GET", "/assets/app-1a.js.gz", html, 404, "", "no-store"},
		{"the placeholder of a built console", "GET", "/placeholder.html", html, 404, "", "no-store"},
		{"a way out of the folder", "GET", "/assets/../../embed.go", html, 404, "", "no-store"},
		{"posting to the page", "POST", "/", html, 405, "", ""},
		{"posting to a file", "POST", "/boot.js", html, 405, "", ""},
		{"posting to an unknown procedure", "POST", "/trunkline.admin.v1.NoService/Do", html, 404, "", ""},
		{"deleting a view", "DELETE", "/groups", html, 404, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := get(t, h, tt.method, tt.path, "Accept", tt.accept)
			if res.StatusCode != tt.status {
				t.Fatalf("status = %d, want %d", res.StatusCode, tt.status)
			}
			if got := res.Header.Get("Content-Type"); tt.contentType != "" && got != tt.contentType {
				t.Errorf("Content-Type = %q, want %q", got, tt.contentType)
			}
			if got := res.Header.Get("Cache-Control"); got != tt.cache {
				t.Errorf("Cache-Control = %q, want %q", got, tt.cache)
			}
			if tt.status != 200 && strings.Contains(res.Header.Get("Content-Type"), "html") {
				t.Errorf("an error came as HTML")
			}
			if allow := res.Header.Get("Allow"); tt.status == 405 && allow != "GET, HEAD" {
				t.Errorf("Allow = %q", allow)
			}
		})
	}
}

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	h := newHandler(consoleFiles(t), "")
	for _, path := range []string{"/", "/groups", "/boot.js", "/assets/app-1a.js", "/assets/gone.js"} {
		res := get(t, h, "GET", path, "Accept", html)
		for name, want := range map[string]string{
			"X-Content-Type-Options":     "nosniff",
			"X-Frame-Options":            "DENY",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", path, name, got, want)
			}
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: Content-Security-Policy = %q", path, policy)
		}
	}
}

func TestThePageMayCallTheGateway(t *testing.T) {
	t.Parallel()
	for gateway, want := range map[string]string{
		"":                       "connect-src 'self';",
		"https://gw.example:444": "connect-src 'self' https://gw.example:444;",
	} {
		policy := get(t, newHandler(consoleFiles(t), gateway), "GET", "/", "Accept", html).Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, want) {
			t.Errorf("%q: %q has no %q", gateway, policy, want)
		}
	}
}

func TestEachPageHasItsOwnNonce(t *testing.T) {
	t.Parallel()
	nonceInPolicy := regexp.MustCompile(`style-src 'self' 'nonce-([A-Za-z0-9+/=]{24})';`)
	for name, files := range map[string]fs.FS{"console": consoleFiles(t), "placeholder": placeholderOnly()} {
		h := newHandler(files, "")
		seen := map[string]bool{}
		for range 3 {
			res := get(t, h, "GET", "/", "Accept", html)
			match := nonceInPolicy.FindStringSubmatch(res.Header.Get("Content-Security-Policy"))
			if match == nil {
				t.Fatalf("%s: no nonce in %q", name, res.Header.Get("Content-Security-Policy"))
			}
			page := body(t, res)
			if !strings.Contains(page, match[1]) || strings.Contains(page, nonceMark) {
				t.Errorf("%s: the page does not carry the nonce %q: %s", name, match[1], page)
			}
			seen[match[1]] = true
		}
		if len(seen) != 3 {
			t.Errorf("%s: 3 pages had %d nonces", name, len(seen))
		}
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	h := newHandler(consoleFiles(t), "")
	tests := []struct {
		accept string
		gzip   bool
	}{
		{"gzip", true},
		{"br, GZIP;q=0.5", true},
		{"deflate, gzip;q=1.0, *;q=0.5", true},
		{"gzip;q=0", false},
		{"gzip; q=0.0", false},
		{"br", false},
		{"", false},
	}
	for _, tt := range tests {
		res := get(t, h, "GET", "/assets/app-1a.js", "Accept-Encoding", tt.accept)
		got := body(t, res)
		if compressed := res.Header.Get("Content-Encoding") == "gzip"; compressed != tt.gzip {
			t.Errorf("Accept-Encoding %q: compressed = %v, want %v", tt.accept, compressed, tt.gzip)
		}
		if tt.gzip {
			zr, err := gzip.NewReader(strings.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(zr)
			if err != nil {
				t.Fatal(err)
			}
			got = string(plain)
		}
		if got != script {
			t.Errorf("Accept-Encoding %q: body = %q", tt.accept, got)
		}
		if res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary = %q", tt.accept, res.Header.Get("Vary"))
		}
	}
	if res := get(t, h, "GET", "/boot.js", "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "" || body(t, res) != "boot()" {
		t.Error("a file without a compressed copy must be sent as it is")
	}
}

func TestUnchangedFileIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := newHandler(consoleFiles(t), "")
	tag := get(t, h, "GET", "/boot.js").Header.Get("ETag")
	if len(tag) < 10 {
		t.Fatalf("ETag = %q", tag)
	}
	if res := get(t, h, "GET", "/boot.js", "If-None-Match", tag); res.StatusCode != http.StatusNotModified {
		t.Errorf("status = %d, want 304", res.StatusCode)
	}
	if other := get(t, h, "GET", "/favicon.svg").Header.Get("ETag"); other == tag {
		t.Error("two files share an ETag")
	}
}

func placeholderOnly() fs.FS {
	return fstest.MapFS{"placeholder.html": {Data: []byte(`<style nonce="__CSP_NONCE__"></style>run make webui`)}}
}

func TestWithoutConsoleEveryViewSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	files := placeholderOnly()
	if built(files) {
		t.Error("built = true without index.html")
	}
	h := newHandler(files, "")
	for _, path := range []string{"/", "/groups", "/index.html"} {
		res := get(t, h, "GET", path, "Accept", html)
		if page := body(t, res); res.StatusCode != 200 || !strings.Contains(page, "make webui") {
			t.Errorf("%s: %d %q", path, res.StatusCode, page)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the page may be cached past the next build", path)
		}
	}
	if res := get(t, h, "GET", "/assets/app-1a.js", "Accept", html); res.StatusCode != 404 {
		t.Errorf("asset: status = %d, want 404", res.StatusCode)
	}
}

// What is embedded depends on whether the console was built before; this much always holds.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	placeholder, err := fs.ReadFile(dist(), placeholderPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(placeholder, []byte("make webui")) || !bytes.Contains(placeholder, []byte(`<style nonce="`+nonceMark+`"`)) {
		t.Error("the placeholder page must name the command and take the nonce")
	}
	page := body(t, get(t, Handler(""), "GET", "/", "Accept", html))
	if isConsole := strings.Contains(page, `id="root"`); isConsole != Built() {
		t.Errorf("Built() = %v, but the page served is the console: %v", Built(), isConsole)
	}
}

func TestUnderAnyPath(t *testing.T) {
	t.Parallel()
	h := newHandler(fstest.MapFS{"index.html": {Data: []byte(`<script src="./boot.js"></script><a href="https://x.example/./y">`)}}, "")
	for path, want := range map[string]string{
		"/":              "./boot.js",
		"/index.html":    "./boot.js",
		"/groups":        "./boot.js",
		"/groups?x=/a/b": "./boot.js",
		"/groups/":       "../boot.js",
		"/a/b/c":         "../../boot.js",
		"/groups/a%2Fb":  "../boot.js",
	} {
		res := get(t, h, "GET", path, "Accept", html)
		if got := body(t, res); !strings.Contains(got, `src="`+want+`"`) || !strings.Contains(got, "https://x.example/./y") {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
