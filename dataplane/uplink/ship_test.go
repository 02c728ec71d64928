package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// ledger remembers calls as a database with their id as key does.
type ledger struct {
	mu    sync.Mutex
	ids   []string
	known map[string]bool
	again int
}

func (l *ledger) add(calls []*nodev1.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[string]bool{}
	}
	for _, c := range calls {
		if l.known[c.GetId()] {
			l.again++
			continue
		}
		l.known[c.GetId()] = true
		l.ids = append(l.ids, c.GetId())
	}
}

// check wants the calls 0 to n-1 in order, each once.
func (l *ledger) check(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ids) != n {
		t.Fatalf("%d calls stored, want %d", len(l.ids), n)
	}
	for i, id := range l.ids {
		if id != name(i) {
			t.Fatalf("call %d is %s, want %s", i, id, name(i))
		}
	}
}

func name(i int) string { return fmt.Sprintf("call-%06d", i) }

func record(u *uplink.Uplink, from, to int) {
	for i := from; i < to; i++ {
		u.Record(dataplane.Call{ID: name(i), Start: time.Unix(1_800_000_000, 0), Outcome: dataplane.OK})
	}
}

func flush(t *testing.T, u *uplink.Uplink) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := u.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestCallsArriveInBatchesInOrder(t *testing.T) {
	t.Parallel()
	var stored ledger
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		stored.add(b.GetCalls())
		return nil, nil
	}
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Shipping.BatchDelay = time.Hour // only Flush and a full batch send
	u, _ := start(t, cfg)
	record(u, 0, 1201)
	p.serve(t, lis)
	flush(t, u)
	stored.check(t, 1201)
	for i, want := range []int{500, 500, 201} {
		b := get(t, "batch", p.batches)
		if b.GetNode() != "node-1" || b.GetSequence() != uint64(i+1) || len(b.GetCalls()) != want {
			t.Errorf("batch of %q: sequence %d, %d calls; want %d and %d", b.GetNode(), b.GetSequence(), len(b.GetCalls()), i+1, want)
		}
	}
	if c := u.Counters(); c != (shipping.Counters{Shipped: 1201}) {
		t.Errorf("counters %+v", c)
	}
}

func TestASingleCallDoesNotWaitForCompany(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := start(t, cfg)
	record(u, 0, 1)
	if b := get(t, "batch", p.batches); len(b.GetCalls()) != 1 {
		t.Errorf("%d calls, want 1", len(b.GetCalls()))
	}
}

func TestBatchesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Shipping.BatchDelay = time.Hour
	u, _ := start(t, cfg)
	attempts := make([]dataplane.Attempt, 64)
	for i := range attempts {
		attempts[i] = dataplane.Attempt{Provider: strings.Repeat("p", 9999), Reason: strings.Repeat("r", 9999)}
	}
	for i := range 40 { // about 90 KB each
		u.Record(dataplane.Call{ID: name(i), Attempts: attempts})
	}
	p.serve(t, lis)
	flush(t, u)
	calls := 0
	for calls < 40 {
		b := get(t, "batch", p.batches)
		if n := len(b.GetCalls()); n > 20 {
			t.Errorf("%d calls of 90 KB in one batch", n)
		}
		calls += len(b.GetCalls())
	}
}

func TestLostAcknowledgementsAreSentAgain(t *testing.T) {
	t.Parallel()
	var stored ledger
	var mu sync.Mutex
	batches := 0
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		stored.add(b.GetCalls())
		mu.Lock()
		defer mu.Unlock()
		if batches++; batches%2 == 1 {
			return nil, status.Error(codes.Unavailable, "the connection broke after the commit")
		}
		return nil, nil
	}
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := start(t, cfg)
	record(u, 0, 2000)
	flush(t, u)
	stored.check(t, 2000)
	if stored.again == 0 {
		t.Error("nothing was sent twice, so the test proves nothing")
	}
	if c := u.Counters(); c.Shipped != 2000 || c.Waiting != 0 || c.Dropped != 0 {
		t.Errorf("counters %+v", c)
	}
}

func TestControlPlaneIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	var stored ledger
	store := func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		stored.add(b.GetCalls())
		return nil, nil
	}
	p := newPlane()
	p.store = store
	lis := listen(t, "127.0.0.1:0")
	stop := p.serve(t, lis)
	u, _ := start(t, config(lis.Addr().String()))
	record(u, 0, 100)
	flush(t, u)
	stop()
	record(u, 100, 700)
	p = newPlane()
	p.store = store
	p.serve(t, listen(t, lis.Addr().String()))
	record(u, 700, 1000)
	flush(t, u)
	stored.check(t, 1000)
}

func TestCallThatIsRefusedHoldsUpNoOther(t *testing.T) {
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
	cfg.Shipping.BatchDelay = time.Hour
	u, _ := start(t, cfg)
	record(u, 0, 300)
	u.Record(dataplane.Call{ID: "poison"})
	record(u, 300, 900)
	p.serve(t, lis)
	flush(t, u)
	stored.check(t, 900)
	if c := u.Counters(); c != (shipping.Counters{Shipped: 900, Rejected: 1}) {
		t.Errorf("counters %+v", c)
	}
}

func TestCallsPutAsideAreCounted(t *testing.T) {
	t.Parallel()
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		return []*nodev1.RejectedCall{{Id: b.GetCalls()[0].GetId(), Reason: "bad"}}, nil
	}
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Shipping.BatchDelay = time.Hour
	u, _ := start(t, cfg)
	record(u, 0, 3)
	flush(t, u)
	if c := u.Counters(); c.Shipped+c.Rejected != 3 || c.Rejected == 0 {
		t.Errorf("counters %+v", c)
	}
}

func TestRecordNeverBlocks(t *testing.T) {
	t.Parallel()
	cfg := config("127.0.0.1:1")
	cfg.Shipping.QueueSize = 10
	u, err := uplink.New(cfg) // nobody empties the queue
	if err != nil {
		t.Fatal(err)
	}
	record(u, 0, 25)
	if c := u.Counters(); c != (shipping.Counters{Waiting: 10, Summed: 15, Totals: 2}) {
		t.Errorf("counters %+v", c)
	}
}

func TestBacklogIsBoundedWhileTheControlPlaneIsAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		bound func(*uplink.Config)
		kept  int
	}{
		{"by number", func(c *uplink.Config) { c.Shipping.MaxBacklog = 30 }, 30},
		{"by size", func(c *uplink.Config) { c.Shipping.MaxBacklogBytes = 10_000 }, 14}, // 667 bytes each
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stored ledger
			p := newPlane()
			p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
				stored.add(b.GetCalls())
				return nil, nil
			}
			lis, target, options := memory()
			cfg := config(target)
			cfg.DialOptions = options
			tt.bound(&cfg)
			u, _ := start(t, cfg)
			record(u, 0, 100)
			until(t, "the queue is empty", func() bool {
				c := u.Counters()
				return c.Waiting+int(c.Summed) == 100 && c.Waiting == tt.kept
			})
			p.serve(t, lis)
			flush(t, u)
			stored.check(t, tt.kept)
			if c := u.Counters(); c.Shipped != uint64(tt.kept) || c.Summed != uint64(100-tt.kept) || c.Dropped != 0 || c.Totals != 0 || c.Gaps == 0 {
				t.Errorf("counters %+v", c)
			}
			record(u, tt.kept, tt.kept+5) // there is room again
			flush(t, u)
			stored.check(t, tt.kept+5)
		})
	}
}

func TestFlushGivesUp(t *testing.T) {
	t.Parallel()
	u, stop := start(t, unreachable())
	flush(t, u) // nothing to wait for
	record(u, 0, 7)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := u.Flush(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "7 still wait") {
		t.Errorf("Flush: %v", err)
	}
	stop()
	if err := u.Flush(context.Background()); err == nil || !strings.Contains(err.Error(), "has stopped") {
		t.Errorf("Flush after the end: %v", err)
	}
}

