package uplink_test

import (
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// account does what a control plane does: each call and each total counts once, by its id.
type account struct {
	mu     sync.Mutex
	ids    map[string]bool
	again  int
	rows   int
	sum    usage.Sum
	folded int64
	gaps   map[string]int64 // calls by reason
}

func newAccount() *account { return &account{ids: map[string]bool{}, gaps: map[string]int64{}} }

func (a *account) take(b *nodev1.ShipCallsRequest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := func(id string) bool {
		if a.ids[id] {
			a.again++
			return false
		}
		a.ids[id] = true
		return true
	}
	for _, c := range b.GetCalls() {
		if fresh(c.GetId()) {
			a.rows++
			a.sum.Count(c)
		}
	}
	for _, t := range b.GetTotals() {
		if _, sum, err := usage.FromTotal(t); err != nil {
			panic(err)
		} else if fresh(t.GetId()) {
			a.folded += sum.Calls
			a.sum.Add(sum)
		}
	}
	for _, g := range b.GetGaps() {
		if fresh(g.GetId()) {
			a.gaps[g.GetReason()] += g.GetCalls()
		}
	}
}

// check wants rows and totals to add up to exactly what was recorded.
func (a *account) check(t *testing.T, want *usage.Sum) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.sum.Equal(want) {
		t.Errorf("stored: %d calls (%d rows, %d in totals), %s USD, %d tokens; recorded: %d calls, %s USD, %d tokens",
			a.sum.Calls, a.rows, a.folded, a.sum.Cost, a.sum.OutputTokens, want.Calls, want.Cost, want.OutputTokens)
	}
	var missing int64
	for _, n := range a.gaps {
		missing += n
	}
	if missing != a.folded {
		t.Errorf("gaps %v tell of %d calls, %d are in totals", a.gaps, missing, a.folded)
	}
}

// callers record calls that all differ, and what they add up to.
type callers struct {
	random *rand.Rand
	n      int
	sum    usage.Sum
}

func newCallers() *callers { return &callers{random: rand.New(rand.NewPCG(1, 2))} }

func (c *callers) record(u *uplink.Uplink, n int) {
	for range n {
		call := dataplane.Call{
			ID: name(c.n), Start: time.Unix(1_800_000_000, 0).Add(time.Duration(c.n) * time.Second), Group: []string{"a", "b"}[c.n%2],
			APIKey: "k", Outcome: dataplane.OK, Status: 200, Provider: "p", UpstreamModel: "m",
			Duration: time.Duration(c.random.Int64N(int64(time.Minute))), FirstToken: time.Duration(c.random.Int64N(int64(time.Second))),
			Usage: dataplane.Usage{Input: c.random.Int64N(9999), Output: c.random.Int64N(9999)}, Cost: dataplane.PicoUSD(c.random.Int64N(1e15)),
			Attempts: make([]dataplane.Attempt, 1+c.random.IntN(2)),
		}
		c.n++
		c.sum.Count(&nodev1.Call{
			Outcome: "ok", DurationUs: call.Duration.Microseconds(), FirstTokenUs: call.FirstToken.Microseconds(),
			Attempts: make([]*nodev1.Attempt, len(call.Attempts)), Cost: int64(call.Cost),
			Usage: &nodev1.Usage{InputTokens: call.Usage.Input, OutputTokens: call.Usage.Output},
		})
		u.Record(call)
	}
}

