package fakeprovider

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config has a default for every field.
type Config struct {
	Now       func() time.Time // default time.Now
	MaxServed int              // requests remembered; default 1000, below zero none
	MaxBody   int              // bytes of each request body remembered; default 64 KiB, below zero none
}

// maxRequest bounds a request body.
const maxRequest = 64 << 20

// Provider is the scripted upstream. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	mux    *http.ServeMux
	ledger ledger
	cache  promptCache
	lists  sync.Map // name -> []string, see SetList
	stored responses
}

var _ http.Handler = (*Provider)(nil)

// New makes a Provider.
func New(cfg Config) *Provider {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxServed == 0 {
		cfg.MaxServed = 1000
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 64 << 10
	}
	p := &Provider{cfg: cfg, mux: http.NewServeMux(), ledger: ledger{max: cfg.MaxServed, nth: map[string]int{}}}
	for _, prefix := range []string{"", "/v1", "/redirected", "/redirected/v1"} {
		for i := range apis {
			p.mux.HandleFunc("POST "+prefix+apis[i].path, func(w http.ResponseWriter, r *http.Request) { p.complete(w, r, &apis[i]) })
		}
	}
	for _, prefix := range []string{"", "/v1", "/v1beta", "/redirected", "/redirected/v1", "/redirected/v1beta"} {
		p.mux.HandleFunc("POST "+prefix+"/models/{call...}", p.askModel)
	}
	for _, prefix := range []string{"", "/v1"} {
		p.forResponses(prefix)
		p.mux.HandleFunc("GET "+prefix+"/models", p.models)
		p.mux.HandleFunc("GET "+prefix+"/models/{id...}", p.model)
	}
	p.handleLists()
	p.mux.HandleFunc("GET /{$}", p.help)
	p.mux.HandleFunc("GET /_served", p.showServed)
	p.mux.HandleFunc("DELETE /_served", p.forgetServed)
	p.mux.HandleFunc("/", notFound)
	return p
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, openAI(fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path), "invalid_request_error", "", ""))
}

// ServeHTTP answers one request.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Served tells what was asked of the completion endpoints, oldest first.
func (p *Provider) Served() []Served { return p.ledger.list() }

// Reset forgets what was served and lets every gate count from the start.
func (p *Provider) Reset() { p.ledger.reset() }

// WaitIdle returns when no completion is running, or with the error of ctx.
func (p *Provider) WaitIdle(ctx context.Context) error { return p.ledger.wait(ctx) }

func (p *Provider) complete(w http.ResponseWriter, r *http.Request, endpoint *api) {
	start := p.cfg.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		writeError(w, http.StatusBadRequest, openAI("The request body could not be read.", "invalid_request_error", "", ""))
		return
	}
	req, err := read(r, body)
	req.api = endpoint
	if endpoint.action != "" {
		req.model, req.stream = modelOf(r, endpoint)
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, openAI(err.Error(), "invalid_request_error", "", ""))
		return
	}
	record := &Served{
		Host: r.Host, Method: r.Method, Path: r.URL.Path, Model: strings.Clone(req.model), Stream: req.stream, Start: start,
		Header: hashSecrets(r.Header), BodySize: len(body), Body: bytes.Clone(body[:max(0, min(len(body), p.cfg.MaxBody))]),
	}
	if secret := credential(r.Header); secret != "" {
		record.AuthHash = AuthHash(secret)
	}
	p.ledger.begin(record)
	id := strings.TrimPrefix(record.RequestID, requestIDPrefix)

	x := &exchange{w: w, control: http.NewResponseController(w)}
	err = p.answer(x, r, req, record, id)
	end := Served{Status: x.status, BytesSent: x.bytes, EventsSent: x.events, Ended: EndedSent, Duration: p.cfg.Now().Sub(start)}
	if err != nil {
		end.Ended = EndedLeft
		if errors.Is(err, errFault) {
			end.Ended = EndedFault
		}
	}
	p.ledger.end(record, end)
	if err != nil {
		panic(http.ErrAbortHandler) // no clean end, whatever net/http still holds
	}
}

// read reads a request's body by its type.
func read(r *http.Request, body []byte) (request, error) {
	if media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == "multipart/form-data" {
		return parseForm(body, params["boundary"])
	}
	return parseRequest(body)
}

