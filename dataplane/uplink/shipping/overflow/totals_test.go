package overflow_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func open(t testing.TB, cfg overflow.Config) *overflow.Totals {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	if cfg.Delay == 0 {
		cfg.Delay = time.Nanosecond
	}
	b, err := overflow.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inFile(t testing.TB) overflow.Config {
	return overflow.Config{Path: filepath.Join(t.TempDir(), "totals"), Bytes: 1 << 20, RetryAfter: time.Nanosecond}
}

// makeCalls makes calls over some hours, of some keys.
func makeCalls(n, keys int, over time.Duration) []*nodev1.Call {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	calls := make([]*nodev1.Call, n)
	for i := range calls {
		calls[i] = &nodev1.Call{
			StartUs: epoch.Add(time.Duration(r.Int64N(int64(over)))).UnixMicro(), ApiKey: fmt.Sprintf("key-%d", r.IntN(keys)), Group: "g",
			Outcome: "ok", Status: 200, DurationUs: r.Int64N(1e8), FirstTokenUs: r.Int64N(1e6), Cost: r.Int64N(1e15),
			Usage: &nodev1.Usage{InputTokens: r.Int64N(1e6), OutputTokens: r.Int64N(1e6)}, Attempts: make([]*nodev1.Attempt, r.IntN(3)),
		}
	}
	return calls
}

func sumOf(calls []*nodev1.Call) *usage.Sum {
	var sum usage.Sum
	for _, c := range calls {
		sum.Count(c)
	}
	return &sum
}

// account takes what is sent as a control plane does: by its id, once.
type account struct {
	seen map[string]bool
	sum  usage.Sum
	gaps map[string]int64
}

func newAccount() *account { return &account{map[string]bool{}, usage.Sum{}, map[string]int64{}} }

// take takes one batch, and settles it unless the answer is lost; false when there is none.
func (a *account) take(t testing.TB, b *overflow.Totals, limit int, answered bool) bool {
	t.Helper()
	totals, gaps := b.Next(limit, true)
	for _, total := range totals {
		_, sum, err := usage.FromTotal(total)
		if err != nil {
			t.Fatal(err)
		}
		if total.GetId() == "" {
			t.Fatal("a total without id was to be sent")
		}
		if !a.seen[total.GetId()] {
			a.seen[total.GetId()] = true
			a.sum.Add(sum)
		}
	}
	for _, g := range gaps {
		if !a.seen[g.GetId()] {
			a.seen[g.GetId()] = true
			a.gaps[g.GetReason()] += g.GetCalls()
		}
	}
	if answered {
		b.Settle(len(totals) + len(gaps))
	}
	return len(totals)+len(gaps) > 0
}

func (a *account) want(t testing.TB, sum *usage.Sum) {
	t.Helper()
	if !a.sum.Equal(sum) {
		t.Errorf("sent %d calls, %s USD; want %d, %s USD", a.sum.Calls, a.sum.Cost, sum.Calls, sum.Cost)
	}
}

func records(calls []*nodev1.Call) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, c := range calls {
			raw, err := proto.Marshal(c)
			if err != nil {
				panic(err)
			}
			if !yield(raw) {
				return
			}
		}
	}
}