// openBook opens the sums of a folder.
func openBook(t *testing.T, dir string, change ...func(*overflow.Config)) *overflow.Totals {
	t.Helper()
	cfg := overflow.Config{Path: filepath.Join(dir, "totals"), Bytes: 1 << 20, Delay: time.Millisecond, RetryAfter: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	book, err := overflow.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// startFolding runs an uplink on the folder; stop ends it without a flush.
func startFolding(t *testing.T, cfg uplink.Config, dir string, change ...func(*spool.Config)) (*uplink.Uplink, func()) {
	t.Helper()
	book := openBook(t, dir)
	s := openSpool(t, dir, append([]func(*spool.Config){func(c *spool.Config) {
		*c = shipping.SumInto(*c, book)
		c.SegmentBytes, c.MaxBytes = 2<<10, 8<<10
	}}, change...)...)
	cfg.Shipping.Totals = book
	u, stop := startSpooled(t, cfg, s)
	once := sync.OnceFunc(func() {
		stop()
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(once)
	return u, once
}

// settled waits until everything recorded is on disk or in sums.
func settled(t *testing.T, u *uplink.Uplink, n int) {
	t.Helper()
	until(t, "what was recorded is on disk", func() bool { return u.Spool().Waiting+u.Counters().Summed == uint64(n) })
}

func connected(t *testing.T, p *plane) uplink.Config {
	t.Helper()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	return cfg
}

// The control plane is away until the spool overflows many times; the node ends and starts
// again meanwhile. Then acknowledgements get lost.
func TestSpoolThatOverflowsLosesRowsButNoMoney(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	calls := newCallers()
	for range 3 {
		cfg, _ := nowhere(t, t.TempDir())
		u, stop := startFolding(t, cfg, dir)
		earlier := calls.n - int(u.Spool().Waiting) // summed up by a process before this one
		for range 20 {
			calls.record(u, 30)
			settled(t, u, calls.n-earlier)
		}
		if c := u.Counters(); c.Summed == 0 || c.Dropped != 0 || c.Damaged != 0 {
			t.Fatalf("counters %+v, want calls in sums", c)
		}
		stop()
	}
	got := newAccount()
	p := newPlane()
	batches := 0
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		got.take(b)
		if batches++; batches%3 == 1 {
			return nil, status.Error(codes.Unavailable, "the connection broke after the commit")
		}
		return nil, nil
	}
	u, stop := startFolding(t, connected(t, p), dir)
	flush(t, u)
	stop()
	got.check(t, &calls.sum)
	if got.again == 0 || got.folded < 1000 || got.rows < 50 {
		t.Errorf("%d rows, %d calls in totals, %d sent twice: the test proves little", got.rows, got.folded, got.again)
	}
	u, _ = startFolding(t, connected(t, p), dir) // and nothing is left to be sent once more
	flush(t, u)
	got.check(t, &calls.sum)
}

// What was sent without an answer may be stored. It is not summed up, however long the
// control plane stays away after that, and whatever happens to the node.
func TestWhatMayBeStoredIsNotSummedUp(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		dir := t.TempDir()
		calls, got := newCallers(), newAccount()
		committed := make(chan struct{}, 100)
		var mu sync.Mutex
		away := false
		p := newPlane()
		p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
			mu.Lock()
			defer mu.Unlock()
			if away { // from then on
				return nil, status.Error(codes.Unavailable, "away")
			}
			away = true
			got.take(b)
			committed <- struct{}{}
			return nil, status.Error(codes.Unavailable, "the connection broke after the commit")
		}
		cfg := connected(t, p)
		u, stop := startFolding(t, cfg, dir)
		calls.record(u, 5)
		get(t, "commit", committed)
		if restart {
			settled(t, u, 5)
			stop()
			u, stop = startFolding(t, cfg, dir)
		}
		for range 20 {
			calls.record(u, 30)
			settled(t, u, calls.n)
		}
		if u.Counters().Summed == 0 {
			t.Error("nothing was summed up: the test proves nothing")
		}
		stop()
		last := newPlane()
		last.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) { got.take(b); return nil, nil }
		u, _ = startFolding(t, connected(t, last), dir)
		flush(t, u)
		got.check(t, &calls.sum)
		if got.again == 0 {
			t.Errorf("%d sent twice, want those that were committed without an answer", got.again)
		}
	}
}

