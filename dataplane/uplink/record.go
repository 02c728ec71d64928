package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/fold"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// flushDelay is what the end of the process may cost: calls wait so long in memory to
	// be written together.
	flushDelay = 20 * time.Millisecond
	// flushBytes are written without waiting for more.
	flushBytes = 256 << 10
	// syncInterval is what a loss of power may cost.
	syncInterval = 200 * time.Millisecond
)

// entry is what goes through the queue: a call, or a mark of Flush behind the calls that
// were recorded before it.
type entry struct {
	call dataplane.Call
	mark chan struct{}
}

// Record takes a finished call for shipping. It never blocks: when the queue is full the
// call is added to a sum instead. The call's attempts must not be changed afterwards.
func (u *Uplink) Record(c dataplane.Call) {
	select {
	case u.queue <- entry{call: c}:
	default:
		u.cfg.Totals.Call(fold.QueueFull, toCall(c))
	}
}

// Flush waits until every call recorded before it is acknowledged, by itself or in a sum, and hurries
// the link meanwhile. It returns an error when ctx or Run ended first.
func (u *Uplink) Flush(ctx context.Context) error {
	mark := make(chan struct{})
	select {
	case u.queue <- entry{mark: mark}:
	case <-ctx.Done():
		return u.unflushed(ctx.Err())
	case <-u.stopped:
		return u.unflushed(errStopped)
	}
	select {
	case <-mark:
		return nil
	case <-ctx.Done():
		return u.unflushed(ctx.Err())
	case <-u.stopped:
		return u.unflushed(errStopped)
	}
}

var errStopped = errors.New("the uplink has stopped")

func (u *Uplink) unflushed(err error) error {
	return fmt.Errorf("ship the last calls, %d still wait: %w", u.Counters().Waiting, err)
}

// collect moves calls from the queue to the backlog, and says so when records begin and
// cease to be dropped.
func (u *Uplink) collect(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	flush := time.NewTimer(0)
	defer flush.Stop()
	armed := true
	var losses losses
	for {
		select {
		case <-ctx.Done():
			u.collectRest()
			return
		case e := <-u.queue:
			if u.take(e) && !armed {
				armed = true
				flush.Reset(flushDelay)
			}
		case <-flush.C:
			armed = false
			u.flushDisk()
		case <-tick.C:
			u.backlog.disk.tend()
			if u.cfg.Totals.Tend() {
				nudge(u.backlog.wake)
			}
			u.backlog.review()
			losses.watch(u)
		}
	}
}

// collectRest takes what is in the queue when the uplink ends: the disk keeps it.
func (u *Uplink) collectRest() {
	for {
		select {
		case e := <-u.queue:
			u.take(e)
		default:
			u.flushDisk()
			u.cfg.Totals.Tend()
			return
		}
	}
}

// take puts an entry where it belongs; true when the disk has something to write.
func (u *Uplink) take(e entry) (buffered bool) {
	if e.mark != nil {
		u.flushDisk()
		u.backlog.mark(e.mark)
		nudge(u.hurry)
		return false
	}
	c := toCall(e.call)
	if !u.backlog.disk.append(c) {
		u.keepInMemory(c)
		return false
	}
	if u.backlog.disk.buffered() >= flushBytes {
		u.flushDisk()
		return false
	}
	return true
}

// flushDisk writes what waits to be written; what the disk does not take stays in memory.
func (u *Uplink) flushDisk() {
	for _, c := range u.backlog.disk.flush() {
		u.keepInMemory(c)
	}
	nudge(u.backlog.wake)
}

func (u *Uplink) keepInMemory(c *nodev1.Call) {
	if !u.backlog.add(c, footprint(c)) {
		u.cfg.Totals.Call(fold.MemoryFull, c)
	}
}

// keepSynced makes calls on disk survive a loss of power, too.
func (u *Uplink) keepSynced(ctx context.Context) {
	if u.cfg.Spool == nil {
		return
	}
	tick := time.NewTicker(syncInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			u.cfg.Spool.Sync()
		}
	}
}

// losses turns the counter of dropped records into one log line for each spell of them.
type losses struct {
	seen, before uint64
	losing       bool
}

func (l *losses) watch(u *Uplink) {
	count := u.Counters()
	now := count.Folded + count.Dropped
	switch grew := now > l.seen; {
	case grew && !l.losing:
		l.losing, l.before = true, l.seen
		u.log.Error("call records are being dropped for lack of room; what they add up to is kept",
			"dropped", now-l.before, "waiting", count.Waiting, "lost_altogether", count.Dropped)
	case !grew && l.losing:
		l.losing = false
		u.log.Warn("call records are no longer dropped", "dropped", now-l.before, "dropped_since_start", now)
	}
	l.seen = now
}
