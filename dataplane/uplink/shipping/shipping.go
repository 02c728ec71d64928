// Package shipping brings call records to the control plane. Records wait in a queue, on
// disk and in memory until they are acknowledged; when there is no room for more of them,
// their sums are kept instead (package overflow). Nothing here is waited for by a request.
package shipping

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/runmark"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
)

// Config is what a Shipper needs.
type Config struct {
	Node string // required
	// Spool keeps calls that are not shipped yet over a restart or a crash. Run writes to
	// it and leaves it open. Default: calls are kept in memory only.
	Spool *spool.Spool
	// Totals keeps sums of calls for whose records there is no room. Run leaves it open.
	// Default: they are kept in memory only.
	Totals *overflow.Totals
	// Mark tells the next process how far the records of this one are complete. Run leaves it open.
	// Default: nothing does.
	Mark *runmark.Mark
	// Bodies keeps the bodies of calls, which travel with them. Default: there are none.
	Bodies Bodies
	Logger *slog.Logger     // required
	Now    func() time.Time // default time.Now

	QueueSize       int           // calls between Record and the backlog; default 8192
	MaxBacklog      int           // calls kept in memory while they cannot be shipped nor spooled; default 100,000
	MaxBacklogBytes int64         // and their size in memory, about; default 64 MiB
	BatchDelay      time.Duration // how long a call waits for company; default 1s
	AnswerTimeout   time.Duration // longest wait for the control plane's answer; default 30s
	MinBackoff      time.Duration // bound of the first wait before a new try, which is a random part of it; default and at most 1s
	MaxBackoff      time.Duration // bound of every wait before a new try; default and at most 30s
}

func (c *Config) complete() error {
	if c.Node == "" || c.Logger == nil {
		return errors.New("shipping: Node and Logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Bodies == nil {
		c.Bodies = noBodies{}
	}
	if c.Totals == nil {
		totals, err := overflow.Open(overflow.Config{Logger: c.Logger, Now: c.Now})
		if err != nil {
			return err
		}
		c.Totals = totals
	}
	c.QueueSize = cmp.Or(c.QueueSize, 8192)
	c.MaxBacklog = cmp.Or(c.MaxBacklog, 100_000)
	c.MaxBacklogBytes = cmp.Or(c.MaxBacklogBytes, 64<<20)
	c.BatchDelay = cmp.Or(c.BatchDelay, time.Second)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 30*time.Second)
	c.MinBackoff = min(cmp.Or(c.MinBackoff, time.Second), time.Second)
	c.MaxBackoff = min(cmp.Or(c.MaxBackoff, 30*time.Second), 30*time.Second)
	return nil
}

// Shipper takes calls and ships them. It is safe for concurrent use.
type Shipper struct {
	cfg     Config
	queue   *queue
	backlog *backlog
	hurry   chan struct{} // a flush is waiting: do not wait to connect
	stopped chan struct{}
	draft   *draft // of the collecting goroutine alone

	shipped  atomic.Uint64
	rejected atomic.Uint64
}

// New returns a shipper that takes calls but ships none until Ship.
func New(cfg Config) (*Shipper, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Shipper{
		cfg:     cfg,
		queue:   newQueue(cfg.QueueSize),
		backlog: newBacklog(cfg.MaxBacklog, cfg.MaxBacklogBytes, newDisk(cfg.Spool), cfg.Totals),
		hurry:   make(chan struct{}, 1),
		stopped: make(chan struct{}),
		draft:   new(draft),
	}, nil
}

// Collect moves recorded calls to the disk or the backlog until ctx ends. It must be called once.
func (s *Shipper) Collect(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.collect(ctx) })
	wg.Go(func() { s.keepSynced(ctx) })
	wg.Wait()
}

// Finish sums up what the disk did not take, for the process ends: without a file for the
// sums it is lost. Call it when Collect and Ship have returned.
func (s *Shipper) Finish() {
	defer close(s.stopped)
	if !s.cfg.Totals.Lasting() {
		return
	}
	if unsure := s.backlog.sumUpRest(); unsure > 0 {
		s.cfg.Logger.Warn("call records were sent without an acknowledgement and are not on disk; they are lost unless the control plane stored them", "count", unsure)
	}
	s.cfg.Totals.Tend()
}

// Hurry holds a value while a Flush waits for the link, until it is taken.
func (s *Shipper) Hurry() <-chan struct{} { return s.hurry }

// Counters counts calls since the node started.
type Counters struct {
	Waiting  int    // recorded and not acknowledged yet, by an earlier run of the node too
	Summed   uint64 // in sums only, because there was no room for their records
	Dropped  uint64 // lost altogether, because there was no room for their sums either
	Damaged  uint64 // lost because the disk did not keep them
	Gaps     uint64 // records of times without records
	Totals   int    // sums and gaps that are not acknowledged yet
	Shipped  uint64 // stored by the control plane
	Rejected uint64 // put aside by the control plane because they cannot be stored
}

// Counters gives the numbers for metrics and status.
func (s *Shipper) Counters() Counters {
	disk, totals := s.Spool(), s.Overflow()
	return Counters{
		Waiting:  s.queue.length() + s.backlog.length(),
		Summed:   totals.Total(),
		Dropped:  totals.Lost,
		Gaps:     totals.Gaps,
		Totals:   totals.Waiting,
		Damaged:  disk.Damaged + s.backlog.disk.undecodable(),
		Shipped:  s.shipped.Load(),
		Rejected: s.rejected.Load(),
	}
}

// Spool tells how the spool is doing; all zero when there is none.
func (s *Shipper) Spool() spool.Stats {
	if s.cfg.Spool == nil {
		return spool.Stats{}
	}
	return s.cfg.Spool.Stats()
}

// Overflow tells about sums of calls without records.
func (s *Shipper) Overflow() overflow.Stats { return s.cfg.Totals.Stats() }
