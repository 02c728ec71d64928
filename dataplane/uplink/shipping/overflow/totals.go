// Package overflow keeps totals: sums of calls whose records a node has no room for, so that what
// they cost and how many there were is not lost with them. Sums are made exactly as the
// control plane makes its own. They are kept in a file whose space is reserved at the
// start, for they are needed when the disk is full. When that fills up, minutes are merged
// into hours and hours into days (docs/decisions/0021).
//
// A sum goes through three states. Buffered it is only added to, under a lock that is never
// held for long: requests do that. Open it is on disk within a second. Closed it has an id and never changes again: only closed sums are sent, and only when
// the file knows their ids, so that whatever crashes, each is added once.
package overflow

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

// Reason says why there is no record of some calls.
type Reason string

// The reasons.
const (
	QueueFull  Reason = "queue_full"  // they came faster than they could be written
	MemoryFull Reason = "memory_full" // the disk did not take them and there were too many to wait
	SpoolFull  Reason = "spool_full"  // the spool was full before the control plane took them
	TooOld     Reason = "too_old"     // the control plane did not take them for too long
	Damaged    Reason = "damaged"     // the disk did not keep them
	TotalsFull Reason = "totals_full" // there was no room for their sums either
	Killed     Reason = "killed"      // the process before this one ended without being stopped
)

// Reasons are all there are.
var Reasons = []Reason{QueueFull, MemoryFull, SpoolFull, TooOld, Damaged, TotalsFull, Killed}

// summed says whether calls without a record for this reason are in sums.
func (r Reason) summed() bool { return r != Damaged && r != TotalsFull && r != Killed }

// Config says where sums are kept, and how many. Zero values mean the defaults.
type Config struct {
	Path  string // of the file, in a folder that is there; empty: in memory only
	Bytes int64  // of the file: twice what all sums may take; default 16 MiB
	// Delay is how long open sums wait for more before they are sent; default 10s.
	Delay time.Duration
	// RetryAfter is how long a disk that failed is left alone; default 5s.
	RetryAfter time.Duration
	Logger     *slog.Logger     // required
	Now        func() time.Time // default time.Now
	NewID      func() string    // default: a UUIDv7
}

func (c *Config) complete() error {
	if c.Logger == nil {
		return errors.New("overflow totals: Logger is required")
	}
	c.Bytes = cmp.Or(c.Bytes, 16<<20)
	c.Delay = cmp.Or(c.Delay, 10*time.Second)
	c.RetryAfter = cmp.Or(c.RetryAfter, 5*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if c.Bytes < 4<<10 {
		return fmt.Errorf("overflow totals: %d bytes are too few for a file of sums", c.Bytes)
	}
	return nil
}

// Totals keeps sums. It is safe for concurrent use.
type Totals struct {
	cfg    Config
	log    *slog.Logger
	file   *file // nil: in memory only
	buffer buffer

	mu     sync.Mutex // guards the fields below; held over writes of the file, so never taken by requests
	open   buckets    // not closed yet
	since  time.Time  // when the oldest of open came
	closed batch      // on its way; nothing of it changes
	summed []*nodefilev1.RecordRange
	dirty  bool // the file does not say what is here
	// onFile says that the file holds open sums: they may be closed, under another id,
	// only when that reaches the file too.
	onFile bool

	counts counts
}

// Open reads what an earlier process left in the file. A file that cannot be made or read
// is no error: sums are then kept in memory, and it is tried again.
func Open(cfg Config) (*Totals, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	b := &Totals{cfg: cfg, log: cfg.Logger, open: newBuckets(cfg.Bytes)}
	if cfg.Path != "" {
		b.file = &file{path: cfg.Path, bytes: cfg.Bytes, retryAfter: cfg.RetryAfter, now: cfg.Now, log: cfg.Logger}
		b.load(b.file.load())
	}
	return b, nil
}

// load takes over what an earlier process left.
func (b *Totals) load(state *nodefilev1.OverflowTotals) {
	for _, t := range state.GetOpen() {
		b.open.addTotal(t)
	}
	for _, g := range state.GetOpenGaps() {
		b.open.addGap(Reason(g.GetReason()), span{g.GetFromUs(), g.GetToUs(), g.GetCalls()})
	}
	b.closed = batch{state.GetClosed(), state.GetClosedGaps()}
	b.summed = state.GetSummed()
	b.onFile = len(state.GetOpen()) > 0
	if !b.open.empty() {
		b.since = b.cfg.Now()
	}
	b.countWaiting()
}

// Lasting reports whether there is a file that outlasts the process.
func (b *Totals) Lasting() bool { return b.file != nil }

// SummedFiles are the files of records that are in sums and may be there still: they must be
// removed, and Forget be told, but never be read.
func (b *Totals) SummedFiles() []*nodefilev1.RecordRange {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*nodefilev1.RecordRange(nil), b.summed...)
}

