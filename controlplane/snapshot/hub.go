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
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
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
}

// Hub builds a snapshot of each new revision once and hands it to all subscribers. A
// subscriber that is slow gets the newest one only. It is safe for concurrent use.
type Hub struct {
	cfg   Config
	built version // of what is published; only Run uses it

	mu          sync.Mutex // guards the fields below
	current     *nodev1.Full
	err         error
	subscribers map[chan *nodev1.Full]struct{}
}

// version tells configurations apart, those of a database that was replaced included.
type version struct {
	lineage  string
	revision controlplane.Revision
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
	return &Hub{cfg: cfg, subscribers: map[chan *nodev1.Full]struct{}{}}, nil
}

// Run publishes the present configuration at once and each later one soon after it was
// committed, until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	changed, cancel := h.cfg.Source.Subscribe()
	defer cancel()
	for {
		h.refresh(ctx)
		select {
		case <-ctx.Done():
			return nil
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

// refresh builds the present configuration unless that was done. Only Run calls it.
func (h *Hub) refresh(ctx context.Context) {
	cfg := h.cfg.Source.Current()
	if cfg == nil || cfg.Lineage == "" {
		return // an empty snapshot would take everything away from the nodes
	}
	at := version{cfg.Lineage, cfg.Revision}
	if at == h.built {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.err = nil // a later one failed and was taken back
		return
	}
	full, err := h.traced(ctx, cfg)
	if err != nil {
		h.fail(cfg.Revision, err)
		return
	}
	h.built = at
	h.publish(full)
}

// traced is build as part of the trace that led to the configuration, if one did. What was there when
// the process started was led to long ago.
func (h *Hub) traced(ctx context.Context, cfg *controlplane.Config) (*nodev1.Full, error) {
	if h.cfg.Trace == nil || h.built == (version{}) {
		return h.build(cfg)
	}
	parent, err := h.cfg.Trace(ctx, cfg.Revision)
	if err != nil {
		h.cfg.Logger.Warn("snapshot built without its trace", "revision", cfg.Revision, "error", err)
	}
	ctx, traced := telemetry.Under(ctx, parent)
	if !traced {
		return h.build(cfg)
	}
	ctx, span := h.cfg.Tracer.Start(ctx, "build snapshot", trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.Int64("trunkline.revision", int64(cfg.Revision))))
	defer span.End()
	full, err := h.build(cfg)
	if err != nil {
		span.SetStatus(codes.Error, "not built")
		return nil, err
	}
	full.Traceparent = telemetry.ParentOf(ctx)
	return full, nil
}

func (h *Hub) build(cfg *controlplane.Config) (*nodev1.Full, error) {
	s, err := Build(cfg, h.cfg.Sealer, h.cfg.Pepper)
	if err != nil {
		return nil, err
	}
	full, err := Encode(s)
	if err != nil {
		return nil, err
	}
	full.Lineage, full.Replaces = cfg.Lineage, cfg.Replaces
	return full, nil
}

// fail keeps the last good snapshot and remembers why it is not the newest. A cause that
// stays over several revisions is logged once.
func (h *Hub) fail(revision controlplane.Revision, cause error) {
	h.mu.Lock()
	known := h.err != nil && errors.Unwrap(h.err).Error() == cause.Error()
	h.err = fmt.Errorf("build snapshot of revision %d: %w", revision, cause)
	h.mu.Unlock()
	if !known {
		h.cfg.Logger.Error("snapshot not built; nodes keep the last good one", "revision", revision, "error", cause)
	}
}

func (h *Hub) publish(full *nodev1.Full) {
	h.mu.Lock()
	recovered := h.err != nil
	h.err = nil
	h.current = &nodev1.Full{ // a node that comes later was not part of the trace
		Revision: full.GetRevision(), Sha256: full.GetSha256(), SnapshotZstd: full.GetSnapshotZstd(), Lineage: full.GetLineage(), Replaces: full.GetReplaces(),
	}
	for mailbox := range h.subscribers {
		put(mailbox, full)
	}
	count := len(h.subscribers)
	h.mu.Unlock()
	h.cfg.Logger.Info("snapshot published", "revision", full.GetRevision(),
		"bytes", len(full.GetSnapshotZstd()), "subscribers", count, "after_error", recovered)
}

// put replaces what lies in the mailbox. The caller holds mu, so nobody else puts.
func put(mailbox chan *nodev1.Full, full *nodev1.Full) {
	select {
	case <-mailbox:
	default:
	}
	mailbox <- full
}

// Subscribe returns a mailbox that holds the newest snapshot not yet taken, the present
// one at once, and a function that ends the subscription; it may be called twice. The
// snapshots are shared and must not be changed.
func (h *Hub) Subscribe() (mailbox <-chan *nodev1.Full, cancel func()) {
	box := make(chan *nodev1.Full, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscribers[box] = struct{}{}
	if h.current != nil {
		box <- h.current
	}
	return box, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subscribers, box)
	}
}

// Current returns the last good snapshot; nil while there is none.
func (h *Hub) Current() *nodev1.Full {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current
}

// Err says why the newest configuration is not published; nil when it is.
func (h *Hub) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}
