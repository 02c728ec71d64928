package fakeprovider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// The cache belongs to a credential and a model, holds whole blocks of a prompt's beginning, and
// forgets them after 5 minutes; each API tells of it in its own words.
func TestPromptCache(t *testing.T) {
	t.Parallel()
	var offset atomic.Int64
	now := time.Now()
	p := New(Config{Now: func() time.Time { return now.Add(time.Duration(offset.Load())) }})
	ask := func(path, credential, body string) gjson.Result {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+credential)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return gjson.Get(w.Body.String(), "usage")
	}
	first := strings.Repeat("x", 1000)
	turn := func(model string, more ...string) string {
		messages := fmt.Sprintf(`{"role":"user","content":%q}`, first)
		for _, m := range more {
			messages += fmt.Sprintf(`,{"role":"user","content":%q}`, m)
		}
		return fmt.Sprintf(`{"model":%q,"max_tokens":9,"messages":[%s],"input":[]}`, model, messages)
	}
	type counts struct{ all, cached int64 }
	chat := func(credential, body string) counts {
		u := ask("/v1/chat/completions", credential, body)
		return counts{u.Get("prompt_tokens").Int(), u.Get("prompt_tokens_details.cached_tokens").Int()}
	}
	size := int64(len(fmt.Sprintf(`{"role":"user","content":%q}`, first))) / 4
	blocks := size / 16 * 16
	for i, step := range []struct {
		credential, body string
		wait             time.Duration
		want             counts
	}{
		{"a", turn("prompt-cache"), 0, counts{size, 0}},
		{"a", turn("prompt-cache"), 0, counts{size, blocks}},
		{"b", turn("prompt-cache"), 0, counts{size, 0}},
		{"a", turn("prompt-cache@2"), 0, counts{size, 0}},
		{"a", turn("prompt-cache", strings.Repeat("y", 500)), 4 * time.Minute, counts{size + 132, blocks}},
		{"a", strings.Replace(turn("prompt-cache"), "xx", "zz", 1), 0, counts{size, 0}}, // of a block before it, nothing counts
		{"a", turn("prompt-cache"), 4 * time.Minute, counts{size, blocks}},
		{"a", turn("prompt-cache"), 6 * time.Minute, counts{size, 0}},
		{"a", turn("ok"), 0, counts{PromptTokens, CachedTokens}},
	} {
		offset.Add(int64(step.wait))
		if got := chat(step.credential, step.body); got != step.want {
			t.Errorf("step %d: %+v, want %+v", i, got, step.want)
		}
	}
	u := ask("/v1/messages", "a", turn("prompt-cache"))
	if read, written, rest := u.Get("cache_read_input_tokens").Int(), u.Get("cache_creation_input_tokens").Int(), u.Get("input_tokens").Int(); read != blocks || written != 0 || rest != size-blocks {
		t.Errorf("messages: %s", u.Raw)
	}
	if u := ask("/v1/responses", "a", turn("prompt-cache")); u.Get("input_tokens").Int() != size || u.Get("input_tokens_details.cached_tokens").Int() != blocks {
		t.Errorf("responses: %s", u.Raw)
	}
}
