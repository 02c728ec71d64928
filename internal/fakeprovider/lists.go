package fakeprovider

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lists of models in the shapes of real providers, and lists that go wrong, live under base
// URLs of their own: http://HOST/lists/SPEC/v1 lists as SPEC says, and its other endpoints
// are the usual ones. SPEC is one or more of these, joined by "+":
//
//   - the shape: openai (default), array (Together's bare array, with prices), strings (an
//     array of ids), ollama ({"models":[{"name"}]}), openrouter (prices and context
//     lengths), anthropic (pages of 20 that follow after_id)
//   - the models: count-N (default 3), named-NAME (those of SetList; an unknown one is empty)
//   - who may ask: key-SECRET (401 without it, as a bearer token or x-api-key)
//   - what goes wrong: status-CODE, slow-TIME, drip-TIME (a byte each TIME), huge-MEGABYTES,
//     bomb-MEGABYTES (gzip), html, malformed, truncated, null, error (an error in a 200),
//     object (JSON that is no list), endless (pages without end), loop (the same page again
//     and again)
//   - detours: redirect-N (N times, on the same host), away (to another host), gzip
//
// PUT /_lists/NAME with a JSON array of ids is SetList.
func (p *Provider) handleLists() {
	p.mux.HandleFunc("GET /lists/{spec}/v1/models", p.list)
	p.mux.HandleFunc("PUT /_lists/{name}", p.putList)
	for i := range apis {
		p.mux.HandleFunc("POST /lists/{spec}/v1"+apis[i].path, func(w http.ResponseWriter, r *http.Request) {
			if l, err := parseList(r.PathValue("spec")); err != nil || l.key != "" && credential(r.Header) != l.key {
				refuseKey(w)
				return
			}
			p.complete(w, r, &apis[i])
		})
	}
}

// SetList says which models the list named-NAME holds from now on.
func (p *Provider) SetList(name string, ids ...string) {
	p.lists.Store(name, slices.Clone(ids))
}

func (p *Provider) putList(w http.ResponseWriter, r *http.Request) {
	var ids []string
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ids); err != nil {
		writeError(w, http.StatusBadRequest, openAI("want a JSON array of ids", "invalid_request_error", "", ""))
		return
	}
	p.SetList(r.PathValue("name"), ids...)
	w.WriteHeader(http.StatusNoContent)
}

// list is what one SPEC says.
type list struct {
	shape, key, name string
	count            int
	status           int
	wait, drip       time.Duration
	huge, bomb       int // MiB
	redirects        int
	fault            string
	gzip             bool
}

var errList = errors.New("no such list")

func parseList(spec string) (list, error) {
	l := list{shape: "openai", count: 3}
	for part := range strings.SplitSeq(spec, "+") {
		word, arg, _ := strings.Cut(part, "-")
		var err error
		switch word {
		case "openai", "array", "strings", "ollama", "openrouter", "anthropic":
			l.shape = word
		case "html", "malformed", "truncated", "null", "error", "object", "endless", "loop", "away":
			l.fault = word
		case "gzip":
			l.gzip = true
		case "count":
			l.count, err = strconv.Atoi(arg)
		case "named":
			l.name = arg
		case "key":
			l.key = arg
		case "status":
			l.status, err = strconv.Atoi(arg)
		case "slow":
			l.wait, err = time.ParseDuration(arg)
		case "drip":
			l.drip, err = time.ParseDuration(arg)
		case "huge":
			l.huge, err = strconv.Atoi(arg)
		case "bomb":
			l.bomb, err = strconv.Atoi(arg)
		case "redirect":
			l.redirects, err = strconv.Atoi(arg)
		default:
			err = errList
		}
		if err != nil {
			return list{}, fmt.Errorf("%q: %w", part, err)
		}
	}
	return l, nil
}

func refuseKey(w http.ResponseWriter) {
	k, _ := findKind("invalid_api_key")
	writeError(w, http.StatusUnauthorized, k.body)
}

// list serves a list of models.
func (p *Provider) list(w http.ResponseWriter, r *http.Request) {
	l, err := parseList(r.PathValue("spec"))
	if err != nil {
		writeError(w, http.StatusNotFound, openAI(err.Error(), "invalid_request_error", "", ""))
		return
	}
	hop, _ := strconv.Atoi(r.URL.Query().Get("hop"))
	switch {
	case l.key != "" && credential(r.Header) != l.key:
		refuseKey(w)
		return
	case l.status != 0:
		writeError(w, l.status, statusAnswer(l.status).body)
		return
	case l.fault == "away":
		http.Redirect(w, r, "http://elsewhere.invalid/v1/models?key=leak", http.StatusTemporaryRedirect)
		return
	case hop < l.redirects:
		http.Redirect(w, r, fmt.Sprintf("%s?hop=%d", r.URL.Path, hop+1), http.StatusTemporaryRedirect)
		return
	}
	select {
	case <-time.After(l.wait):
	case <-r.Context().Done():
		return
	}
	if l.fault == "html" {
		w.Header().Set("Content-Type", mimeHTML)
		fmt.Fprintf(w, htmlPage, "Sign in", "Sign in")
		return
	}
	w.Header().Set("Content-Type", mimeJSON)
	body := p.listBody(l, r)
	switch {
	case l.bomb > 0:
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		pad(z, l.bomb)
		_ = z.Close() // a client that left misses it
	case l.huge > 0:
		pad(w, l.huge)
	case l.gzip:
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(body)
		_ = z.Close()
	case l.drip > 0:
		drip(w, r, body, l.drip)
	default:
		_, _ = w.Write(body)
	}
}

