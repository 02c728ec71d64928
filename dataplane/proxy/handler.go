// Package proxy serves /v1: authenticate, route, attempt, commit, relay, record. A
// request is a call; the call tries candidates in order until one answers, and what it
// sends the client is always one provider's own answer or one error.
//
// Every endpoint goes the same way; what differs between them is a row of one table
// (endpoint.go). Served with and without /v1:
//
//   - POST chat/completions, completions, responses, responses/compact,
//     responses/input_tokens, embeddings, moderations, rerank
//   - POST images/generations, images/edits, images/variations, audio/speech,
//     audio/transcriptions, audio/translations; forms are spooled, see form
//   - POST messages, messages/count_tokens, as Anthropic's clients and providers speak
//   - GET models, models/{id}
//
// Files, batches, fine-tuning, assistants and whatever else names no model to route by gets
// 404 unsupported_endpoint. A response that runs in the background, or that goes on with a
// stored one, is never sent twice: it moves on only from failures before it was sent.
//
// Request bodies may be gzip or zstd. At most 32 MiB decoded, 100 times what came over the
// wire, 1 GiB of all bodies at once; at least 1 KiB/s over each 10 s; 100 header fields, none
// with an underscore in its name.
package proxy

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// Upstream is how the proxy reaches one provider.
type Upstream interface {
	// NewRequest prepares a POST to an endpoint such as /chat/completions, without a body.
	NewRequest(ctx context.Context, p *dataplane.Provider, cred *dataplane.Credential, endpoint string) *http.Request
	// RoundTrip sends a request; it follows no redirect.
	RoundTrip(r *http.Request) (*http.Response, error)
	// DropIdle closes idle connections, so that the next request dials.
	DropIdle()
	// Acquire takes a place among at most limit attempts in flight (0 is no limit);
	// Release gives it back.
	Acquire(limit int) bool
	Release()
	// Turn counts up: credentials take turns by it.
	Turn() uint32
	// StreamUsage reports whether stream_options may be sent; RefuseStreamUsage remembers
	// that the provider does not take them.
	StreamUsage() bool
	RefuseStreamUsage()
}

// Health says how scopes stand and learns how attempts ended. Only Probe may wait, and
// at most 50 ms.
type Health interface {
	Condition(s dataplane.Scope) dataplane.Condition
	// Probe asks for the one half-open probe of a scope and gives its token.
	Probe(ctx context.Context, s dataplane.Scope, lease time.Duration) (token string, ok bool)
	Report(r dataplane.Report)
}

// Config is complete when every field without a default is set.
type Config struct {
	// Snapshot gives the snapshot in use; nil until the first one came.
	Snapshot func() *dataplane.Snapshot
	// Upstream gives the way to a provider; nil when there is none.
	Upstream func(p *dataplane.Provider) Upstream
	Health   Health
	// Record takes the finished call. It must not wait.
	Record func(dataplane.Call)
	// Random gives a number in [0, n).
	Random func(n int) int
	// Pause waits before the last candidate is tried again, at most until ctx ends; default
	// a timer.
	Pause  func(ctx context.Context, d time.Duration)
	NewID  func() string
	Now    func() time.Time
	Logger *slog.Logger
	// MaxBody bounds a request body in bytes; default 32 MiB.
	MaxBody int64
	// MaxBodies bounds the bytes of all request bodies and whole streams that are held at
	// once, in memory or spooled; default 1 GiB. Beyond it requests are refused with 503.
	MaxBodies int64
	// BodyWindow is the time in which a client that sends a body must bring 1 KiB for each
	// of its seconds; default 10 s.
	BodyWindow time.Duration
	// WriteStall is how long an upstream may take no byte of a request body; default 30 s.
	WriteStall time.Duration
	// SlowClient is how long one write to a client may take; default 60 s.
	SlowClient time.Duration
	// MaxWhole bounds a stream that is held until it is complete, in bytes; default 64 MiB.
	MaxWhole int64
	// SpoolDir is where forms and whole streams of more than 256 KiB are held; default the
	// system's directory for temporary files.
	SpoolDir string
	// Limits keeps what keys may use and spend; nil: keys are not limited.
	Limits Limits
	// TrustForwarded takes the client's address from the last X-Forwarded-For; only behind
	// a proxy that sets it.
	TrustForwarded bool
	// KeepAlive is the silence after which a waiting stream gets a comment; default 15 s.
	KeepAlive time.Duration
	// KeywordHit learns of each failure keyword that is found in an answer. It must not
	// wait; default: nobody does.
	KeywordHit func(name string)
}

