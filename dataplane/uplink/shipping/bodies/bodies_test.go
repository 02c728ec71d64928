package bodies_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/bodies"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log notes the calls that went on.
type log struct {
	mu    sync.Mutex
	calls []dataplane.Call
}

func (l *log) record(c dataplane.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

func (l *log) ids() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, c := range l.calls {
		if c.Body != nil {
			all = append(all, c.ID+" with its body")
			continue
		}
		all = append(all, c.ID)
	}
	return strings.Join(all, " ")
}

func open(t *testing.T, cfg bodies.Config) (*bodies.Keeper, *log) {
	t.Helper()
	l := &log{}
	cfg.Record = l.record
	k, err := bodies.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k, l
}

// run runs the keeper until the test ends or stop is called.
func run(t *testing.T, k *bodies.Keeper) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func call(id, request string) dataplane.Call {
	return dataplane.Call{ID: id, Body: &dataplane.Body{Log: &dataplane.BodyLog{Redact: true}, Request: []byte(request), Response: []byte("answer")}}
}

func shipped(ids ...string) (calls []*nodev1.Call) {
	for _, id := range ids {
		calls = append(calls, &nodev1.Call{Id: id})
	}
	return calls
}

func requests(calls []*nodev1.Call) (all []string) {
	for _, c := range calls {
		all = append(all, string(c.GetBody().GetRequest()))
	}
	return all
}

func TestBodiesTravelWithTheirCalls(t *testing.T) {
	t.Parallel()
	k, l := open(t, bodies.Config{})
	run(t, k)
	k.Record(dataplane.Call{ID: "bare"})
	k.Record(call("a", "my key is sk-abcdefghijklmnop"))
	k.Record(call("b", "hello"))
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.ids(); got != "bare a b" {
		t.Errorf("went on: %s", got)
	}
	calls := shipped("b", "bare", "a")
	for range 2 { // a batch that is sent again has them again
		with := k.With(calls)
		if got, want := fmt.Sprintf("%q", requests(with)), `["hello" "" "my key is [redacted]"]`; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
		if !with[2].GetBody().GetRedacted() || with[1] != calls[1] || string(with[0].GetBody().GetResponse()) != "answer" {
			t.Errorf("sent %v", with)
		}
	}
	if got := fmt.Sprintf("%q", requests(calls)); got != `["" "" ""]` {
		t.Errorf("the calls themselves hold %s", got)
	}
	k.Settle(calls)
	if got := requests(k.With(calls)); strings.Join(got, "") != "" || k.Waiting() != 0 || k.Dropped() != 0 {
		t.Errorf("after they were acknowledged %q wait, %d bytes, %d dropped", got, k.Waiting(), k.Dropped())
	}
}

func TestBodiesGiveWayToBounds(t *testing.T) {
	t.Parallel()
	k, l := open(t, bodies.Config{MaxBytes: 100, MaxBatch: 50, Queue: 64})
	run(t, k)
	body := strings.Repeat("x ", 12) // 24 and "answer" are 30 bytes
	for _, id := range []string{"a", "b", "c", "d"} {
		k.Record(call(id, body))
	}
	k.Record(call("huge", strings.Repeat("x ", 100)))
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.ids(); got != "a b c d huge" {
		t.Errorf("went on: %s", got)
	}
	if k.Waiting() != 90 || k.Dropped() != 2 {
		t.Errorf("%d bytes wait and %d were dropped, want 90 and 2: the oldest and the huge one", k.Waiting(), k.Dropped())
	}
	calls := shipped("a", "b", "c", "d")
	if got := fmt.Sprintf("%q", requests(k.With(calls))); got != fmt.Sprintf("%q", []string{"", body, "", ""}) {
		t.Errorf("a batch has %s, want one body", got)
	}
	k.Settle(calls)
	if k.Waiting() != 0 || k.Dropped() != 4 {
		t.Errorf("%d bytes wait and %d were dropped, want 0 and 4", k.Waiting(), k.Dropped())
	}
}

func TestRecordNeverWaits(t *testing.T) {
	t.Parallel()
	k, l := open(t, bodies.Config{Queue: 2}) // and nobody looks anything through
	for i := range 5 {
		k.Record(call(fmt.Sprint(i), "text"))
	}
	if got := l.ids(); got != "2 3 4" {
		t.Errorf("went on: %s, want those that found no room, without their bodies", got)
	}
	if k.Dropped() != 3 {
		t.Errorf("%d bodies were dropped, want 3", k.Dropped())
	}
	stop := run(t, k)
	stop()
	k.Record(call("late", "text"))
	if got := l.ids(); len(l.calls) != 6 || strings.Contains(got, "with its body") || !strings.HasSuffix(got, "late") {
		t.Errorf("in the end went on: %s", got)
	}
	if err := k.Flush(t.Context()); err != nil {
		t.Errorf("Flush after the end: %v", err)
	}
}

// TestWhatWaitsIsBounded: looking through takes longer for a large body than for a small
// one, so few of them are as bad as many.
func TestWhatWaitsIsBounded(t *testing.T) {
	t.Parallel()
	k, l := open(t, bodies.Config{MaxQueue: 100}) // and nobody looks anything through
	for _, id := range []string{"a", "b", "c"} {
		k.Record(call(id, strings.Repeat("x", 40)))
	}
	k.Record(call("small", "y"))
	if got := l.ids(); got != "c" || k.Dropped() != 1 {
		t.Errorf("went on: %q with %d bodies dropped, want c only", got, k.Dropped())
	}
	run(t, k)
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.Record(call("later", strings.Repeat("x", 90)))
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.ids(); got != "c a b small later" || k.Dropped() != 1 {
		t.Errorf("in the end went on: %q with %d bodies dropped", got, k.Dropped())
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	k, _ := open(t, bodies.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Flush(ctx); err == nil {
		t.Error("Flush of a keeper that does not run succeeded")
	}
}