// pad writes a list that is mostly padding.
func pad(w io.Writer, megabytes int) {
	block := []byte(strings.Repeat(" ", 64<<10))
	_, _ = io.WriteString(w, `{"object":"list",`)
	for range megabytes * 16 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"data":[{"id":"padded"}]}`)
}

func drip(w http.ResponseWriter, r *http.Request, body []byte, each time.Duration) {
	for _, b := range body {
		select {
		case <-time.After(each):
		case <-r.Context().Done():
			return
		}
		_, _ = w.Write([]byte{b})
		_ = http.NewResponseController(w).Flush()
	}
}

// listBody is a list in its shape, or what is there in its place.
func (p *Provider) listBody(l list, r *http.Request) []byte {
	switch l.fault {
	case "malformed":
		return []byte(`{"data": [{"id": "a"},`)
	case "null":
		return []byte("null")
	case "error":
		return []byte(openAI("The server had an error while processing your request. Secret: sk-canary", "server_error", "", ""))
	case "object":
		return []byte(`{"status":"ok"}`)
	}
	ids := make([]string, 0, l.count)
	for n := range l.count {
		ids = append(ids, fmt.Sprintf("vendor/Model-%04d", n))
	}
	if l.name != "" {
		stored, _ := p.lists.Load(l.name)
		ids, _ = stored.([]string)
	}
	if l.fault == "endless" || l.fault == "loop" || l.shape == "anthropic" {
		return page(l, ids, r.URL.Query().Get("after_id"))
	}
	body, err := json.Marshal(shaped(l.shape, ids))
	if err != nil {
		return []byte(openAI(err.Error(), "server_error", "", ""))
	}
	if l.fault == "truncated" {
		body = body[:len(body)/2]
	}
	return body
}

// pageSize is how many models a page of Anthropic's shape has here.
const pageSize = 20

func page(l list, ids []string, after string) []byte {
	from := slices.Index(ids, after) + 1
	switch l.fault {
	case "loop":
		from = 0
	case "endless":
		n, _ := strconv.Atoi(strings.TrimPrefix(after, "page-"))
		ids, from = []string{fmt.Sprintf("page-%d", n+1), "never"}, 0
		ids = ids[:1]
	}
	to := min(from+pageSize, len(ids))
	type model struct {
		Type        string `json:"type"`
		ID          string `json:"id"`
		DisplayName string `json:"display_name"`
	}
	answer := struct {
		Data    []model `json:"data"`
		HasMore bool    `json:"has_more"`
		FirstID string  `json:"first_id"`
		LastID  string  `json:"last_id"`
	}{Data: []model{}, HasMore: to < len(ids) || l.fault != ""}
	for _, id := range ids[from:to] {
		answer.Data = append(answer.Data, model{"model", id, "The " + id})
		answer.LastID = id
	}
	if len(answer.Data) > 0 {
		answer.FirstID = answer.Data[0].ID
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return []byte(openAI(err.Error(), "server_error", "", ""))
	}
	return body
}

// shaped is a list as a kind of provider gives it.
func shaped(shape string, ids []string) any {
	items := make([]map[string]any, len(ids))
	for n, id := range ids {
		switch shape {
		case "ollama":
			items[n] = map[string]any{"name": id, "model": id, "size": 4_000_000_000, "details": map[string]any{"family": "llama"}}
		case "openrouter":
			items[n] = map[string]any{
				"id": id, "name": "The " + id, "context_length": 128_000,
				"pricing": map[string]any{"prompt": "0.00000015", "completion": "0.0000006", "input_cache_read": "0.000000075", "request": "0", "image": "0"},
			}
		case "array":
			items[n] = map[string]any{"id": id, "object": "model", "type": "chat", "context_length": 32_768, "pricing": map[string]any{"input": 0.2, "output": 0.6, "hourly": 0}}
		default:
			items[n] = map[string]any{"id": id, "object": "model", "created": 1700000000, "owned_by": "fakeprovider"}
		}
	}
	switch shape {
	case "array":
		return items
	case "strings":
		return ids
	case "ollama":
		return map[string]any{"models": items}
	case "openrouter":
		return map[string]any{"data": items}
	}
	return map[string]any{"object": "list", "data": items}
}