// Forget says that a file of records is there no more.
func (b *Totals) Forget(first uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, r := range b.summed {
		if r.GetFirst() == first {
			b.summed = append(b.summed[:i:i], b.summed[i+1:]...)
			b.dirty = true
			return
		}
	}
}

// Call sums up a call of which no record is kept. It waits for nobody who waits for
// anything else: requests may call it.
func (b *Totals) Call(reason Reason, c *nodev1.Call) {
	if !b.buffer.add(reason, c) {
		b.counts.lose(1)
		return
	}
	b.counts.sum(reason, 1)
}

// Damaged notes calls that the disk did not keep, and when they were written about.
func (b *Totals) Damaged(n uint64, near time.Time) {
	b.buffer.miss(Damaged, span{near.UnixMicro(), near.UnixMicro(), int64(n)})
}

// Killed notes that calls which ended in a time may have no record, and that nobody knows how many.
func (b *Totals) Killed(from, to time.Time) {
	b.buffer.miss(Killed, span{from.UnixMicro(), max(from.UnixMicro(), to.UnixMicro()), 0}) // clocks are set back
}

// Tend takes in what requests have buffered, and saves it. Call it every second or so. It
// reports whether there is something to send.
func (b *Totals) Tend() (due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.takeIn()
	if b.dirty {
		b.save()
	}
	return b.due(false)
}

// takeIn moves what is buffered to the open sums. The caller holds mu.
func (b *Totals) takeIn() {
	sums, gaps := b.buffer.take()
	if len(sums) == 0 && len(gaps) == 0 {
		return
	}
	b.enter(sums, gaps)
}

// enter adds sums and gaps to the open ones. The caller holds mu.
func (b *Totals) enter(sums map[bucket]*usage.Sum, gaps map[Reason]span) {
	if b.open.empty() {
		b.since = b.cfg.Now()
	}
	b.dirty = true
	for reason, s := range gaps {
		b.open.addGap(reason, s)
	}
	for p, sum := range sums {
		b.counts.lose(uint64(b.open.add(p, sum)))
	}
	b.countWaiting()
}

// countWaiting notes how much waits. The caller holds mu.
func (b *Totals) countWaiting() {
	b.counts.waiting.Store(int64(b.open.length() + len(b.closed.totals) + len(b.closed.gaps)))
}

// due reports whether something is to be sent, at once when it is urgent. The caller holds mu.
func (b *Totals) due(urgent bool) bool {
	return !b.closed.empty() || !b.open.empty() && (urgent || b.cfg.Now().Sub(b.since) >= b.cfg.Delay)
}

// Next returns what is to be sent now, the same again until it is settled: at most limit
// totals. Nothing, when nothing is due, or when it cannot be saved under its ids.
func (b *Totals) Next(limit int, urgent bool) (totals []*nodev1.Total, gaps []*nodev1.Gap) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if urgent {
		b.takeIn()
	}
	if !b.due(urgent) {
		return nil, nil
	}
	if b.closed.empty() && !b.close(limit) {
		return nil, nil
	}
	n := min(limit, len(b.closed.totals))
	if n > 0 {
		return b.closed.totals[:n], nil
	}
	return nil, b.closed.gaps[:min(limit, len(b.closed.gaps))]
}

// close gives ids to the oldest open sums, so that they may be sent. The caller holds mu.
func (b *Totals) close(limit int) bool {
	b.closed = b.open.take(limit, b.cfg.NewID)
	b.dirty = true
	if b.save() || !b.onFile {
		b.counts.gaps.Add(uint64(len(b.closed.gaps)))
		b.countWaiting()
		return true
	}
	// The file holds these sums without ids. If they were sent now, and the process ended,
	// the next one would send them again, as others.
	b.open.putBack(b.closed)
	b.closed = batch{}
	return false
}

// Settle forgets the first n of what Next returned last: they are stored, or given up.
func (b *Totals) Settle(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	totals := min(n, len(b.closed.totals))
	if totals > 0 {
		b.closed.totals = b.closed.totals[totals:]
	} else {
		b.closed.gaps = b.closed.gaps[min(n, len(b.closed.gaps)):]
	}
	b.dirty = true
	b.countWaiting()
	if b.closed.empty() {
		b.save() // if it fails, they are sent once more after a crash, under the same ids
	}
}

// Waiting is how many totals and gaps wait to be sent. It waits for nothing itself.
func (b *Totals) Waiting() int { return b.buffer.length() + int(b.counts.waiting.Load()) }

// save writes the totals to the file. The caller holds mu.
func (b *Totals) save() bool { return b.saveWith(nil, nil) == nil }

// Close saves what there is and closes the file.
func (b *Totals) Close() error {
	b.Tend()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.close()
	if b.dirty && !(b.open.empty() && b.closed.empty()) {
		err = errors.Join(err, errors.New("totals of unrecorded calls could not be saved and are lost"))
	}
	return err
}
