// Package proxy is the HTTP edge of /v1: it authenticates, checks access and limits, reads
// the request, finds its group and hands it to the engine, which answers it.
//
// Every endpoint goes the same way; what differs between them is a row of one table
// (wire/api). Served with and without /v1:
//
//   - POST chat/completions, completions, responses, responses/compact,
//     responses/input_tokens, embeddings, moderations, rerank
//   - POST images/generations, images/edits, images/variations, audio/speech,
//     audio/transcriptions, audio/translations
//   - POST messages, messages/count_tokens, as Anthropic's clients and providers speak
//   - GET models, models/{id}
//   - POST models/{model}:generateContent, :streamGenerateContent, :countTokens, :embedContent, :batchEmbedContents,
//     as Google's clients speak; below /v1beta as well, with GET models and models/{id} in Google's words
//   - GET and DELETE responses/{id}, POST responses/{id}/cancel, GET responses/{id}/input_items
//
// As Azure's clients name them, all of these are served as well: below openai/v1 and openai, and
// below openai/deployments/{model}, which then names the model. A model in the body must be the same.
//
// Files, batches, fine-tuning, assistants and whatever else names no model to route by gets
// 404 unsupported_endpoint. A response that is to run in the background is refused, since it
// could not be billed. One that goes on with a stored one is sent to its provider alone, and never
// twice (stored.go).
//
// Request bodies may be gzip or zstd. At most 32 MiB decoded, 100 times what came over the
// wire, 1 GiB of all bodies at once, an eighth of that of one key; at least 1 KiB/s over each
// 10 s; 100 header fields. Those with an underscore in their name are dropped. A slash behind a
// path makes no difference.
//
// GET responses with an Upgrade begins a WebSocket (websocket.go); where they are switched off, and on
// any other path, it is refused with 426, at which clients that try one first turn to HTTP at once.
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
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/socket"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// Config is complete when every field without a default is set.
type Config struct {
	// Snapshot gives the snapshot in use; nil until the first one came.
	Snapshot func() *dataplane.Snapshot
	// Upstream gives the way to a provider; nil when there is none.
	Upstream func(p *dataplane.Provider) engine.Upstream
	Health   engine.Health
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
	// MaxBody bounds a request body in bytes; default 32 MiB, or an eighth of MaxBodies if
	// that is less. A larger one than that finds no room.
	MaxBody int64
	// MaxBodies bounds the bytes of all request bodies and full responses that are held at
	// once, in memory or on disk, and twice what is held of plain answers above 64 KiB; default 1 GiB. Beyond it requests are refused with 503, and
	// beyond an eighth of it those of one key with 429.
	MaxBodies int64
	// BodyWindow is the time in which a client that sends a body must bring 1 KiB for each
	// of its seconds; default 10 s.
	BodyWindow time.Duration
	// WriteStall is how long an upstream may take no byte of a request body; default 30 s.
	WriteStall time.Duration
	// SlowClient is how long one write to a client may take; default 60 s.
	SlowClient time.Duration
	// MaxFullResponse bounds a stream that is held until it is complete, in bytes; default 64 MiB.
	MaxFullResponse int64
	// TempDir is where forms and full responses of more than 256 KiB are held; default the
	// system's directory for temporary files.
	TempDir string
	// Limits keeps what keys may use and spend; nil: keys are not limited.
	Limits Limits
	// TrustForwarded takes the client's address from the last X-Forwarded-For; only behind
	// a proxy that sets it.
	TrustForwarded bool
	// KeepAlive is the silence after which a waiting stream gets a comment; default 15 s.
	KeepAlive time.Duration
	// Trace gives a call its place in a distributed trace, by the headers of the request; nil: calls
	// are not traced.
	Trace func(http.Header) dataplane.Trace
	// Turns answers the requests that come over WebSockets; default: the handler itself. It is for
	// whoever stands in front of it.
	Turns http.Handler
	// SocketIdle is after how long without a request a WebSocket is closed, SocketAge after how long
	// none begins on it any more, and SocketPing how often its client is asked for a sign of life;
	// default 10 minutes, 60 minutes and 30 s.
	SocketIdle, SocketAge, SocketPing time.Duration
	// KeywordHit learns of each failure keyword that is found in an answer. It must not
	// wait; default: nobody does.
	KeywordHit func(name string)
	// Background keeps calls whose responses go on behind their answers; nil: such requests are
	// refused.
	Background Background
	// Stored learns of each request about a stored response and how it ended. It must not wait;
	// default: nobody does.
	Stored func(operation string, o dataplane.Outcome)
	// AuthFailed learns of each request whose API key is not accepted. It must not wait;
	// default: nobody does.
	AuthFailed func(AuthFailure)
}

// Handler serves the OpenAI-compatible API, with and without the /v1 prefix.
type Handler struct {
	cfg      Config
	engine   *engine.Engine
	bodies   body.Limits
	budget   *body.Budget
	pool     buffer.Pool
	sockets  *socket.Sockets
	inFlight atomic.Int64
}

// The bounds of bodies where nothing else is set, in bytes.
const (
	DefaultMaxBody   = 32 << 20
	DefaultMaxBodies = 1 << 30
)

