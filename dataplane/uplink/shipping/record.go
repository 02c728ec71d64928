package shipping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// flushDelay is what the end of the process may cost: calls wait so long in memory to
	// be taken and written together.
	flushDelay = 20 * time.Millisecond
	// flushBytes are written without waiting for more.
	flushBytes = 256 << 10
	// syncInterval is what a loss of power may cost.
	syncInterval = 200 * time.Millisecond
)

// Record takes a finished call for shipping. It never blocks: when the queue is full the
// call is added to a sum instead. The call's attempts must not be changed afterwards.
func (s *Shipper) Record(c dataplane.Call) {
	if !s.queue.add(c) {
		s.cfg.Totals.Call(overflow.QueueFull, toCall(c))
	}
}

// Flush waits until every call recorded before it is acknowledged, by itself or in a sum, and hurries
// the link meanwhile. It returns an error when ctx ended or shipping stopped first.
func (s *Shipper) Flush(ctx context.Context) error {
	mark := make(chan struct{})
	s.queue.addMark(mark)
	select {
	case <-mark:
		return nil
	case <-ctx.Done():
		return s.unflushed(ctx.Err())
	case <-s.stopped:
		return s.unflushed(errStopped)
	}
}

var errStopped = errors.New("shipping has stopped")

func (s *Shipper) unflushed(err error) error {
	return fmt.Errorf("ship the last calls, %d still wait: %w", s.Counters().Waiting, err)
}

// collect moves calls from the queue to the backlog, and says so when records begin and
// cease to be dropped. The first call wakes it; those behind it are taken together, flushDelay
// later or when they fill half of the queue: to be woken costs more than to take one.
func (s *Shipper) collect(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	flush := time.NewTimer(flushDelay)
	flush.Stop()
	defer flush.Stop()
	first := s.queue.some // nil while flush runs
	var losses losses
	for {
		select {
		case <-ctx.Done():
			s.takeAll()
			s.flushDisk()
			s.cfg.Totals.Tend()
			return
		case <-first:
			first = nil
			flush.Reset(flushDelay)
		case <-s.queue.due:
			if s.takeAll() && first != nil {
				first = nil
				flush.Reset(flushDelay)
			}
		case <-flush.C:
			if s.takeAll() {
				flush.Reset(flushDelay)
			} else {
				first = s.queue.some
			}
			s.flushDisk()
		case <-tick.C:
			s.backlog.disk.tend()
			if s.cfg.Totals.Tend() {
				stream.Nudge(s.backlog.wake)
			}
			s.backlog.review()
			losses.watch(s)
			s.mark()
		}
	}
}

// takeAll takes what is in the queue now, and reports whether there was anything.
func (s *Shipper) takeAll() bool {
	entries := s.queue.take()
	for i := range entries {
		s.take(&entries[i])
	}
	s.queue.give(entries)
	return len(entries) > 0
}

// settling is how long a finished call takes at most to get here, where its bodies are looked through.
const settling = time.Second

// mark notes up to when no call is missing on disk, if none waits in memory.
func (s *Shipper) mark() {
	if s.cfg.Mark == nil {
		return
	}
	at := s.cfg.Now().Add(-settling)
	s.takeAll()
	s.flushDisk()
	if s.backlog.inMemory() == 0 {
		s.cfg.Mark.Complete(at)
	}
}

// take puts an entry where it belongs.
func (s *Shipper) take(e *entry) {
	if e.mark != nil {
		s.flushDisk()
		s.backlog.mark(e.mark)
		stream.Nudge(s.hurry)
		return
	}
	c := s.draft.of(e.call)
	if !s.backlog.disk.append(c) {
		s.draft = new(draft) // the other is kept
		s.keepInMemory(c)
		return
	}
	if s.backlog.disk.buffered() >= flushBytes {
		s.flushDisk()
	}
}

// flushDisk writes what waits to be written; what the disk does not take stays in memory.
func (s *Shipper) flushDisk() {
	for _, c := range s.backlog.disk.flush() {
		s.keepInMemory(c)
	}
	stream.Nudge(s.backlog.wake)
}

func (s *Shipper) keepInMemory(c *nodev1.Call) {
	if !s.backlog.add(c, footprint(c)) {
		s.cfg.Totals.Call(overflow.MemoryFull, c)
	}
}

// keepSynced makes calls on disk survive a loss of power, too.
func (s *Shipper) keepSynced(ctx context.Context) {
	if s.cfg.Spool == nil {
		return
	}
	tick := time.NewTicker(syncInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.cfg.Spool.Sync()
		}
	}
}

// losses turns the counter of dropped records into one log line for each spell of them.
type losses struct {
	seen, before uint64
	losing       bool
}

func (l *losses) watch(s *Shipper) {
	count := s.Counters()
	now := count.Summed + count.Dropped
	switch grew := now > l.seen; {
	case grew && !l.losing:
		l.losing, l.before = true, l.seen
		s.cfg.Logger.Error("dropping call records for lack of space; only their totals are kept",
			"dropped", now-l.before, "waiting", count.Waiting, "lost_altogether", count.Dropped)
	case !grew && l.losing:
		l.losing = false
		s.cfg.Logger.Warn("call records are no longer dropped", "dropped", now-l.before, "dropped_since_start", now)
	}
	l.seen = now
}
