package upstream

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// T-X4: no spelling of an address brings a request to this host or to metadata unless that
// is allowed, with either transport, and a redirect is never followed.
func TestRequestsStayWhereTheyMayGo(t *testing.T) {
	t.Parallel()
	for _, netHTTP := range []bool{false, true} {
		var secrets atomic.Int64 // requests that came where none may come
		inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { secrets.Add(1) }))
		t.Cleanup(inside.Close)
		_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ask := func(base string, private bool) (*http.Response, error) {
			t.Helper()
			u, err := url.Parse(base)
			if err != nil {
				t.Fatal(err)
			}
			p := &dataplane.Provider{Name: "p", BaseURL: u, Dialect: "openai", AllowPrivateNetwork: private}
			c := newClient(p, openai(t), &Config{NetHTTP: netHTTP})
			t.Cleanup(c.DropIdle)
			r := c.NewRequest(t.Context(), p, &dataplane.Credential{Secret: "sk-secret"}, "/chat/completions", "m")
			r.Body, r.ContentLength = http.NoBody, 0
			return c.Send(r, nil)
		}
		for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0.0.0.0", "[::1]", "[::]",
			"[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "user:pass@127.0.0.1", "8.8.8.8@127.0.0.1", "①②⑦.⓪.⓪.①"} {
			if resp, err := ask("http://"+host+":"+port, false); err == nil {
				resp.Body.Close()
				t.Errorf("net/http %v: %s answers", netHTTP, host)
			}
		}
		if n := secrets.Load(); n != 0 {
			t.Errorf("net/http %v: %d requests came to this host", netHTTP, n)
		}

		var asked atomic.Int64
		outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
		}))
		t.Cleanup(outside.Close)
		for i, to := range []string{inside.URL, "http://169.254.169.254/latest/meta-data", "//127.0.0.1:" + port, "file:///etc/passwd"} {
			resp, err := ask(outside.URL+"/v1?to="+url.QueryEscape(to), true)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusTemporaryRedirect || asked.Load() != int64(i+1) || secrets.Load() != 0 {
				t.Errorf("net/http %v, to %s: status %d after %d requests, %d where none may come", netHTTP, to, resp.StatusCode, asked.Load(), secrets.Load())
			}
		}
		// Even where private addresses are allowed, metadata is not.
		for _, host := range []string{"169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200"} {
			if resp, err := ask("http://"+host, true); err == nil || !strings.Contains(err.Error(), "not allowed") {
				t.Errorf("net/http %v: %s: %v, %v", netHTTP, host, resp, err)
			}
		}
	}
}
