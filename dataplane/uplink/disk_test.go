package uplink_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// openSpool opens a spool; change may spoil its configuration.
func openSpool(t *testing.T, dir string, change ...func(*spool.Config)) *spool.Spool {
	t.Helper()
	cfg := spool.Config{Dir: dir, SegmentBytes: 4 << 10, MinFree: -1, RetryAfter: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	s, err := spool.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeSpool(t *testing.T, s *spool.Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// startSpooled runs an uplink on a spool; stop ends both.
func startSpooled(t *testing.T, cfg uplink.Config, s *spool.Spool) (*uplink.Uplink, func()) {
	t.Helper()
	cfg.Shipping.Spool = s
	u, stop := start(t, cfg)
	once := sync.OnceFunc(func() { stop(); closeSpool(t, s) })
	t.Cleanup(once)
	return u, once
}

// spooled waits until so many calls are on disk.
func spooled(t *testing.T, u *uplink.Uplink, n uint64) {
	t.Helper()
	until(t, "the calls are on disk", func() bool { return u.Spool().Waiting == n })
}

func storing(l *ledger) *plane {
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		l.add(b.GetCalls())
		return nil, nil
	}
	return p
}

func TestCallsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, _ := nowhere(t, t.TempDir())
	u, stop := startSpooled(t, cfg, openSpool(t, dir))
	record(u, 0, 700)
	spooled(t, u, 700)
	record(u, 700, 1000)
	stop() // without Flush: what is in the queue is written, too
	if c := u.Counters(); c.Dropped != 0 {
		t.Errorf("counters %+v", c)
	}

	u, stop = startSpooled(t, cfg, openSpool(t, dir)) // the control plane is still away
	spooled(t, u, 1000)
	record(u, 1000, 1100)
	spooled(t, u, 1100)
	stop()

	var stored ledger
	p := storing(&stored)
	lis, target, options := memory()
	p.serve(t, lis)
	cfg = config(target)
	cfg.DialOptions = options
	u, _ = startSpooled(t, cfg, openSpool(t, dir))
	flush(t, u)
	stored.check(t, 1100)
	if c := u.Counters(); c != (shipping.Counters{Shipped: 1100}) || stored.again != 0 {
		t.Errorf("counters %+v, %d sent twice", c, stored.again)
	}
}

// The control plane commits but its answer is lost, and the node is killed before it sends
// again.
func TestLostAcknowledgementAndACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var stored ledger
	p := newPlane()
	committed := make(chan struct{}, 100)
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		stored.add(b.GetCalls())
		committed <- struct{}{}
		return nil, status.Error(codes.Unavailable, "the connection broke after the commit")
	}
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, stop := startSpooled(t, cfg, openSpool(t, dir))
	record(u, 0, 800)
	get(t, "commit", committed)
	spooled(t, u, 800) // nothing was acknowledged
	stop()

	p = storing(&stored)
	lis, target, options = memory()
	p.serve(t, lis)
	cfg = config(target)
	cfg.DialOptions = options
	u, _ = startSpooled(t, cfg, openSpool(t, dir))
	flush(t, u)
	stored.check(t, 800)
	if stored.again == 0 {
		t.Error("nothing was sent twice, so the test proves nothing")
	}
}

func TestDiskThatFailsLeavesCallsInMemory(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	free := 1.0
	setFree := func(part float64) {
		mu.Lock()
		defer mu.Unlock()
		free = part
	}
	s := openSpool(t, t.TempDir(), func(c *spool.Config) {
		c.MinFree = 0.05
		c.FreeDisk = func(string) (float64, error) {
			mu.Lock()
			defer mu.Unlock()
			return free, nil
		}
	})
	var stored ledger
	p := storing(&stored)
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := startSpooled(t, cfg, s)
	setFree(0.01)
	record(u, 0, 300)
	until(t, "the calls are in memory", func() bool { return u.Counters().Waiting == 300 && u.Spool().Trouble != nil })
	if n := u.Spool().Waiting; n != 0 {
		t.Errorf("%d calls on a full disk", n)
	}
	setFree(0.5)
	record(u, 300, 500)
	until(t, "the calls are on disk", func() bool { return u.Counters().Waiting == 500 && u.Spool().Waiting > 0 })
	p.serve(t, lis)
	flush(t, u)
	stored.check(t, 500) // memory first, which is in order here
	if c := u.Counters(); c != (shipping.Counters{Shipped: 500}) {
		t.Errorf("counters %+v", c)
	}
}

func TestRecordOnDiskThatIsNoCallHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openSpool(t, dir)
	for i := range 30 {
		raw := []byte("\xff\xff no call")
		if i%3 == 1 {
			var err error
			if raw, err = proto.Marshal(&nodev1.Call{Id: name(i / 3)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Append(raw); err != nil {
			t.Fatal(err)
		}
	}
	s.Flush()
	var stored ledger
	p := storing(&stored)
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := startSpooled(t, cfg, s)
	until(t, "the calls are shipped", func() bool { return u.Counters().Shipped == 10 && u.Counters().Waiting == 0 })
	stored.check(t, 10)
	record(u, 10, 12)
	flush(t, u)
	stored.check(t, 12)
	if c := u.Counters(); c.Damaged < 20 {
		t.Errorf("counters %+v, want 20 damaged", c)
	}
}

func TestCallThatIsRefusedHoldsUpNoOtherOnDisk(t *testing.T) {
	t.Parallel()
	var stored ledger
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		for _, c := range b.GetCalls() {
			if c.GetId() == "poison" {
				return nil, status.Error(codes.InvalidArgument, "no")
			}
		}
		stored.add(b.GetCalls())
		return nil, nil
	}
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := startSpooled(t, cfg, openSpool(t, t.TempDir()))
	record(u, 0, 300)
	u.Record(dataplane.Call{ID: "poison"})
	record(u, 300, 900)
	spooled(t, u, 901)
	p.serve(t, lis)
	flush(t, u)
	stored.check(t, 900)
	if c := u.Counters(); c != (shipping.Counters{Shipped: 900, Rejected: 1}) {
		t.Errorf("counters %+v", c)
	}
}