// answer plays the script of the request's model.
func (p *Provider) answer(x *exchange, r *http.Request, req request, record *Served, id string) error {
	head := x.w.Header()
	setHeaders(head, record.RequestID)
	steps, err := parse(req.model)
	s := newScript()
	if err == nil {
		s = scriptFor(steps, record.Nth)
	} else {
		s.answer = &answer{status: http.StatusNotFound, mime: mimeJSON, body: openAI(fmt.Sprintf("The model `%s` does not exist: %v. GET / lists what exists.", req.model, err), "invalid_request_error", "", "model_not_found")}
	}
	if strings.HasPrefix(r.URL.Path, "/redirected/") {
		s = newScript()
	}
	if s.redirect {
		head.Set("Location", "http://"+r.Host+"/redirected"+r.URL.Path)
		s.answer = &answer{status: http.StatusTemporaryRedirect, mime: mimeHTML}
	}
	if err := x.sleep(r.Context(), s.wait); err != nil {
		return err
	}
	if s.silent {
		return x.fail(r.Context(), faultStall)
	}
	reword(s, req.api)
	s.errorBody = withModel(s.errorBody, req.model)
	streaming := s.form == formSSE || s.form == formAsked && req.stream && req.api.stream != nil
	if s.errorBody != "" && !streaming {
		s.answer = &answer{status: http.StatusOK, mime: mimeJSON, body: s.errorBody}
	}
	if s.answer != nil {
		return p.fixed(r.Context(), x, s, req)
	}
	by := newAuthor(s, req, id, p.cfg.Now())
	if s.promptCache {
		by.prompt = p.cache.use(r.Host+"\x00"+record.AuthHash+"\x00"+req.model, promptOf(req.doc), p.cfg.Now())
	}
	if s.answer = p.keep(r, req, by); s.answer != nil {
		return p.fixed(r.Context(), x, s, req)
	}
	if !streaming {
		frames := req.api.plain(by)
		if req.background && req.api.path == "/responses" {
			frames = by.queued()
		}
		mime := orMime(s.mime, orMime(by.mime, orMime(req.api.mime, mimeJSON)))
		return p.send(r.Context(), x, s, http.StatusOK, mime, frames, req.api.mime != "")
	}
	write := req.api.stream
	if write == nil { // a stream where there is none
		write = (*author).stream
	}
	return p.send(r.Context(), x, s, http.StatusOK, orMime(s.mime, mimeSSE), write(by), true)
}

// reword puts the script's errors into the endpoint's own words.
func reword(s *script, endpoint *api) {
	if endpoint.reword == nil {
		return
	}
	if s.answer != nil {
		worded := *s.answer
		worded.body = endpoint.reword(worded.body)
		s.answer = &worded
	}
	s.errorBody = endpoint.reword(s.errorBody)
}

// fixed plays an answer that is no completion.
func (p *Provider) fixed(ctx context.Context, x *exchange, s *script, req request) error {
	for name, value := range s.answer.header {
		if seconds, ok := strings.CutPrefix(value, "DATE+"); ok {
			n, _ := strconv.Atoi(seconds)
			value = p.cfg.Now().Add(time.Duration(n) * time.Second).UTC().Format(http.TimeFormat)
		}
		x.w.Header().Set(name, value)
	}
	body := withModel(s.answer.body, req.model)
	return p.send(ctx, x, s, s.answer.status, s.answer.mime, []frame{{data: []byte(body)}}, false)
}

// send sets the headers that depend on the body and plays it: frame by frame when it is
// streamed, as events and audio are, else with its length.
func (p *Provider) send(ctx context.Context, x *exchange, s *script, status int, mime string, frames []frame, events bool) error {
	head := x.w.Header()
	head.Set("Content-Type", orMime(s.label, mime))
	if s.label == noLabel {
		head["Content-Type"] = nil // else net/http guesses one
	}
	if s.gzip {
		frames = compress(frames)
		head.Set("Content-Encoding", "gzip")
	}
	end := s.end
	if events {
		head.Set("Cache-Control", "no-cache")
	} else {
		head.Set("Content-Length", strconv.Itoa(size(frames)+s.length))
		if end.events { // a plain body has no events: half of it
			end = ending{fault: end.fault, at: max(1, size(frames)/2)}
		}
	}
	return x.play(ctx, status, frames, end, events)
}

// setHeaders sets what OpenAI sends with every answer, some of which no client should see.
func setHeaders(h http.Header, requestID string) {
	h.Set("X-Request-Id", requestID)
	h.Set("Openai-Organization", "fake-organization")
	h.Set("Openai-Processing-Ms", "12")
	h.Set("Openai-Version", "2020-10-01")
	h.Set("X-Ratelimit-Limit-Requests", "10000")
	h.Set("X-Ratelimit-Remaining-Requests", "9999")
	h.Set("X-Ratelimit-Reset-Requests", "6ms")
	h.Set("Set-Cookie", "__cf_bm=fake-upstream-cookie; path=/; HttpOnly; Secure")
	h.Set("Server", "fakeprovider")
}

func writeError(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", mimeJSON)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that left misses it
}

func orMime(mime, otherwise string) string {
	if mime == "" {
		return otherwise
	}
	return mime
}

// withModel puts the model's name where an error's body says MODEL.
func withModel(body, model string) string {
	if !strings.Contains(body, "MODEL") {
		return body
	}
	quoted := marshal(model)
	return strings.ReplaceAll(body, "MODEL", string(quoted[1:len(quoted)-1]))
}

// requestID is 32 hex digits that look random and are not.
func requestID(number int, now time.Time) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%d %d", number, now.UnixNano())
	return hex.EncodeToString(h.Sum(nil))
}