// New returns the handler.
func New(cfg Config) *Handler {
	cfg.MaxBodies = cmp.Or(cfg.MaxBodies, DefaultMaxBodies)
	cfg.MaxBody = cmp.Or(cfg.MaxBody, min(DefaultMaxBody, cfg.MaxBodies/body.KeyPart))
	cfg.BodyWindow = cmp.Or(cfg.BodyWindow, 10*time.Second)
	if cfg.Pause == nil {
		cfg.Pause = pause
	}
	if cfg.KeywordHit == nil {
		cfg.KeywordHit = func(string) {}
	}
	if cfg.Stored == nil {
		cfg.Stored = func(string, dataplane.Outcome) {}
	}
	if cfg.AuthFailed == nil {
		cfg.AuthFailed = func(AuthFailure) {}
	}
	h := &Handler{cfg: cfg, budget: body.NewBudget(cfg.MaxBodies)}
	h.bodies = body.Limits{Max: cfg.MaxBody, Window: cfg.BodyWindow, Pool: &h.pool, TempDir: cfg.TempDir}
	h.engine = engine.New(engine.Config{
		Snapshot: cfg.Snapshot, Upstream: cfg.Upstream, Health: cfg.Health,
		Random: cfg.Random, Pause: cfg.Pause, Now: cfg.Now, Logger: cfg.Logger, KeywordHit: cfg.KeywordHit,
		Conversations:   api.Conversations,
		WriteStall:      cmp.Or(cfg.WriteStall, 30*time.Second),
		SlowClient:      cmp.Or(cfg.SlowClient, time.Minute),
		KeepAlive:       cmp.Or(cfg.KeepAlive, 15*time.Second),
		MaxFullResponse: cmp.Or(cfg.MaxFullResponse, 64<<20),
		TempDir:         cfg.TempDir, Pool: &h.pool, MaxCaptures: min(64<<20, cfg.MaxBodies/body.KeyPart),
	})
	if cfg.Turns == nil {
		cfg.Turns = h
	}
	h.sockets = socket.New(socket.Config{
		Handler: cfg.Turns, Bodies: &h.bodies, NewID: cfg.NewID, Revoked: h.revoked,
		Idle: cmp.Or(cfg.SocketIdle, 10*time.Minute), Age: cmp.Or(cfg.SocketAge, time.Hour),
		Ping: cmp.Or(cfg.SocketPing, 30*time.Second), Slow: cmp.Or(cfg.SlowClient, time.Minute),
	})
	return h
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Engine gives what serves the calls.
func (h *Handler) Engine() *engine.Engine { return h.engine }

// Look asks a provider how a stored response stands, for the node itself: nil where it does not say,
// gone where it has none. What it reads counts against the budget of bodies.
func (h *Handler) Look(ctx context.Context, id dataplane.ResponseID) (standing []byte, gone bool) {
	return h.engine.Look(ctx, id, h.budget)
}

// Memory tells how the budget of bodies stands.
func (h *Handler) Memory() body.Usage { return h.budget.Usage() }

// LargeReturned is the size of all large buffers that are no longer in use, in bytes.
func (h *Handler) LargeReturned() int64 { return h.pool.LargeReturned() }

// InFlight is the number of requests being served.
func (h *Handler) InFlight() int { return int(h.inFlight.Load()) }

// ServeHTTP answers every request, also those it has no route for, in the schema of the path's API.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if wantsSocket(r) {
		h.upgrade(w, r)
		return
	}
	h.inFlight.Add(1)
	defer h.inFlight.Add(-1)
	id := h.cfg.NewID()
	w.Header()["X-Request-Id"] = []string{id}
	defer h.recovered(w, id)

	body.LimitTime(w, r, h.cfg.BodyWindow)
	to := locate(r.URL.Path)
	path := to.path
	repeatID(w, api.ErrorsOf(path))
	if h.crossOrigin(w, r) || refuseHeaders(w, r, path) {
		return
	}
	model, isModel := strings.CutPrefix(strings.TrimPrefix(path, google), "/models/")
	endpoint := api.Find(path)
	response, action, isStored := storedPath(path)
	switch {
	case endpoint != nil:
		if allow(w, r, http.MethodPost) {
			h.serve(w, r, id, endpoint, to)
		}
	case path == "/models", path == google+"/models":
		if allow(w, r, http.MethodGet, http.MethodHead) {
			h.listModels(w, r)
		}
	case isModel && model != "" && (r.Method != http.MethodPost || !isGoogle(r.URL.Path)): // else it asks what is not served
		if allow(w, r, http.MethodGet, http.MethodHead) {
			h.getModel(w, r, model)
		}
	case isStored:
		h.stored(w, r, id, response, action)
	default:
		notServed(w, r, path)
	}
}

// repeatID gives the request's id once more, in the header of the API's own.
func repeatID(w http.ResponseWriter, errors *wire.Errors) {
	if h := w.Header(); errors.IDHeader != "" {
		h[errors.IDHeader] = h["X-Request-Id"]
	}
}

// allow refuses other methods.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	writeAs(w, api.ErrorsOf(pathOf(r)), http.StatusMethodNotAllowed, wire.Error{
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
		panic(p) // how an answer is cut on purpose
	default:
		h.cfg.Logger.Error("request panicked", "request_id", id, "panic", p, "stack", string(debug.Stack()))
		writeError(w, http.StatusInternalServerError, wire.Error{Message: "internal error", Type: wire.ServerError, Code: "internal_error"})
	}
}