// Handler serves the OpenAI-compatible API, with and without the /v1 prefix.
type Handler struct {
	cfg      Config
	inFlight atomic.Int64
	bodies   holdings
	captures holdings // bodies that are kept for the call log
	// uncaptured counts calls whose bodies found no room there.
	uncaptured atomic.Int64
	gaps       gaps
	buffers    buffer.Pool
	running    running // streams
}

// New returns the handler.
func New(cfg Config) *Handler {
	cfg.MaxBody = cmp.Or(cfg.MaxBody, 32<<20)
	cfg.MaxBodies = cmp.Or(cfg.MaxBodies, 1<<30)
	cfg.MaxWhole = cmp.Or(cfg.MaxWhole, 64<<20)
	cfg.BodyWindow = cmp.Or(cfg.BodyWindow, 10*time.Second)
	cfg.WriteStall = cmp.Or(cfg.WriteStall, 30*time.Second)
	cfg.SlowClient = cmp.Or(cfg.SlowClient, time.Minute)
	cfg.KeepAlive = cmp.Or(cfg.KeepAlive, 15*time.Second)
	if cfg.Pause == nil {
		cfg.Pause = pause
	}
	if cfg.KeywordHit == nil {
		cfg.KeywordHit = func(string) {}
	}
	h := &Handler{cfg: cfg}
	h.bodies.limit = cfg.MaxBodies
	h.captures.limit = maxCaptures
	return h
}

// Patterns are the paths the handler serves, for a mux that it shares with others.
func Patterns() []string {
	all := []string{"/v1/", "/models", "/models/"}
	for _, e := range api.Endpoints {
		all = append(all, e.Path)
	}
	return all
}

// InFlight is the number of requests being served.
func (h *Handler) InFlight() int { return int(h.inFlight.Load()) }

// ServeHTTP answers every request, also those it has no route for, in OpenAI's schema.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.inFlight.Add(1)
	defer h.inFlight.Add(-1)
	id := h.cfg.NewID()
	w.Header()["X-Request-Id"] = []string{id}
	defer h.recovered(w, id)

	limitBody(w, r, h.cfg.BodyWindow)
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	if name := api.ErrorsOf(path).IDHeader; name != "" {
		w.Header()[name] = []string{id}
	}
	if h.crossOrigin(w, r) || refuseHeaders(w, r, path) {
		return
	}
	model, isModel := strings.CutPrefix(path, "/models/")
	endpoint := api.Find(path)
	switch {
	case endpoint != nil:
		if allow(w, r, http.MethodPost) {
			h.complete(w, r, id, endpoint)
		}
	case path == "/models":
		if allow(w, r, http.MethodGet, http.MethodHead) {
			h.listModels(w, r)
		}
	case isModel && model != "":
		if allow(w, r, http.MethodGet, http.MethodHead) {
			h.getModel(w, r, model)
		}
	default:
		notServed(w, r, path)
	}
}

// allow refuses other methods.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	writeAs(w, api.ErrorsOf(strings.TrimPrefix(r.URL.Path, "/v1")), http.StatusMethodNotAllowed, wire.Error{
		Message: r.Method + " is not allowed on " + r.URL.Path + "; use " + strings.Join(methods, " or "),
		Type:    wire.InvalidRequest, Code: "method_not_allowed",
	})
	return false
}

// recovered turns a panic of ours into an error answer, if none was begun.
func (h *Handler) recovered(w http.ResponseWriter, id string) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		panic(p) // how a stream is cut on purpose
	default:
		h.cfg.Logger.Error("request panicked", "request_id", id, "panic", p, "stack", string(debug.Stack()))
		writeError(w, http.StatusInternalServerError, wire.Error{Message: "internal error", Type: wire.ServerError, Code: "internal_error"})
	}
}
