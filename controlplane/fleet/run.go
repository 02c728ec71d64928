package fleet

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// roundTime bounds one exchange with the database.
	roundTime = 5 * time.Second
	// together is how long what is urgent waits for more of it.
	together = 50 * time.Millisecond
	// seenEvery is how often a node of which nothing else is new is stored as seen. Such a node reports every 30 s, and
	// each of those reports must be stored.
	seenEvery = 20 * time.Second
	// forgetAfter is how long a node is listed after it was heard of last.
	forgetAfter = 24 * time.Hour
	// expireEvery is how often one replica removes what is old.
	expireEvery = 10 * time.Minute
	// expireJob is the name under which it does.
	expireJob = "fleet expiry"
	// relisten is the pause before listening again after it ended.
	relisten = time.Second
)

// Run exchanges news with the other replicas until ctx ends; then it tells them that this
// replica has gone. End the nodes' streams before.
func (f *Fleet) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	listening, stop := context.WithCancel(ctx)
	defer stop()
	wg.Go(func() { f.listen(listening) })
	wg.Go(func() { f.expire(listening) })
	tick := time.NewTicker(f.cfg.Interval)
	defer tick.Stop()
	for {
		if err := f.round(ctx); err != nil && ctx.Err() == nil {
			f.count.failed.Add(1)
		}
		select {
		case <-ctx.Done():
			f.leave(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			continue
		case <-f.cfg.Local.Urgent():
			f.tell() // whoever waits for a node of ours need not wait for the database
		case <-f.wake:
		}
		select {
		case <-ctx.Done():
		case <-time.After(together):
		}
	}
}

// listen wakes Run when another replica has news.
func (f *Fleet) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.cfg.Store.NotifyFleet(ctx, func() { nudge(f.wake) }); err != nil && ctx.Err() == nil {
			f.cfg.Logger.Warn("cannot receive notifications of node changes; polling only", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(relisten):
		}
	}
}

// expire removes what is old, for all replicas.
func (f *Fleet) expire(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		if _, err := f.cfg.Lock.Exclusive(ctx, expireJob, func(ctx context.Context) error {
			now := f.cfg.Now()
			return f.cfg.Store.ExpireFleet(ctx, now.Add(-forgetAfter), now)
		}); err != nil && ctx.Err() == nil {
			f.cfg.Logger.Warn("failed to remove nodes that are gone", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// leave says what became of this replica's nodes, and that it is gone.
func (f *Fleet) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	if err := f.round(ctx); err != nil {
		f.cfg.Logger.Warn("failed to tell the other replicas that this one is stopping", "error", err)
		return
	}
	if err := f.cfg.Store.LeaveFleet(ctx, f.cfg.Replica); err != nil {
		f.cfg.Logger.Warn("failed to tell the other replicas that this one is stopping", "error", err)
	}
}

// round tells the others what is new here, reads what is new there, and does what is
// ordered. One at a time: what is written later must not be older.
func (f *Fleet) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	select {
	case f.rounds <- struct{}{}:
		defer func() { <-f.rounds }()
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, ctx.Err(), "cannot exchange nodes with other replicas: the database is not available")
	}
	f.lag.saw(uint64(f.cfg.Source.Current().Revision), f.cfg.Now())
	err := f.report(ctx)
	if err == nil {
		err = f.read(ctx)
	}
	f.note(ctx, err)
	return err
}

// note remembers whether the database answers, and logs when that changes.
func (f *Fleet) note(ctx context.Context, err error) {
	if err != nil && context.Cause(ctx) == context.Canceled {
		return // we are stopping, or the caller gave up
	}
	f.mu.Lock()
	before := f.state.trouble
	f.state.trouble = err
	f.mu.Unlock()
	switch {
	case err != nil && before == nil:
		f.cfg.Logger.Warn("cannot exchange node status with other replicas; showing their nodes as last known", "error", err)
	case err == nil && before != nil:
		f.cfg.Logger.Info("exchanging node status with other replicas again")
	}
	if (err == nil) != (before == nil) {
		f.tell()
	}
}

