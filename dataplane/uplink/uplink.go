// Package uplink is a node's only talker to the control plane. It keeps the node's
// snapshot up to date, ships its calls and says how it is doing. Whatever happens to the
// link, the node keeps serving what it has: nothing here is ever waited for by a request.
package uplink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/fold"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/lastgood"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/spool"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Status is how the node is doing, as the control plane shows it.
type Status struct {
	InFlight int // calls in flight
	Targets  []dataplane.ScopeHealth
	Redis    string // off, up or down
	// KeywordHits counts hits of failure keywords since the node started, by name.
	KeywordHits map[string]int64
	Requests    int64 // client requests finished since the node started
	Draining    bool  // at an admin's word
}

// Config is what an Uplink needs.
type Config struct {
	// Target names the control plane as gRPC does: "cp.internal:8002",
	// "passthrough:///memory" with a dialer of DialOptions; or several such names, separated
	// by commas. Of a name's addresses one is taken at random. Required.
	Target string
	// DialOptions are added to ours.
	DialOptions []grpc.DialOption
	// Identity is who the node is. Required, unless InMemory.
	Identity *identity.Identity
	// InMemory says that the control plane is in this process, where DialOptions reach it:
	// the link needs neither TLS nor an identity.
	InMemory bool
	Node     string // required; stable over restarts, 1 to 128 bytes
	BootID   string // default: a new UUID
	Version  string // of the program
	// Apply brings a snapshot into use. An error or a panic refuses it: the node keeps
	// what it has and the control plane shows the reason. Required; never called twice
	// at once.
	Apply  func(*nodev1.Snapshot) error
	Status func() Status // required; safe for concurrent use
	// Reset ends cooldowns at a person's word: of a model, of a credential, or of all that
	// belongs to the provider when both are empty. It must not block. Default: nothing.
	Reset func(provider, model, credential string)
	// Drain says at a person's word whether the node shall get new clients. It must not
	// block. Default: nothing.
	Drain func(draining bool)
	// Refuse takes the secrets of API keys that are refused whatever a snapshot holds, in place
	// of those it took before. It is called before Apply whenever a snapshot needs it. Default: nothing.
	Refuse func(dataplane.Refused)
	// Share takes revocations that the control plane told, for nodes that it cannot tell. It
	// must not block. Default: nothing.
	Share func([]dataplane.Revocation)
	// Snapshots keeps what is in use, to start from while the control plane is away.
	// Default: nothing is kept.
	Snapshots *lastgood.Store
	// Spool keeps calls that are not shipped yet over a restart or a crash. Run writes to
	// it and leaves it open. Default: calls are kept in memory only.
	Spool *spool.Spool
	// Totals keeps sums of calls for whose records there is no room. Run leaves it open.
	// Default: they are kept in memory only.
	Totals *fold.Book
	// Bodies keeps the bodies of calls, which travel with them. Default: there are none.
	Bodies Bodies
	Logger *slog.Logger     // required
	Now    func() time.Time // default time.Now

	QueueSize       int           // calls between Record and the backlog; default 8192
	MaxBacklog      int           // calls kept in memory while they cannot be shipped nor spooled; default 100,000
	MaxBacklogBytes int64         // and their size in memory, about; default 64 MiB
	BatchDelay      time.Duration // how long a call waits for company; default 1s
	StatusInterval  time.Duration // between two reports; default 5s
	AnswerTimeout   time.Duration // longest wait for the control plane's answer; default 30s
	MinBackoff      time.Duration // bound of the first wait before a new try, which is a random part of it; default 5s
	MaxBackoff      time.Duration // bound of every wait before a new try; default 60s
	// HeadStart is how long a node that has started from its disk leaves the control plane
	// to send something newer before it calls itself ready; default 500ms.
	HeadStart time.Duration
	// RenewCheck is how often the node looks whether its certificate is due; default 1m.
	RenewCheck time.Duration
}

func (c *Config) complete() error {
	if strings.Trim(c.Target, ", ") == "" || c.Node == "" {
		return errors.New("uplink: Target and Node are required")
	}
	if (c.Identity == nil) != c.InMemory {
		return errors.New("uplink: an Identity is required, but for a link in memory")
	}
	if len(c.Node) > 128 || !utf8.ValidString(c.Node) || strings.ContainsFunc(c.Node, unicode.IsControl) || strings.TrimSpace(c.Node) != c.Node {
		return fmt.Errorf("uplink: the node's name %q must be 1 to 128 bytes of UTF-8 without control characters and without spaces at either end", c.Node)
	}
	if c.Apply == nil || c.Status == nil || c.Logger == nil {
		return errors.New("uplink: Apply, Status and Logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Reset == nil {
		c.Reset = func(string, string, string) {}
	}
	if c.Drain == nil {
		c.Drain = func(bool) {}
	}
	if c.Refuse == nil {
		c.Refuse = func(dataplane.Refused) {}
	}
	if c.Share == nil {
		c.Share = func([]dataplane.Revocation) {}
	}
	if c.Bodies == nil {
		c.Bodies = noBodies{}
	}
	c.BootID = cmp.Or(c.BootID, uuid.NewString())
	c.QueueSize = cmp.Or(c.QueueSize, 8192)
	c.MaxBacklog = cmp.Or(c.MaxBacklog, 100_000)
	c.MaxBacklogBytes = cmp.Or(c.MaxBacklogBytes, 64<<20)
	c.BatchDelay = cmp.Or(c.BatchDelay, time.Second)
	c.StatusInterval = cmp.Or(c.StatusInterval, 5*time.Second)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 30*time.Second)
	c.MinBackoff = cmp.Or(c.MinBackoff, 5*time.Second)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, time.Minute)
	c.RenewCheck = cmp.Or(c.RenewCheck, time.Minute)
	c.HeadStart = cmp.Or(c.HeadStart, 500*time.Millisecond)
	return nil
}