// Calls come, segments come, batches are sent, answers get lost and the process is killed,
// in any order: what was safe before a kill is sent once, all of it.
func TestSumsAreSentOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(15) {
		r := rand.New(rand.NewPCG(seed, 1))
		cfg := inFile(t)
		b, got := open(t, cfg), newAccount()
		calls := makeCalls(3000, 3, 30*time.Minute)
		safe, loose := 0, 0 // calls that were saved, and those after them
		first := uint64(1)
		for safe+loose < len(calls) {
			n := min(1+r.IntN(200), len(calls)-safe-loose)
			next := calls[safe+loose : safe+loose+n]
			switch r.IntN(6) {
			case 0:
				for _, c := range next {
					b.Call(overflow.QueueFull, c)
				}
				loose += n
			case 1:
				if err := b.Segment(overflow.SpoolFull, first, first+uint64(n), epoch, records(next)); err != nil {
					t.Fatal(err)
				}
				safe, loose = safe+loose+n, 0
				if r.IntN(2) == 0 {
					b.Forget(first)
				}
				first += uint64(n)
			case 2:
				b.Tend()
				safe, loose = safe+loose, 0
			case 3:
				got.take(t, b, 1+r.IntN(20), r.IntN(2) == 0)
				b.Tend() // or chance would say what of the loose ones was saved
				safe, loose = safe+loose, 0
			case 4: // killed: the file is all there is
				b = open(t, cfg)
				calls = append(calls[:safe:safe], calls[safe+loose:]...)
				loose = 0
			case 5:
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				b = open(t, cfg)
				safe, loose = safe+loose, 0
			}
		}
		for got.take(t, b, 50, true) {
		}
		got.want(t, sumOf(calls))
		if got.gaps["queue_full"]+got.gaps["spool_full"] != got.sum.Calls || b.Waiting() != 0 || b.Stats().Lost != 0 {
			t.Errorf("seed %d: gaps %v of %d calls, %d wait", seed, got.gaps, got.sum.Calls, b.Waiting())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A segment that is summed up is named until it is gone, also after a kill.
func TestSummedFilesAreNamedUntilTheyAreGone(t *testing.T) {
	t.Parallel()
	cfg := inFile(t)
	b := open(t, cfg)
	calls := makeCalls(20, 1, time.Minute)
	for i := range uint64(2) {
		if err := b.Segment(overflow.TooOld, 1+10*i, 11+10*i, epoch, records(calls[10*i:10*i+10])); err != nil {
			t.Fatal(err)
		}
	}
	b.Forget(1)
	b.Tend()
	for range 2 {
		if s := b.SummedFiles(); len(s) != 1 || s[0].GetFirst() != 11 || s[0].GetEnd() != 21 {
			t.Errorf("summed %v", s)
		}
		b = open(t, cfg)
	}
}

// A write that is cut off at any byte costs that write, nothing that was there before.
func TestTornWrite(t *testing.T) {
	t.Parallel()
	cfg := inFile(t)
	cfg.Bytes = 8 << 10
	b := open(t, cfg)
	calls := makeCalls(30, 1, time.Minute)
	for _, c := range calls[:10] {
		b.Call(overflow.MemoryFull, c)
	}
	b.Tend()
	before, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls[10:] {
		b.Call(overflow.MemoryFull, c)
	}
	b.Tend()
	after, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for cut := 0; cut <= len(after); cut++ {
		torn := append(bytes.Clone(after[:cut]), before[cut:]...)
		if bytes.Equal(torn, before) && cut > 0 || cut > 0 && after[cut-1] == before[cut-1] {
			continue // as at the byte before
		}
		if err := os.WriteFile(cfg.Path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		got := newAccount()
		for totals := open(t, cfg); got.take(t, totals, 50, true); {
		}
		if got.sum.Calls == 30 {
			whole++
			got.want(t, sumOf(calls))
			continue
		}
		got.want(t, sumOf(calls[:10]))
	}
	if whole != 1 {
		t.Errorf("%d of the cuts left the later state, want only the last", whole)
	}
}

// With too many sums for the file, minutes become hours and hours days; the sums stay
// exact, and the file is never too small.
func TestTooManySumsBecomeCoarser(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		keys  int
		over  time.Duration
		width time.Duration
	}{{1, time.Hour, time.Minute}, {10, 20 * time.Hour, time.Hour}, {40, 100 * time.Hour, 24 * time.Hour}} {
		cfg := inFile(t)
		cfg.Bytes = 256 << 10
		b := open(t, cfg)
		calls := makeCalls(20_000, tt.keys, tt.over)
		for i := 0; i < len(calls); i += 1000 {
			if err := b.Segment(overflow.SpoolFull, uint64(i+1), uint64(i+1001), epoch, records(calls[i:i+1000])); err != nil {
				t.Fatal(err)
			}
			b.Forget(uint64(i + 1))
		}
		b = open(t, cfg)
		widest := time.Duration(0)
		got := newAccount()
		for {
			totals, _ := b.Next(100, true)
			for _, total := range totals {
				width := time.Duration(total.GetWidthUs()) * time.Microsecond
				widest = max(widest, width)
				if total.GetStartUs()%total.GetWidthUs() != 0 {
					t.Fatalf("a total of %s begins at %d", width, total.GetStartUs())
				}
			}
			if !got.take(t, b, 100, true) {
				break
			}
		}
		got.want(t, sumOf(calls))
		if widest != tt.width {
			t.Errorf("%d keys over %s: the widest total is of %s, want %s", tt.keys, tt.over, widest, tt.width)
		}
	}
}

// What has no room even so is told to be lost, to the call.
func TestWhatHasNoRoomAtAllIsCounted(t *testing.T) {
	t.Parallel()
	cfg := inFile(t)
	cfg.Bytes = 16 << 10
	b := open(t, cfg)
	calls := makeCalls(2000, 500, time.Minute)
	for _, c := range calls {
		b.Call(overflow.QueueFull, c)
	}
	got := newAccount()
	for got.take(t, b, 50, true) {
	}
	st := b.Stats()
	if st.Lost == 0 || got.sum.Calls+int64(st.Lost) != 2000 || got.gaps["totals_full"] != int64(st.Lost) {
		t.Errorf("%d sent, %d lost, gaps %v; want 2000 in all", got.sum.Calls, st.Lost, got.gaps)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// Records of a segment that cannot be read are a gap of their own, and in no sum.
func TestDamagedSegment(t *testing.T) {
	t.Parallel()
	b := open(t, inFile(t))
	calls := makeCalls(10, 1, time.Minute)
	readable := func(yield func([]byte) bool) {
		for raw := range records(calls[:8]) {
			if !yield(raw) {
				return
			}
		}
		yield([]byte("\xff\xff no call"))
	}
	if err := b.Segment(overflow.SpoolFull, 1, 11, epoch, readable); err != nil {
		t.Fatal(err)
	}
	got := newAccount()
	for got.take(t, b, 50, true) {
	}
	got.want(t, sumOf(calls[:8]))
	if got.gaps["spool_full"] != 8 || got.gaps["damaged"] != 2 {
		t.Errorf("gaps %v, want 8 and 2", got.gaps)
	}
}

// A segment whose sums cannot be saved stays as it is. Sums that the file holds without
// ids are not sent while it cannot be written: the next process would send them again.
func TestDiskThatFails(t *testing.T) {
	t.Parallel()
	cfg := inFile(t)
	cfg.Path = filepath.Join(t.TempDir(), "gone", "totals")
	if err := os.Mkdir(filepath.Dir(cfg.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, cfg)
	calls := makeCalls(30, 1, time.Minute)
	got := newAccount()

	fail, heal := breakFile(t, cfg)
	fail(b)
	if err := b.Segment(overflow.SpoolFull, 1, 11, epoch, records(calls[:10])); err == nil {
		t.Fatal("a segment was given up that is safe nowhere")
	}
	for _, c := range calls[:10] {
		b.Call(overflow.MemoryFull, c)
	}
	if !got.take(t, b, 50, true) { // the file holds nothing: this cannot be sent twice
		t.Error("sums in memory were not sent")
	}
	for got.take(t, b, 50, true) {
	}
	got.want(t, sumOf(calls[:10]))

	b = heal()
	for _, c := range calls[10:20] {
		b.Call(overflow.MemoryFull, c)
	}
	b.Tend() // now the file holds them, without ids
	fail(b)
	for _, c := range calls[20:] {
		b.Call(overflow.MemoryFull, c)
	}
	if got.take(t, b, 50, true) {
		t.Error("sums were sent that the next process would send again")
	}
	if b.Waiting() == 0 {
		t.Error("they are gone")
	}
	b = heal() // killed, and the disk is well again: what was in memory is lost
	for got.take(t, b, 50, true) {
	}
	got.want(t, sumOf(calls[:20]))
}

// breakFile makes the totals' file one that cannot be written, and heals it for a new one.
func breakFile(t *testing.T, cfg overflow.Config) (fail func(*overflow.Totals), heal func() *overflow.Totals) {
	t.Helper()
	fail = func(b *overflow.Totals) {
		if err := overflow.Break(b); err != nil {
			t.Fatal(err)
		}
	}
	return fail, func() *overflow.Totals { return open(t, cfg) }
}

// Requests add to sums while everything else goes on.
func TestRequestsAddWhileOthersSend(t *testing.T) {
	t.Parallel()
	b, got := open(t, inFile(t)), newAccount()
	calls := makeCalls(4000, 5, time.Hour)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for _, c := range calls[i*1000 : (i+1)*1000] {
				b.Call(overflow.QueueFull, c)
				_ = b.Stats()
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		b.Tend()
		got.take(t, b, 10, true)
	}
	for got.take(t, b, 50, true) {
	}
	got.want(t, sumOf(calls))
	if n := b.Stats().Total(); n != 4000 {
		t.Errorf("%d calls count as summed", n)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, cfg := range []overflow.Config{{}, {Bytes: 100, Logger: slog.New(slog.DiscardHandler)}} {
		if _, err := overflow.Open(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// FuzzFile opens a file of any content: it must open, and never send a total that
// the control plane would refuse.
func FuzzFile(f *testing.F) {
	cfg := overflow.Config{Path: filepath.Join(f.TempDir(), "totals"), Bytes: 4 << 10}
	b := open(f, cfg)
	for _, c := range makeCalls(5, 1, time.Minute) {
		b.Call(overflow.QueueFull, c)
	}
	if err := errors.Join(b.Close()); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(cfg.Path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:100])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		cfg := overflow.Config{Path: filepath.Join(t.TempDir(), "totals"), Bytes: 4 << 10}
		if err := os.WriteFile(cfg.Path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		b, got := open(t, cfg), newAccount()
		for range 100 {
			if !got.take(t, b, 50, true) {
				break
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