// report writes the lines that changed since they were written last.
func (f *Fleet) report(ctx context.Context) error {
	r := Report{Replica: f.cfg.Replica, At: f.cfg.Now()}
	if f.cfg.MasterKeys != nil {
		r.MasterKeys = f.cfg.MasterKeys()
	}
	f.mu.Lock()
	for _, l := range f.cfg.Local.Lines() {
		l.Replica = f.cfg.Replica
		w, ok := f.state.written[l.Node.GetName()]
		switch {
		case ok && w.SameStream(l) && (w.Change == l.Change || l.Seen.Sub(w.Seen) < seenEvery && f.onlySeen(w, l)):
			continue
		case ok && w.SameStream(l):
			r.Lines = append(r.Lines, l)
			r.Urgent = r.Urgent || urgent(w, l)
		case l.Node.GetConnected():
			r.Opened = append(r.Opened, l)
			r.Urgent = true
		default: // it came and went before it was written: others may have it by now
			r.Lines = append(r.Lines, l)
			r.Urgent = true
		}
	}
	f.mu.Unlock()
	lost, err := f.cfg.Store.ReportFleet(ctx, r)
	if err != nil {
		return err
	}
	f.reported(r, lost)
	return nil
}

// onlySeen reports whether nothing is new in b but that the node was heard of later than in a.
// It needs the fleet's mu.
func (f *Fleet) onlySeen(a, b Line) bool {
	name := b.Node.GetName()
	if f.awaited != nil && f.awaited(name) {
		return false
	}
	if f.state.seen[name] == b.Change {
		return true // it was found so before
	}
	if (a.Node.GetUptime() == nil) != (b.Node.GetUptime() == nil) {
		return false // its first report since it connected
	}
	then, now := proto.CloneOf(a.Node), proto.CloneOf(b.Node)
	for _, n := range []*adminv1.Node{then, now} {
		n.LastSeenTime, n.Uptime, n.ClockOffset = nil, nil, nil
	}
	if !proto.Equal(then, now) {
		return false
	}
	f.state.seen[name] = b.Change
	return true
}

// urgent reports whether others wait for what changed from a to b.
func urgent(a, b Line) bool {
	return a.Node.GetConnected() != b.Node.GetConnected() || a.Node.GetAppliedRevision() != b.Node.GetAppliedRevision() ||
		a.Node.GetHeldRevision() != b.Node.GetHeldRevision() ||
		a.Node.GetError() != b.Node.GetError() || a.Node.GetDraining() != b.Node.GetDraining() ||
		!proto.Equal(a.Node.GetLineage(), b.Node.GetLineage())
}

// reported remembers what was written, and ends streams that a newer one has replaced.
func (f *Fleet) reported(r Report, lost []string) {
	f.mu.Lock()
	written := map[string]Line{}
	for _, lines := range [][]Line{r.Opened, r.Lines} {
		for _, l := range lines {
			name := l.Node.GetName()
			f.state.written[name], written[name] = l, l
			delete(f.state.seen, name)
		}
	}
	f.mu.Unlock()
	for _, name := range lost {
		l := written[name]
		f.cfg.Local.Supersede(name, l.BootID, l.Opened)
	}
}

// read takes over what the others wrote and does what is ordered.
func (f *Fleet) read(ctx context.Context) error {
	read, err := f.cfg.Store.Fleet(ctx, f.cfg.Replica, f.cfg.Now())
	if err != nil {
		return err
	}
	f.mu.Lock()
	for i, l := range read.Nodes {
		if w, own := f.state.written[l.Node.GetName()]; own && l.Replica == f.cfg.Replica {
			read.Nodes[i].Node = w.Node
		}
	}
	f.merge(read)
	f.forgetLocal()
	f.mu.Unlock()
	f.drain(read.Nodes)
	f.tell()
	return f.obey(ctx, read.Orders)
}

// forgetLocal drops own nodes that are gone, were written down, and that somebody has
// removed since. It needs mu.
func (f *Fleet) forgetLocal() {
	listed := map[string]bool{}
	for _, l := range f.cfg.Local.Lines() {
		name := l.Node.GetName()
		listed[name] = true
		l.Replica = f.cfg.Replica
		w, written := f.state.written[name]
		if _, stored := f.state.stored[name]; !stored && written && !l.Node.GetConnected() && w.SameStream(l) && w.Change == l.Change {
			f.cfg.Local.Forget(name)
		}
	}
	for name := range f.state.written {
		if !listed[name] {
			delete(f.state.written, name)
			delete(f.state.seen, name)
		}
	}
}

// drain tells own nodes whether they are to drain.
func (f *Fleet) drain(lines []Line) {
	for _, l := range lines {
		if l.Replica == f.cfg.Replica && l.Node.GetConnected() {
			f.cfg.Local.Drain(l.Node.GetName(), l.BootID, l.Draining())
		}
	}
}

// tell wakes who waits for changes.
func (f *Fleet) tell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ch := range f.watched {
		nudge(ch)
	}
}
