package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// entry is what goes through the queue: a call, or a mark of Flush behind the calls that
// were recorded before it.
type entry struct {
	call dataplane.Call
	mark chan struct{}
}

// Record takes a finished call for shipping. It never blocks: when the queue is full the
// call is dropped and counted. The call's attempts must not be changed afterwards.
func (u *Uplink) Record(c dataplane.Call) {
	select {
	case u.queue <- entry{call: c}:
	default:
		u.dropped.Add(1)
	}
}

// Flush waits until every call recorded before it is acknowledged or dropped, and hurries
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

// collect moves calls from the queue to the backlog, and says so when calls begin and
// cease to be dropped.
func (u *Uplink) collect(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var losses losses
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-u.queue:
			if e.mark != nil {
				u.backlog.mark(e.mark)
				nudge(u.hurry)
				continue
			}
			if c := toCall(e.call); !u.backlog.add(c, footprint(c)) {
				u.dropped.Add(1)
			}
		case <-tick.C:
			losses.watch(u)
		}
	}
}

// losses turns the counter of dropped calls into one log line for each spell of them.
type losses struct {
	seen, before uint64
	losing       bool
}

func (l *losses) watch(u *Uplink) {
	now := u.dropped.Load()
	switch grew := now > l.seen; {
	case grew && !l.losing:
		l.losing, l.before = true, l.seen
		u.log.Error("call records are being dropped: the control plane does not take them fast enough",
			"dropped", now-l.before, "waiting", u.Counters().Waiting)
	case !grew && l.losing:
		l.losing = false
		u.log.Warn("call records are no longer dropped", "dropped", now-l.before, "dropped_since_start", now)
	}
	l.seen = now
}
