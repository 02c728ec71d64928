package adminapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
)

// from is a client at an address, behind a proxy that is believed.
func from(address string) header { return header{"X-Forwarded-For": address} }

func credentials(user, password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, user, password)
}

// Strangers who keep the account and the admin's own network waiting do not hold up the admin's
// browser, not even with a restart between.
func TestAKnownDeviceSignsInBesideAFlood(t *testing.T) {
	t.Parallel()
	trust := func(c *adminapi.Config) { c.TrustForwardedHeaders = true }
	e := start(t, trust)
	right := credentials(adminUser, adminPassword)
	res, _ := e.client(t, nil).post(t, e.url+login, right, from("192.0.2.1"))
	device := cookieOf(t, res, "trunkline_device")
	strangers := e.client(t, nil)
	for i := range 20 {
		res, _ := strangers.post(t, e.url+login, credentials(adminUser, "guess"), from(fmt.Sprint("198.51.100.", i)))
		if want := http.StatusUnauthorized; i < 6 && res.StatusCode != want {
			t.Fatalf("guess %d: status %d, want %d", i, res.StatusCode, want)
		}
	}
	for range 12 {
		strangers.post(t, e.url+login, credentials("somebody", "guess"), from("192.0.2.1"))
	}
	restarted := *e
	restarted.url = serve(t, e.handler(t, trust))
	for name, url := range map[string]string{"": e.url, "after a restart: ": restarted.url} {
		if res, _ := strangers.post(t, url+login, right, from("203.0.113.9")); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
			t.Errorf("%sa strange device: status %d, Retry-After %q", name, res.StatusCode, res.Header.Get("Retry-After"))
		}
		known := header{"X-Forwarded-For": "192.0.2.1", "Cookie": "trunkline_device=" + device.Value}
		if res, text := e.client(t, nil).post(t, url+login, right, known); res.StatusCode != http.StatusOK {
			t.Errorf("%sthe known device: status %d: %s", name, res.StatusCode, text)
		}
	}
	other := header{"X-Forwarded-For": "203.0.113.9", "Cookie": "trunkline_device=" + device.Value}
	if res, _ := e.client(t, nil).post(t, e.url+login, credentials("root", "guess"), other); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("as another user: status %d", res.StatusCode)
	}
}

// unread fails the test when something is read of it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestLoginIsRefusedUnread(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.client(t, nil)
	for i := range 11 {
		c.post(t, e.url+login, credentials(fmt.Sprint("user", i), "guess"), nil)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url+login, io.NopCloser(unread{t}))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 100
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Expect", "100-continue") // the body is sent only when the server asks for it
	res, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: 1 << 40}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" || !strings.Contains(string(text), "too many sign-in attempts") {
		t.Errorf("status %d, Retry-After %q: %s", res.StatusCode, res.Header.Get("Retry-After"), text)
	}
}

// A few bytes must not become 4 KiB, nor a bomb be unpacked before its size is known.
func TestLoginTakesNoCompression(t *testing.T) {
	t.Parallel()
	e := start(t)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, credentials(adminUser, adminPassword)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	res, text := e.client(t, nil).post(t, e.url+login, packed.String(), header{"Content-Encoding": "gzip"})
	if res.StatusCode != http.StatusNotImplemented || !strings.Contains(string(text), "must not be compressed") {
		t.Errorf("status %d: %s", res.StatusCode, text)
	}
}
