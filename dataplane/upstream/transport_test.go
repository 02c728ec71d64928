package upstream

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// TestWhichTransport: our own client by default, net/http's where it is asked for or
// where the host's name must be turned into ASCII first.
func TestWhichTransport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		base    string
		netHTTP bool
		ours    bool
	}{
		{"https://api.openai.com/v1", false, true},
		{"http://[::1]:8080", false, true},
		{"https://api.openai.com/v1", true, false},
		{"https://käse.example/v1", false, false},
	} {
		base, err := url.Parse(test.base)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(&dataplane.Provider{BaseURL: base, Dialect: "openai"}, openai(t), &Config{NetHTTP: test.netHTTP})
		_, ours := c.transport.(lean)
		if _, std := c.transport.(netHTTP); ours != test.ours || std == ours {
			t.Errorf("%s, NetHTTP %v: the client is %T", test.base, test.netHTTP, c.transport)
		}
		if c.ReleasesBody() != ours {
			t.Errorf("%T: ReleasesBody() = %v", c.transport, c.ReleasesBody())
		}
	}
}

// TestSendTellsOfTheConnection: the attempt's clock hangs on it.
func TestSendTellsOfTheConnection(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	defer up.Close()
	base, err := url.Parse(up.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, standard := range []bool{false, true} {
		p := &dataplane.Provider{Name: "p", BaseURL: base, Dialect: "openai", AllowPrivateNetwork: true}
		c := newClient(p, openai(t), &Config{NetHTTP: standard})
		for i := range 3 {
			var told []bool
			resp, err := c.Send(c.NewRequest(t.Context(), p, nil, "/chat/completions", "m"), func(reused bool) { told = append(told, reused) })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if len(told) != 1 || told[0] != (i > 0) {
				t.Errorf("net/http %t, request %d: told %v", standard, i+1, told)
			}
		}
		c.DropIdle()
	}
}

// TestRequestsShareNothingTheyChange: the URL is made once, all else is each request's own.
func TestRequestsShareNothingTheyChange(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://provider.test/api?api-version=1")
	if err != nil {
		t.Fatal(err)
	}
	p := &dataplane.Provider{BaseURL: base, Dialect: "openai", Headers: []dataplane.Header{{Name: "x-team", Value: "search"}}}
	c := newClient(p, openai(t), &Config{})
	a := c.NewRequest(t.Context(), p, &dataplane.Credential{Secret: "one"}, "/chat/completions", "m")
	b := c.NewRequest(t.Context(), p, &dataplane.Credential{Secret: "two"}, "/chat/completions", "m")
	other := c.NewRequest(t.Context(), p, nil, "/embeddings", "m")
	a.Header.Set("X-Team", "changed")
	a.ContentLength = 7
	if got := b.Header.Get("Authorization") + b.Header.Get("X-Team"); got != "Bearer twosearch" || b.ContentLength != 0 {
		t.Errorf("the second request has %q, length %d", got, b.ContentLength)
	}
	if got := b.URL.String(); got != "https://provider.test/api/chat/completions?api-version=1" || b.Host != "provider.test" || b.Method != http.MethodPost {
		t.Errorf("%s %s to %s", b.Method, got, b.Host)
	}
	if got := other.URL.Path; got != "/api/embeddings" || other.Header.Get("Authorization") != "" {
		t.Errorf("the other endpoint: %s, %v", got, other.Header)
	}
}