// A drain must not wait for the next try to connect, which may be 30 s away.
func TestFlushHurriesTheLink(t *testing.T) {
	t.Parallel()
	var stored ledger
	p := newPlane()
	p.store = func(b *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error) {
		stored.add(b.GetCalls())
		return nil, nil
	}
	lis, target, _ := memory()
	p.serve(t, lis)
	var open atomic.Bool
	refused := make(chan struct{}, 1)
	cfg := config(target)
	cfg.MinBackoff, cfg.MaxBackoff = time.Hour, time.Hour
	cfg.DialOptions = []grpc.DialOption{dialer(func(ctx context.Context, _ string) (net.Conn, error) {
		if open.Load() {
			return lis.(*bufconn.Listener).DialContext(ctx)
		}
		nudge(refused)
		return nil, syscall.ECONNREFUSED
	})}
	u, _ := start(t, cfg)
	get(t, "refused connection", refused)
	open.Store(true)
	record(u, 0, 5)
	flush(t, u)
	stored.check(t, 5)
}

func TestWholeRecordIsShipped(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := start(t, cfg)
	u.Record(dataplane.Call{
		ID: "0190f000-0000-7000-8000-000000000001", Start: time.UnixMicro(1_800_000_000_123_456),
		Endpoint: "/v1/chat/completions", Model: "broken \xff utf-8 " + strings.Repeat("é", 300), Group: "chat", APIKey: "app",
		Stream: true, Outcome: dataplane.StreamCut, Status: 200, ErrorCode: "upstream_stream_cut",
		Provider: "b", UpstreamModel: "m2", FirstToken: 1500 * time.Microsecond, Duration: 2 * time.Second, Overhead: 300 * time.Microsecond,
		Usage: dataplane.Usage{Input: 10, CachedInput: 4, Output: 7, Source: dataplane.UsageEstimated}, Cost: 12345, ClientRetry: 2, KeywordLate: true,
		Attempts: []dataplane.Attempt{
			{Provider: "a", Model: "m1", Credential: "main", StartOffset: time.Millisecond, Duration: 20 * time.Millisecond, Status: 401,
				Outcome: dataplane.AuthFailed, Reason: "bad key", Blame: "credential"},
			{Provider: "b", Model: "m2", StartOffset: 22 * time.Millisecond, FirstFrame: 2 * time.Millisecond, FirstToken: 3 * time.Millisecond,
				Duration: time.Second, Status: 200, Outcome: dataplane.StreamCut, MaybeBilled: true, LastResort: true,
				Usage: dataplane.Usage{Input: 10, Source: dataplane.UsageUpstream}, Cost: 99, Keyword: "busy", Blame: "target"},
			{Outcome: dataplane.OK},
		},
		Skipped: []dataplane.Skipped{{Provider: "c", Model: "m3", Reason: dataplane.ServerError, Until: time.UnixMicro(1_800_000_009_000_000)}},
	})
	b := get(t, "batch", p.batches)
	c := b.GetCalls()[0]
	if !utf8.ValidString(c.GetModel()) || len(c.GetModel()) > 256 || !strings.HasPrefix(c.GetModel(), "broken  utf-8 éé") {
		t.Errorf("model %q", c.GetModel())
	}
	c.Model = ""
	want := `id:"0190f000-0000-7000-8000-000000000001" start_us:1800000000123456 endpoint:"/v1/chat/completions" group:"chat" api_key:"app" ` +
		`stream:true outcome:"stream_cut" status:200 error_code:"upstream_stream_cut" provider:"b" upstream_model:"m2" first_token_us:1500 ` +
		`duration_us:2000000 overhead_us:300 usage:{input_tokens:10 cached_input_tokens:4 output_tokens:7 source:"estimated"} cost:12345 ` +
		`attempts:{provider:"a" model:"m1" credential:"main" start_offset_us:1000 duration_us:20000 status:401 outcome:"auth_failed" reason:"bad key" blame:"credential" usage:{source:"none"}} ` +
		`attempts:{provider:"b" model:"m2" start_offset_us:22000 first_frame_us:2000 first_token_us:3000 duration_us:1000000 status:200 outcome:"stream_cut" ` +
		`blame:"target" maybe_billed:true last_resort:true usage:{input_tokens:10 source:"upstream"} cost:99 keyword:"busy"} ` +
		`attempts:{outcome:"ok" usage:{source:"none"}} client_retry:2 keyword_after_commit:true ` +
		`skipped:{provider:"c" model:"m3" reason:"server_error" until_us:1800000009000000}`
	if got := compact(c); got != want {
		t.Errorf("call\n got %s\nwant %s", got, want)
	}
}
