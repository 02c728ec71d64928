package uplink_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What differs with each run.
var (
	clocks       = protocmp.IgnoreFields(&nodev1.Hello{}, "uptime_ms", "wall_us")
	statusClocks = protocmp.IgnoreFields(&nodev1.Status{}, "uptime_ms", "wall_us")
)

func TestDrainIsPassedOnAndShownSoon(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	cfg.Sync.StatusInterval = time.Hour
	orders := make(chan bool, 1)
	cfg.Sync.Drain = func(on bool) { orders <- on }
	draining := false
	cfg.Sync.Status = func() syncing.Status { return syncing.Status{Draining: draining, Requests: 42} }
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	cfg.Now = func() time.Time { return at }
	start(t, cfg)
	if hello := get(t, "hello", p.hellos); hello.GetWallUs() != at.UnixMicro() {
		t.Errorf("hello %v", hello)
	}
	if st := get(t, "first status", p.statuses); st.GetDraining() || st.GetRequests() != 42 || st.GetWallUs() != at.UnixMicro() {
		t.Errorf("status %v", st)
	}
	for _, want := range []bool{true, false} {
		draining = want
		p.drains <- &nodev1.Drain{Draining: want}
		if got := get(t, "order", orders); got != want {
			t.Errorf("order %t, want %t", got, want)
		}
		if st := get(t, "status after the order", p.statuses); st.GetDraining() != want {
			t.Errorf("status says draining: %t, want %t", st.GetDraining(), want)
		}
	}
}

func TestDrainWithoutATakerIsNoTrouble(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis, target, options := memory()
	p.serve(t, lis)
	cfg := config(target)
	cfg.DialOptions = options
	u, _ := start(t, cfg)
	p.drains <- &nodev1.Drain{Draining: true}
	p.push <- full(t, 1, 3)
	get(t, "answer", p.answers)
	if u.Revision() != 3 {
		t.Errorf("revision %d, want 3", u.Revision())
	}
}

// Of a later stream of the same start the uptime is higher: that is how replicas know which
// is newer, whatever the clock does.
func TestUptimeOrdersTheStreamsOfOneStart(t *testing.T) {
	t.Parallel()
	p := newPlane()
	lis := listen(t, "127.0.0.1:0")
	stop := p.serve(t, lis)
	cfg := config(lis.Addr().String())
	var back atomic.Int64 // how far the clock was set back
	cfg.Now = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Duration(back.Load())) }
	start(t, cfg)
	first := get(t, "hello", p.hellos)
	time.Sleep(2 * time.Millisecond) // what is tested is the passing of time itself
	back.Store(int64(time.Hour))
	stop()
	p.serve(t, listen(t, lis.Addr().String()))
	second := get(t, "second hello", p.hellos)
	if first.GetUptimeMs() < 0 || second.GetUptimeMs() <= first.GetUptimeMs() || second.GetBootId() != first.GetBootId() {
		t.Errorf("first %v, then %v", first, second)
	}
}

// Every address of a list is tried before the node waits for long.
func TestNodeFindsTheReplicaThatIsThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := newPlane()
	lis := listen(t, "127.0.0.1:0")
	p.serve(t, lis)
	nobody := "unix:" + filepath.Join(dir, "nobody")
	cfg := config(nobody + "1, " + lis.Addr().String() + " ,," + nobody + "2")
	cfg.MinBackoff, cfg.MaxBackoff = 20*time.Millisecond, time.Hour
	start(t, cfg)
	get(t, "hello", p.hellos)
}
