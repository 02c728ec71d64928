package fakeprovider

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

func TestServedRemembersWithoutSecrets(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	for _, model := range []string{"ok", "status-500", "cut-0", "nope"} {
		resp, err := u.post(t, model, `"stream":true`, `"x":"`+strings.Repeat("y", 100<<10)+`"`)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if got := resp.Header.Get("X-Request-Id"); got != u.Served()[len(u.Served())-1].RequestID {
			t.Errorf("request id %q is not the one remembered", got)
		}
	}
	wait, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := u.WaitIdle(wait); err != nil {
		t.Fatal(err)
	}
	served := u.Served()
	if len(served) != 4 {
		t.Fatalf("%d remembered, want 4", len(served))
	}
	first := served[0]
	if first.Model != "ok" || !first.Stream || first.Nth != 1 || first.Status != 200 || first.Ended != EndedSent || first.Path != "/v1/chat/completions" {
		t.Errorf("remembered %+v", first)
	}
	if first.BodySize < 100<<10 || len(first.Body) != 64<<10 || first.EventsSent != 11 {
		t.Errorf("%d of %d bytes of body, %d events", len(first.Body), first.BodySize, first.EventsSent)
	}
	if first.AuthHash != AuthHash("sk-very-secret") || first.AuthHash == "" {
		t.Errorf("auth hash %q", first.AuthHash)
	}
	if served[2].Status != 0 || served[2].Ended != EndedFault {
		t.Errorf("cut-0 remembered as %+v", served[2])
	}
	for _, s := range served {
		if strings.Contains(strings.Join(s.Header["Authorization"], ""), "secret") {
			t.Errorf("the credential is remembered: %v", s.Header)
		}
	}

	resp, err := u.client.Get(u.url + "/_served")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || bytes.Contains(page, []byte("very-secret")) || bytes.Contains(page, []byte("yyyy")) {
		t.Errorf("%v; the page shows a secret or a body: %.300s", err, page)
	}
	if n := gjson.GetBytes(page, "counts.status-500").Int(); n != 1 {
		t.Errorf("status-500 counted %d times", n)
	}

	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, u.url+"/_served", nil)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := u.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	gone.Body.Close()
	if gone.StatusCode != http.StatusNoContent || len(u.Served()) != 0 {
		t.Errorf("status %d, %d still remembered", gone.StatusCode, len(u.Served()))
	}
}

func TestGatesCountByHostAndCredential(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	ask := func(host, key string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.url+"/v1/chat/completions", strings.NewReader(`{"model":"status-500-times-1"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("X-Api-Key", key)
		resp, err := u.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for i, want := range []struct {
		host, key string
		status    int
	}{{"a", "1", 500}, {"a", "1", 200}, {"b", "1", 500}, {"a", "2", 500}, {"a", "1", 200}} {
		if got := ask(want.host, want.key); got != want.status {
			t.Errorf("call %d: status %d, want %d", i+1, got, want.status)
		}
	}
	u.Reset()
	if got := ask("a", "1"); got != 500 {
		t.Errorf("after Reset: status %d, want 500", got)
	}
}

func TestMemoryOfServedIsBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		max, want int
	}{"some": {20, 20}, "none": {-1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := New(Config{MaxServed: tc.max, MaxBody: -1})
			for range 100 {
				p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/chat/completions", strings.NewReader(`{"model":"ok"}`)))
			}
			served := p.Served()
			if len(served) > tc.want || tc.want > 0 && (len(served) == 0 || served[len(served)-1].Number != 100 || len(served[0].Body) != 0) {
				t.Errorf("%d remembered, want the last %d at most, without bodies", len(served), tc.want)
			}
		})
	}
}
