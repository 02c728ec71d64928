package snapshot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
)

// Source is the configuration as it is now.
type Source interface {
	// Current returns the newest configuration; nil, or one without a lineage, while none
	// is loaded.
	Current() *controlplane.Config
	// Subscribe returns a channel that gets a value after each change, several changes
	// may share one, and a function that ends the subscription.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// Staging decides what nodes get of a configuration.
type Staging interface {
	// Stage says what nodes get of a configuration. On an error they keep what they have.
	Stage(ctx context.Context, cfg *controlplane.Config) (controlplane.Staged, error)
	// Subscribe returns a channel that gets a value when Stage may answer otherwise than before, and a function
	// that ends the subscription.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// Config is what a Hub needs.
type Config struct {
	Source Source              // required
	Sealer controlplane.Sealer // required; opens credentials
	Pepper []byte              // required; keys the hashes of API keys
	Logger *slog.Logger        // required
	// Debounce is how long a change waits for more of them; default 100ms.
	Debounce time.Duration
	// MaxDebounce is how long it waits at most; default 1s.
	MaxDebounce time.Duration
	// Tracer makes a span of each build that a traced change led to, and Trace names the span of that
	// change. Default: builds are not traced.
	Tracer trace.Tracer
	Trace  func(context.Context, controlplane.Revision) (parent string, err error)
	// At is a configuration as it was at an earlier revision. Default: what was not published here, or is forgotten,
	// is not made again.
	At func(ctx context.Context, cfg *controlplane.Config, revision controlplane.Revision) (*controlplane.Config, error)
}

// Hub builds a snapshot of each new revision once, from the one before, and hands it to all subscribers. A
// subscriber that is slow gets the newest one only. While a change is held back there are two: one for the nodes
// that are first and one for the others. It is safe for concurrent use.
type Hub struct {
	cfg     Config
	staging Staging // nil: every node gets the newest configuration
	newest  *image  // of the configuration; only Run uses it, and what follows
	held    *image  // what nodes get in its place; nil: nothing is held back
	past    []past  // of both

	recalled *recalled

	mu          sync.Mutex // guards the fields below
	current     published
	image       *image // newest
	err         error
	subscribers map[chan controlplane.Snapshot]string // the node
	given       map[chan controlplane.Snapshot]string // digest of what was put last
}

// published is what nodes get.
type published struct {
	newest, held controlplane.Snapshot // held is nil while nothing is held back
	first        func(node string) bool
}

// of is what a node gets; nil while there is nothing.
func (p published) of(node string) controlplane.Snapshot {
	if p.held != nil && !p.first(node) {
		return p.held
	}
	return p.newest
}

// NewHub returns a hub that is empty until Run.
func NewHub(cfg Config) (*Hub, error) {
	if cfg.Source == nil || cfg.Sealer == nil || len(cfg.Pepper) == 0 || cfg.Logger == nil {
		return nil, errors.New("snapshot: Source, Sealer, Pepper and Logger are required")
	}
	if cfg.Debounce == 0 {
		cfg.Debounce = 100 * time.Millisecond
	}
	if cfg.MaxDebounce == 0 {
		cfg.MaxDebounce = time.Second
	}
	return &Hub{cfg: cfg, recalled: newRecalled(), subscribers: map[chan controlplane.Snapshot]string{}, given: map[chan controlplane.Snapshot]string{}}, nil
}

// StageBy has changes held back from some nodes. Call it before Run.
func (h *Hub) StageBy(s Staging) { h.staging = s }

// Run publishes the present configuration at once and each later one soon after it was
// committed, until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	changed, cancel := h.cfg.Source.Subscribe()
	defer cancel()
	var staged <-chan struct{}
	if h.staging != nil {
		ch, cancel := h.staging.Subscribe()
		defer cancel()
		staged = ch
	}
	var again <-chan time.Time
	for {
		if err := h.refresh(ctx); err != nil {
			again = time.After(h.cfg.MaxDebounce)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-staged:
			continue
		case <-again:
			again = nil
			continue
		case <-changed:
		}
		if !h.settle(ctx, changed) {
			return nil
		}
	}
}

// settle waits until changes pause, but not forever.
func (h *Hub) settle(ctx context.Context, changed <-chan struct{}) bool {
	limit := time.NewTimer(h.cfg.MaxDebounce)
	defer limit.Stop()
	quiet := time.NewTimer(h.cfg.Debounce)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-limit.C:
			return true
		case <-quiet.C:
			return true
		case <-changed:
			quiet.Reset(h.cfg.Debounce)
		}
	}
}

