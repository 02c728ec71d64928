package fakeprovider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/tidwall/gjson"
)

// maxStored bounds the responses that are kept; the oldest goes.
const maxStored = 1000

// storedResponse is a response that was not asked with store: false.
type storedResponse struct {
	by         *author
	input      json.RawMessage
	background bool
	seen       int    // how often it was asked for since
	ended      string // the status it has for good; empty: it follows from seen
}

// responses keeps responses, each for the credential that asked for it.
type responses struct {
	mu    sync.Mutex
	byID  map[string]*storedResponse // "AUTHHASH ID"
	order []string
}

func storedKey(r *http.Request, id string) string {
	return AuthHash(credential(r.Header)) + " " + id
}

func (s *responses) put(key string, one *storedResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*storedResponse{}
	}
	if len(s.order) == maxStored {
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
	s.byID[key], s.order = one, append(s.order, key)
}

func (s *responses) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[key] != nil
}

// status is the state of a response that was asked for so often.
func (one *storedResponse) status() string {
	switch polls := one.by.script.polls; {
	case one.ended != "":
		return one.ended
	case !one.background || one.seen >= polls:
		return orMime(one.by.script.ends, "completed")
	case one.seen == 0:
		return "queued"
	}
	return "in_progress"
}

// doc is the response as it stands.
func (one *storedResponse) doc() []byte {
	a, status := one.by, one.status()
	if status == "completed" || status == "incomplete" {
		return a.responseDoc(status, a.responseItem("completed", a.responseText()), a.responseUsage())
	}
	return a.responseDoc(status, nil, nil)
}

// forResponses handles what is asked of a stored response.
func (p *Provider) forResponses(prefix string) {
	handle := func(pattern string, serve func(w http.ResponseWriter, r *http.Request, one *storedResponse)) {
		p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.onStored(w, r, serve) })
	}
	path := prefix + "/responses/{id}"
	handle("GET "+path, p.retrieve)
	handle("DELETE "+path, p.remove)
	handle("POST "+path+"/cancel", p.cancel)
	handle("GET "+path+"/input_items", func(w http.ResponseWriter, _ *http.Request, one *storedResponse) {
		writeDoc(w, fmt.Appendf(nil, `{"object":"list","data":[{"type":"message","id":"msg_in","role":"user","content":[{"type":"input_text","text":%s}]}],"first_id":"msg_in","last_id":"msg_in","has_more":false}`, one.input))
	})
}

// onStored finds the response of a request and writes the request down.
func (p *Provider) onStored(w http.ResponseWriter, r *http.Request, serve func(w http.ResponseWriter, r *http.Request, one *storedResponse)) {
	record := &Served{Host: r.Host, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Start: p.cfg.Now(), Header: hashSecrets(r.Header), AuthHash: AuthHash(credential(r.Header))}
	p.ledger.begin(record)
	defer p.ledger.end(record, Served{Status: http.StatusOK, Ended: EndedSent})
	setHeaders(w.Header(), record.RequestID)
	id := r.PathValue("id")
	p.stored.mu.Lock()
	one := p.stored.byID[storedKey(r, id)]
	p.stored.mu.Unlock()
	if one == nil {
		writeError(w, http.StatusNotFound, openAI("Response with id '"+id+"' not found.", "invalid_request_error", "", ""))
		return
	}
	serve(w, r, one)
}

func (p *Provider) retrieve(w http.ResponseWriter, r *http.Request, one *storedResponse) {
	if r.URL.Query().Get("stream") == "true" {
		after, err := strconv.Atoi(r.URL.Query().Get("starting_after"))
		if err != nil {
			after = -1
		}
		p.replay(w, r, one, after)
		return
	}
	p.stored.mu.Lock()
	one.seen++
	doc := one.doc()
	p.stored.mu.Unlock()
	writeDoc(w, doc)
}

// replay streams a response from behind an event.
func (p *Provider) replay(w http.ResponseWriter, r *http.Request, one *storedResponse, after int) {
	p.stored.mu.Lock()
	one.ended = orMime(one.ended, "completed")
	frames := one.by.responseStream()
	p.stored.mu.Unlock()
	left := frames[:0]
	for _, f := range frames {
		_, data, _ := bytes.Cut(f.data, []byte("data:"))
		if n := gjson.GetBytes(data, "sequence_number"); !n.Exists() || int(n.Int()) > after {
			left = append(left, f)
		}
	}
	w.Header().Set("Content-Type", mimeSSE)
	x := &exchange{w: w, control: http.NewResponseController(w)}
	if x.play(r.Context(), http.StatusOK, left, one.by.script.end, true) != nil {
		panic(http.ErrAbortHandler)
	}
}

func (p *Provider) remove(w http.ResponseWriter, r *http.Request, one *storedResponse) {
	p.stored.mu.Lock()
	delete(p.stored.byID, storedKey(r, r.PathValue("id")))
	p.stored.mu.Unlock()
	writeDoc(w, fmt.Appendf(nil, `{"id":"resp_%s","object":"response","deleted":true}`, one.by.id))
}

func (p *Provider) cancel(w http.ResponseWriter, _ *http.Request, one *storedResponse) {
	p.stored.mu.Lock()
	defer p.stored.mu.Unlock()
	if !one.background {
		writeError(w, http.StatusBadRequest, openAI("Only responses created with background=true can be cancelled.", "invalid_request_error", "", ""))
		return
	}
	if status := one.status(); status == "queued" || status == "in_progress" {
		one.ended = "cancelled"
	}
	writeDoc(w, one.doc())
}

func writeDoc(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", mimeJSON)
	_, _ = w.Write(body) // a client that left misses it
}

// keep stores the response that is about to be answered, and refuses one that goes on with what is
// not stored for this credential.
func (p *Provider) keep(r *http.Request, req request, by *author) (refused *answer) {
	if req.previous != "" && !p.stored.has(storedKey(r, req.previous)) {
		return &answer{status: http.StatusBadRequest, mime: mimeJSON, body: openAI(
			"Previous response with id '"+req.previous+"' not found.", "invalid_request_error", "previous_response_id", "previous_response_not_found")}
	}
	if req.api.path == "/responses" && req.store {
		p.stored.put(storedKey(r, "resp_"+by.id), &storedResponse{by: by, input: marshal(req.lastUser), background: req.background})
	}
	return nil
}

// queued is the answer to a request for a response in the background.
func (a *author) queued() []frame { return a.json("%s", a.responseDoc("queued", nil, nil)) }