// A disk that takes nothing costs rows, no money: not while it fails, and not when it is
// back.
func TestFullDiskLosesRowsButNoMoney(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	calls, got := newCallers(), newAccount()
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) { got.take(b); return nil, nil }
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Shipping.MaxBacklog = 40
	u, _ := startFolding(t, cfg, dir, func(c *spool.Config) {
		c.MinFree = 0.05
		c.FreeDisk = func(string) (float64, error) { return 0, nil }
	})
	calls.record(u, 500)
	until(t, "40 are in memory and 460 in sums", func() bool { c := u.Counters(); return c.Waiting == 40 && c.Summed == 460 })
	p.serve(t, lis)
	flush(t, u)
	got.check(t, &calls.sum)
	if got.gaps["memory_full"] != 460 {
		t.Errorf("gaps %v", got.gaps)
	}
}

// Calls that come faster than they can be taken are summed up where they come.
func TestFullQueueLosesRowsButNoMoney(t *testing.T) {
	t.Parallel()
	calls, got := newCallers(), newAccount()
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) { got.take(b); return nil, nil }
	cfg := connected(t, p)
	cfg.Shipping.QueueSize = 10
	cfg.Shipping.Totals = openBook(t, t.TempDir())
	u, _ := start(t, cfg)
	for range 100 {
		calls.record(u, 50)
	}
	flush(t, u)
	got.check(t, &calls.sum)
	if got.gaps["queue_full"] == 0 {
		t.Error("the queue was never full: the test proves nothing")
	}
}

// One total that cannot be stored holds up no other.
func TestTotalThatIsRefusedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	calls, got := newCallers(), newAccount()
	var poison string
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		for i, total := range b.GetTotals() {
			if poison == "" && i == 3 {
				poison = total.GetId()
			}
			if total.GetId() == poison {
				return nil, status.Error(codes.InvalidArgument, "no")
			}
		}
		got.take(b)
		return nil, nil
	}
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Shipping.MaxBacklog, cfg.Shipping.Totals = 1, openBook(t, t.TempDir())
	u, _ := start(t, cfg)
	calls.record(u, 1000)
	until(t, "all but one are in sums", func() bool { return u.Counters().Summed == 999 })
	p.serve(t, lis)
	flush(t, u)
	if c := u.Counters(); c.Rejected != 1 || c.Totals != 0 {
		t.Errorf("counters %+v, want one rejected", c)
	}
	if missing := calls.sum.Calls - got.sum.Calls; missing < 1 || missing > 60 {
		t.Errorf("%d calls are missing, want those of one minute and one group", missing)
	}
}

// A control plane that does not know totals would lose them: they wait for another, and
// calls are shipped meanwhile.
func TestOldControlPlaneGetsNoTotals(t *testing.T) {
	t.Parallel()
	calls, got := newCallers(), newAccount()
	p := newPlane()
	p.old = true
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		got.take(&nodev1.ShipCallsRequest{Calls: b.GetCalls()})
		return nil, nil
	}
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	dir := t.TempDir()
	book := openBook(t, dir)
	cfg.Shipping.MaxBacklog, cfg.Shipping.Totals = 20, book
	u, stop := start(t, cfg)
	calls.record(u, 100)
	until(t, "all but 20 are in sums", func() bool { return u.Counters().Summed == 80 })
	p.serve(t, lis)
	until(t, "the calls are shipped", func() bool { return u.Counters().Shipped == 20 })
	if c := u.Counters(); c.Summed != 80 || c.Totals == 0 {
		t.Errorf("counters %+v, want 80 calls in sums that wait", c)
	}
	stop()
	if err := book.Close(); err != nil {
		t.Error(err)
	}
	p = newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) { got.take(b); return nil, nil }
	cfg = connected(t, p)
	cfg.Shipping.Totals = openBook(t, dir)
	u, _ = start(t, cfg)
	flush(t, u)
	got.check(t, &calls.sum)
}