// refresh builds the present configuration unless that was done, and hands it out as it is staged. The error is
// that of staging, which may pass by itself. Only Run calls it.
func (h *Hub) refresh(ctx context.Context) error {
	cfg := h.cfg.Source.Current()
	if cfg == nil || cfg.Lineage == "" {
		return nil // an empty snapshot would take everything away from the nodes
	}
	var staged controlplane.Staged
	if h.staging != nil {
		var err error
		if staged, err = h.staging.Stage(ctx, cfg); err != nil {
			h.fail(cfg.Revision, err)
			return err
		}
	}
	same := h.newest != nil && h.newest.cfg.Lineage == cfg.Lineage && h.newest.cfg.Revision == cfg.Revision
	if same && staged.Held == nil && h.held == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.err = nil // a later one failed and was taken back
		return nil
	}
	next, traceparent, err := h.newest, "", error(nil)
	if !same {
		next, traceparent, err = h.traced(ctx, cfg)
	}
	var held *image
	if err == nil && staged.Held != nil {
		held, err = next.follow(staged.Held, h.cfg.Sealer, h.cfg.Pepper)
	}
	if err != nil {
		h.fail(cfg.Revision, err)
		return nil
	}
	h.advance(next, held)
	out := published{newest: version{encoded: h.encoded(cfg, next.set), traceparent: traceparent}, first: staged.First}
	if held != nil {
		e := h.encoded(cfg, held.set)
		e.held = uint64(staged.Base)
		out.held = version{encoded: e}
	}
	h.publish(out, next.set.Len(), next.set.Size())
	return nil
}

func (h *Hub) encoded(cfg *controlplane.Config, set *docset.Set) *encoded {
	e := newEncoded(cfg, set, h.past)
	e.recalled = h.recalled
	return e
}

// advance makes images the present ones, and remembers those before, for nodes that still have them.
func (h *Hub) advance(next, held *image) {
	if h.newest == nil || h.newest.cfg.Lineage != next.cfg.Lineage {
		h.past = nil
		h.recalled.forget()
	} else {
		for _, before := range []*image{h.held, h.newest} {
			if before != nil && before != next && !(held != nil && before.set.Digest() == held.set.Digest()) {
				h.past = remember(h.past, before.set, next.set)
			}
		}
	}
	h.newest, h.held = next, held
}

// traced makes the image of a configuration as part of the trace that led to it, if one did. What was there
// when the process started was led to long ago.
func (h *Hub) traced(ctx context.Context, cfg *controlplane.Config) (next *image, traceparent string, err error) {
	build := func() (*image, error) { return h.newest.follow(cfg, h.cfg.Sealer, h.cfg.Pepper) }
	if h.cfg.Trace == nil || h.newest == nil {
		next, err = build()
		return next, "", err
	}
	parent, err := h.cfg.Trace(ctx, cfg.Revision)
	if err != nil {
		h.cfg.Logger.Warn("failed to trace the build of a snapshot", "revision", cfg.Revision, "error", err)
	}
	ctx, traced := telemetry.Under(ctx, parent)
	if !traced {
		next, err = build()
		return next, "", err
	}
	ctx, span := h.cfg.Tracer.Start(ctx, "build snapshot", trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.Int64("trunkline.revision", int64(cfg.Revision))))
	defer span.End()
	if next, err = build(); err != nil {
		span.SetStatus(codes.Error, "not built")
		return nil, "", err
	}
	return next, telemetry.ParentOf(ctx), nil
}

// fail keeps the last good snapshot and remembers why it is not the newest. A cause that
// stays over several revisions is logged once.
func (h *Hub) fail(revision controlplane.Revision, cause error) {
	h.mu.Lock()
	known := h.err != nil && errors.Unwrap(h.err).Error() == cause.Error()
	h.err = fmt.Errorf("build snapshot of revision %d: %w", revision, cause)
	h.mu.Unlock()
	if !known {
		h.cfg.Logger.Error("failed to build a snapshot; nodes keep the last good one", "revision", revision, "error", cause)
	}
}

func (h *Hub) publish(p published, documents, size int) {
	h.mu.Lock()
	recovered := h.err != nil
	h.err = nil
	h.current, h.image = p, h.newest
	if v, ok := p.newest.(version); ok {
		h.current.newest = version{encoded: v.encoded} // a node that comes later was not part of the trace
	}
	for mailbox, node := range h.subscribers {
		h.put(mailbox, p.of(node))
	}
	count := len(h.subscribers)
	h.mu.Unlock()
	h.cfg.Logger.Info("snapshot published", "revision", p.newest.Revision(), "held_back", p.held != nil,
		"documents", documents, "bytes", size, "subscribers", count, "after_error", recovered)
}

// put replaces what lies in the mailbox, unless it was given last. The caller holds mu, so nobody else puts.
func (h *Hub) put(mailbox chan controlplane.Snapshot, s controlplane.Snapshot) {
	if digest := string(s.Digest()); h.given[mailbox] != digest {
		h.given[mailbox] = digest
		select {
		case <-mailbox:
		default:
		}
		mailbox <- s
	}
}

// Subscribe returns a mailbox that holds the newest snapshot for a node not yet taken, the present
// one at once, and a function that ends the subscription; it may be called twice.
func (h *Hub) Subscribe(node string) (mailbox <-chan controlplane.Snapshot, cancel func()) {
	box := make(chan controlplane.Snapshot, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscribers[box] = node
	if s := h.current.of(node); s != nil {
		h.put(box, s)
	}
	return box, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subscribers, box)
		delete(h.given, box)
	}
}

// Current returns the last good snapshot of the newest configuration; nil while there is none.
func (h *Hub) Current() controlplane.Snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current.newest
}

// Err says why the newest configuration is not published; nil when it is.
func (h *Hub) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}
