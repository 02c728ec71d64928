// Package engine takes a request that was checked and read to an answer and a record. It
// tries candidates in order until one answers, and what it sends the client is always one
// provider's own answer or one error. Read it in this order:
//
//	engine.go      what it needs; Serve
//	request.go     what came in
//	call.go        the attempt loop: which candidate is next, and what its failure means
//	race.go        the same where a slow attempt gets another one beside it; shared.go
//	retry.go       which target is tried twice; opaque.go does without what others have sealed
//	candidates.go  their order, half-open probes, credentials
//	affinity.go    where calls of one conversation go, and whether a failover has taken it elsewhere
//	ways.go        who gets the request in another dialect; translator.go reads it for that
//	attempt.go     one try on one target; send.go, clock.go
//	outgoing.go    the request that it gets; rewrite.go, shape.go, translate.go, headers.go
//	answer.go      what came back: refused, whole or relayed (plain.go, relay.go)
//	stream.go      what came back as a stream, until the commit and behind it; translatedstream.go
//	response.go    what the client gets; outbox.go and hold.go hold it until the commit
//	report.go      what health learns; confirm.go asks again where a caller may be the reason
//	unsupported.go what targets were seen to lack; refusals.go, streamusage.go, habits.go
//	final.go       what the client is told when nobody answered; counted.go
//	record.go      what is recorded
package engine

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/affinity"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
)

// Upstream is how one provider is reached.
type Upstream interface {
	// NewRequest prepares a POST to an endpoint such as /chat/completions for a model of the provider,
	// without a body.
	NewRequest(ctx context.Context, p *dataplane.Provider, cred *dataplane.Credential, endpoint, model string) *http.Request
	// Send sends a request; it follows no redirect. connected learns whether the request's connection
	// was used before, as soon as it has one; nil: nobody asks.
	Send(r *http.Request, connected func(reused bool)) (*http.Response, error)
	// Waiter gives a way to wait until a response's body has something to read, without
	// memory to read it into; nil: only a read can wait.
	Waiter(r *http.Response) func()
	// ReleasesBody reports whether nobody reads a request's body any more once RoundTrip has
	// failed or the response's body was closed.
	ReleasesBody() bool
	// DropIdle closes idle connections, so that the next request dials.
	DropIdle()
	// Acquire takes a place among at most limit attempts in flight (0 is no limit);
	// Release gives it back.
	Acquire(limit int) bool
	Release()
	// Turn counts up: credentials take turns by it.
	Turn() uint32
}

// Health says how scopes stand and learns how attempts ended. Only Probe may wait, and
// at most 50 ms.
type Health interface {
	Condition(s dataplane.Scope) dataplane.Condition
	// Probe asks for the one half-open probe of a scope and gives its token.
	Probe(ctx context.Context, s dataplane.Scope, lease time.Duration) (token string, ok bool)
	Report(r dataplane.Report)
}

// Config is complete when every field is set.
type Config struct {
	// Snapshot gives the snapshot in use: streams of keys that it revokes are ended.
	Snapshot func() *dataplane.Snapshot
	// Upstream gives the way to a provider; nil when there is none.
	Upstream func(p *dataplane.Provider) Upstream
	Health   Health
	// Random gives a number in [0, n).
	Random func(n int) int
	// Pause waits before the last candidate is tried again, at most until ctx ends.
	Pause  func(ctx context.Context, d time.Duration)
	Now    func() time.Time
	Logger *slog.Logger
	// KeywordHit learns of each failure keyword that is found in an answer. It must not wait.
	KeywordHit func(name string)
	// Conversations are the endpoints between which requests are translated, in the order in which one
	// of them is chosen where a provider has several.
	Conversations []*wire.Endpoint
	// WriteStall is how long an upstream may take no byte of a request body.
	WriteStall time.Duration
	// SlowClient is how long one write to a client may take.
	SlowClient time.Duration
	// KeepAlive is the silence after which a waiting stream gets a comment.
	KeepAlive time.Duration
	// MaxFullResponse bounds a stream that is held until it is complete, in bytes.
	MaxFullResponse int64
	// TempDir is where large ones are held; empty: the system's directory.
	TempDir string
	Pool    *buffer.Pool
	// MaxCaptures bounds the bodies that are kept of the calls in flight for the call log, in
	// bytes. A call that finds no room is served as any other, and its bodies are not kept.
	MaxCaptures int64
}

// Engine serves requests. It is safe for concurrent use.
type Engine struct {
	cfg        Config
	learned    learned.Memory
	holds      affinity.Holds
	suspicions suspicions
	own        atomic.Int64 // requests, see confirm.go
	active     activeStreams
	captures   *body.Budget // of bodies that are kept for the call log
	// uncaptured counts calls whose bodies found no room there.
	uncaptured atomic.Int64
}

// New returns an engine.
func New(cfg Config) *Engine {
	return &Engine{cfg: cfg, captures: body.NewBudget(cfg.MaxCaptures)}
}

// Learned is what the answers of targets have taught.
func (e *Engine) Learned() *learned.Memory { return &e.learned }

// Uncaptured is how many calls' bodies were not kept for want of room.
func (e *Engine) Uncaptured() int64 { return e.uncaptured.Load() }

// OwnRequests is how many requests the node made for itself.
func (e *Engine) OwnRequests() int64 { return e.own.Load() }

// Serve answers a request and fills in its record. It panics with http.ErrAbortHandler to cut
// the connection of a client that must not take what it has for a whole answer; the record is
// complete then too.
func (e *Engine) Serve(w http.ResponseWriter, req *Request, rec *Record) {
	c := newCall(e, req, rec)
	c.client.w = w
	if c.captured = e.capture(w, req); c.captured != nil {
		c.client.w = c.captured
	}
	defer c.release()
	c.serve()
}
