// Package syncing keeps the snapshot of a node up to date: it receives snapshots over the
// Sync stream, checks their version, brings them into use, keeps the last good ones for the
// next start, and tells the control plane how the node is doing.
package syncing

import (
	"cmp"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/lastgood"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	"github.com/trunkline-ai/trunkline/internal/memlimit"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Status is how the node is doing, as the control plane shows it.
type Status struct {
	InFlight int // calls in flight
	Targets  []dataplane.ScopeHealth
	Refusals []dataplane.Refusal // learned
	Redis    string              // off, up, down or denied
	// RedisTrouble says why Redis is not used; empty while it is.
	RedisTrouble string
	// KeywordHits counts hits of failure keywords since the node started, by name.
	KeywordHits map[string]int64
	Requests    int64 // client requests finished since the node started
	Failed      int64 // of these, through a provider or the node
	Draining    bool  // by an admin
}

// Records is how the call records are doing.
type Records struct {
	Waiting, Dropped, Summed, Gaps int64
	SpoolBytes                     int64
	SpoolTrouble                   error // why they cannot be written to disk
}

// Held finds the API key of the snapshot in use that has a secret.
type Held = func(dataplane.KeyHash) (name string, ok bool)

// Revocations is what the node knows of revoked keys.
type Revocations interface {
	// Revoke refuses keys. It returns the confirmation once that outlives the node, else nil.
	Revoke(m *nodev1.Revoke) *nodev1.RevokeAck
	// BeforeSnapshot is called before a snapshot is applied, and done with how that went.
	BeforeSnapshot(lineage string, revision uint64) (done func(Held, error))
	// UpTo is the revision of a database up to which revocations are refused and kept.
	UpTo(lineage string) uint64
	// Hello is the same for a hello; what has to be reported is due again.
	Hello(lineage string) uint64
	// Report is a report that is due; nil when there is none.
	Report() *nodev1.RevokeAck
}

// Config is what a Syncer needs.
type Config struct {
	Node    string // required; stable over restarts
	BootID  string // default: a new UUID
	Version string // of the program
	// Apply brings a snapshot into use, at a pace. An error or a panic refuses it: the node keeps
	// what it has and the control plane shows the reason. Required; never called twice
	// at once.
	Apply func(*nodev1.Snapshot, *pace.Pace) error
	// Change brings what changed since the snapshot in use into use, under the same rules. Default: the node
	// takes whole snapshots only.
	Change func(*dataplane.Change, *pace.Pace) error
	// Held looks into the snapshot in use. Default: it holds no API keys.
	Held    Held
	Status  func() Status  // required; safe for concurrent use
	Records func() Records // default: there are none
	// Reset ends cooldowns, ordered by an admin: of a model, of a credential, or of all that
	// belongs to the provider when both are empty. It must not block. Default: nothing.
	Reset func(provider, model, credential string)
	// Drain says whether the node is to get new clients, as ordered by an admin. It must not
	// block. Default: nothing.
	Drain func(draining bool)
	// Renew makes the node's certificate due, ordered by the control plane. It must not block. Default:
	// nothing.
	Renew func()
	// Authorities are the fingerprints of the authority's keys that the node trusts. Default: none.
	Authorities func() []string
	// Features are what this build can serve; documents that require others are withheld from
	// Apply. Default: what this build knows, and no dialect but the first.
	Features feature.Set
	// Revocations outlive snapshots. Default: none are known and none are kept.
	Revocations Revocations
	// Snapshots keeps what is in use, to start from while the control plane is away.
	// Default: nothing is kept.
	Snapshots *lastgood.Store
	// Tracer makes a span of each snapshot that a traced change led to. Default: none are made.
	Tracer trace.Tracer
	// Heap may grow while a large snapshot is brought into use. Default: the runtime decides when garbage is collected.
	Heap   *memlimit.Heap
	Logger *slog.Logger     // required
	Now    func() time.Time // default time.Now

	StatusInterval time.Duration // between two reports while there is something new; default 5s
	AnswerTimeout  time.Duration // longest wait for the control plane's answer; default 30s
	// HeadStart is how long a node that has started from its disk leaves the control plane
	// to send something newer before it calls itself ready; default 500ms.
	HeadStart time.Duration
}

func (c *Config) complete() error {
	if c.Node == "" || c.Apply == nil || c.Status == nil || c.Logger == nil {
		return errors.New("syncing: Node, Apply, Status and Logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Held == nil {
		c.Held = func(dataplane.KeyHash) (string, bool) { return "", false }
	}
	if c.Records == nil {
		c.Records = func() Records { return Records{} }
	}
	if c.Reset == nil {
		c.Reset = func(string, string, string) {}
	}
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if c.Drain == nil {
		c.Drain = func(bool) {}
	}
	if c.Renew == nil {
		c.Renew = func() {}
	}
	if c.Authorities == nil {
		c.Authorities = func() []string { return nil }
	}
	if c.Features == nil {
		c.Features = feature.Known()
	}
	if c.Revocations == nil {
		c.Revocations = noRevocations{}
	}
	c.BootID = cmp.Or(c.BootID, uuid.NewString())
	c.StatusInterval = cmp.Or(c.StatusInterval, 5*time.Second)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 30*time.Second)
	c.HeadStart = cmp.Or(c.HeadStart, 500*time.Millisecond)
	return nil
}

// noRevocations is for a node that keeps none: it confirms nothing.
type noRevocations struct{}

func (noRevocations) Revoke(*nodev1.Revoke) *nodev1.RevokeAck { return nil }
func (noRevocations) BeforeSnapshot(string, uint64) func(Held, error) {
	return func(Held, error) {}
}
func (noRevocations) UpTo(string) uint64        { return 0 }
func (noRevocations) Hello(string) uint64       { return 0 }
func (noRevocations) Report() *nodev1.RevokeAck { return nil }

// Syncer is what a node has of the configuration. It is safe for concurrent use.
type Syncer struct {
	cfg     Config
	log     *slog.Logger
	began   time.Time
	have    atomic.Pointer[version]
	refused atomic.Pointer[Refused] // of the snapshot in use
	content content                 // of the snapshot in use; of whoever applies
	unsure  bool                    // the last one that was applied failed, and may be in use in part; of whoever applies
	taking  sync.Mutex              // held while a snapshot is brought into use and kept
	resync  resync
	compact chan struct{} // what is on disk has become many pieces
	ready   chan struct{}
	beReady func()        // closes ready
	missed  chan struct{} // a try to connect has failed
	contact contact
	changed chan struct{} // the status is worth sending
}

// New returns a syncer that has nothing yet and talks to nobody until Sync.
func New(cfg Config) (*Syncer, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	return &Syncer{
		cfg:     cfg,
		log:     cfg.Logger,
		began:   time.Now(),
		ready:   ready,
		beReady: sync.OnceFunc(func() { close(ready) }),
		missed:  make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
		compact: make(chan struct{}, 1),
	}, nil
}

// Ready is closed once a snapshot is in use. One that comes from the node's own disk is in
// use from the start, but the control plane gets a moment to send what is newer first.
func (s *Syncer) Ready() <-chan struct{} { return s.ready }

// Revision is that of the snapshot in use; 0 when there is none yet.
func (s *Syncer) Revision() uint64 {
	if v := s.have.Load(); v != nil {
		return v.revision
	}
	return 0
}
