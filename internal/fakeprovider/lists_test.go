package fakeprovider

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// get asks for a list; body is what came, even when it broke off.
func (u upstream) get(t *testing.T, spec, query string) (res *http.Response, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.url+"/lists/"+spec+"/v1/models"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", "sk-1")
	res, err = u.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(res.Body, 3<<20))
	return res, string(data)
}

func TestLists(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	u.SetList("mine", "a", "b/c")
	for spec, want := range map[string]struct {
		status      int
		path, value string // in the body
	}{
		"openai":              {200, "data.#", "3"},
		"openai+count-500":    {200, "data.499.id", "vendor/Model-0499"},
		"count-0":             {200, "data.#", "0"},
		"array":               {200, "0.pricing.input", "0.2"},
		"strings":             {200, "2", "vendor/Model-0002"},
		"ollama":              {200, "models.0.name", "vendor/Model-0000"},
		"openrouter":          {200, "data.1.pricing.prompt", "0.00000015"},
		"anthropic+count-45":  {200, "has_more", "true"},
		"anthropic+count-20":  {200, "has_more", "false"},
		"named-mine":          {200, "data.1.id", "b/c"},
		"named-unknown":       {200, "data.#", "0"},
		"named-mine+key-sk-1": {200, "data.#", "2"},
		"named-mine+key-sk-2": {401, "error.code", "invalid_api_key"},
		"status-503":          {503, "error.type", "server_error"},
		"endless":             {200, "last_id", "page-1"},
		"loop+count-21":       {200, "last_id", "vendor/Model-0019"},
		"null":                {200, "@this", ""},
		"error":               {200, "error.type", "server_error"},
		"object":              {200, "status", "ok"},
		"nonsense":            {404, "error.type", "invalid_request_error"},
		"count-x":             {404, "error.type", "invalid_request_error"},
	} {
		res, body := u.get(t, spec, "")
		if got := gjson.Get(body, want.path).String(); res.StatusCode != want.status || got != want.value {
			t.Errorf("%s: status %d, %s is %q; want %d and %q", spec, res.StatusCode, want.path, got, want.status, want.value)
		}
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	var ids []string
	after := ""
	for range 3 {
		_, body := u.get(t, "anthropic+count-45", "?after_id="+after)
		for _, id := range gjson.Get(body, "data.#.id").Array() {
			ids = append(ids, id.String())
		}
		after = gjson.Get(body, "last_id").String()
		if gjson.Get(body, "has_more").Bool() != (len(ids) < 45) {
			t.Errorf("has_more after %d models: %s", len(ids), gjson.Get(body, "has_more").Raw)
		}
	}
	if len(ids) != 45 || ids[44] != "vendor/Model-0044" {
		t.Errorf("%d models, the last %q", len(ids), ids[len(ids)-1])
	}
}

func TestListsThatGoWrong(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	for spec, right := range map[string]func(res *http.Response, body string) bool{
		"html": func(res *http.Response, body string) bool {
			return strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && strings.Contains(body, "<html")
		},
		"malformed": func(_ *http.Response, body string) bool { return !gjson.Valid(body) },
		"truncated": func(_ *http.Response, body string) bool { return !gjson.Valid(body) && body != "" },
		"huge-3":    func(_ *http.Response, body string) bool { return len(body) == 3<<20 },
		"bomb-64": func(res *http.Response, body string) bool {
			return res.Header.Get("Content-Encoding") == "gzip" && len(body) < 1<<20
		},
		"gzip": func(res *http.Response, body string) bool {
			return res.Header.Get("Content-Encoding") == "gzip" && strings.HasPrefix(body, "\x1f\x8b")
		},
		"redirect-1": func(res *http.Response, _ string) bool {
			return res.StatusCode == 307 && res.Header.Get("Location") == "/lists/redirect-1/v1/models?hop=1"
		},
		"away": func(res *http.Response, _ string) bool {
			return strings.HasPrefix(res.Header.Get("Location"), "http://elsewhere.invalid/")
		},
		"drip-1us": func(_ *http.Response, body string) bool { return gjson.Get(body, "data.#").Int() == 3 },
	} {
		if res, body := u.get(t, spec, ""); !right(res, body) {
			t.Errorf("%s: status %d, headers %v, %d bytes beginning with %.60q", spec, res.StatusCode, res.Header, len(body), body)
		}
	}
	began := time.Now()
	if u.get(t, "slow-30ms", ""); time.Since(began) < 30*time.Millisecond {
		t.Error("a slow list is quick")
	}
}

func TestPutList(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	put := func(body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, u.url+"/_lists/mine", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := u.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if status := put(`["x"]`); status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	if status := put(`{`); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	if _, body := u.get(t, "named-mine", ""); gjson.Get(body, "data.0.id").String() != "x" {
		t.Errorf("the list is %s", body)
	}
}