// Uplink is one node's link. It is safe for concurrent use.
type Uplink struct {
	cfg       Config
	began     time.Time
	addresses *addresses // of the linking goroutine alone
	log       *slog.Logger
	queue     chan entry
	backlog   *backlog
	have      atomic.Pointer[version]
	revoked   *revoked
	ready     chan struct{}
	beReady   func()        // closes ready
	missed    chan struct{} // a try to connect has failed
	contact   contact
	stopped   chan struct{}
	changed   chan struct{} // the status is worth sending
	hurry     chan struct{} // a flush is waiting: do not wait to connect

	shipped  atomic.Uint64
	rejected atomic.Uint64
}

// New returns a link that takes calls but talks to nobody until Run.
func New(cfg Config) (*Uplink, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	if cfg.Totals == nil {
		book, err := fold.Open(fold.Config{Logger: cfg.Logger, Now: cfg.Now})
		if err != nil {
			return nil, err
		}
		cfg.Totals = book
	}
	ready := make(chan struct{})
	return &Uplink{
		cfg:       cfg,
		began:     time.Now(),
		addresses: parseAddresses(cfg.Target),
		log:       cfg.Logger,
		queue:     make(chan entry, cfg.QueueSize),
		backlog:   newBacklog(cfg.MaxBacklog, cfg.MaxBacklogBytes, newDisk(cfg.Spool), cfg.Totals),
		revoked:   newRevoked(),
		ready:     ready,
		beReady:   sync.OnceFunc(func() { close(ready) }),
		missed:    make(chan struct{}, 1),
		stopped:   make(chan struct{}),
		changed:   make(chan struct{}, 1),
		hurry:     make(chan struct{}, 1),
	}, nil
}

// Run keeps the link up until ctx ends; it must be called once. Losing the control plane
// is no error: it is looked for again, for ever. Call Flush before ending ctx: what waits
// in memory then is summed up, if the sums have a file, or lost. What is in the spool stays.
func (u *Uplink) Run(ctx context.Context) error {
	defer close(u.stopped)
	var wg sync.WaitGroup
	u.recall()
	if u.restore() {
		wg.Go(func() { u.awaitNewer(ctx) })
	}
	wg.Go(func() { u.collect(ctx) })
	wg.Go(func() { u.keepSynced(ctx) })
	wg.Go(func() { u.keepLinked(ctx) })
	wg.Wait()
	u.saveRest()
	return nil
}

// saveRest sums up what the disk did not take, when the process ends.
func (u *Uplink) saveRest() {
	if !u.cfg.Totals.Lasting() {
		return
	}
	if unsure := u.backlog.foldRest(); unsure > 0 {
		u.log.Warn("call records were sent without an answer and are on no disk; they are lost unless the control plane has them", "count", unsure)
	}
	u.cfg.Totals.Tend()
}

// Ready is closed once a snapshot is in use. One that comes from the node's own disk is in
// use from the start, but the control plane gets a moment to send what is newer first.
func (u *Uplink) Ready() <-chan struct{} { return u.ready }

// Revision is that of the snapshot in use; 0 when there is none yet.
func (u *Uplink) Revision() uint64 {
	if v := u.have.Load(); v != nil {
		return v.revision
	}
	return 0
}

// Counters counts calls since the node started.
type Counters struct {
	Waiting  int    // recorded and not acknowledged yet, by an earlier run of the node too
	Folded   uint64 // in sums only, because there was no room for their records
	Dropped  uint64 // lost altogether, because there was no room for their sums either
	Damaged  uint64 // lost because the disk did not keep them
	Gaps     uint64 // records of times without records
	Totals   int    // sums and gaps that are not acknowledged yet
	Shipped  uint64 // stored by the control plane
	Rejected uint64 // put aside by the control plane because they cannot be stored
}

// Counters gives the numbers for metrics and status.
func (u *Uplink) Counters() Counters {
	disk, folded := u.Spool(), u.Folded()
	return Counters{
		Waiting:  len(u.queue) + u.backlog.length(),
		Folded:   folded.Total(),
		Dropped:  folded.Lost,
		Gaps:     folded.Gaps,
		Totals:   folded.Waiting,
		Damaged:  disk.Damaged + u.backlog.disk.undecodable(),
		Shipped:  u.shipped.Load(),
		Rejected: u.rejected.Load(),
	}
}

// Spool tells how the spool is doing; all zero when there is none.
func (u *Uplink) Spool() spool.Stats {
	if u.cfg.Spool == nil {
		return spool.Stats{}
	}
	return u.cfg.Spool.Stats()
}

// Folded tells about sums of calls without records.
func (u *Uplink) Folded() fold.Stats { return u.cfg.Totals.Stats() }

// nudge puts a value into a channel of size one unless there is one.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
