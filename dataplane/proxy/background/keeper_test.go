package background

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// node is a keeper whose provider says what answer says.
type node struct {
	*Keeper
	snapshot *dataplane.Snapshot
	recorded chan dataplane.Call
	late     chan dataplane.Call
	leases   *leases

	mu     sync.Mutex
	now    time.Time
	answer Asked
	asked  int
}

type leases struct {
	mu      sync.Mutex
	open    int
	settled []dataplane.PicoUSD
}

func (l *leases) Reserve(dataplane.Estimate) (dataplane.Quotas, *dataplane.Denial) {
	return dataplane.Quotas{}, nil
}
func (l *leases) Cancel() {}
func (l *leases) Settle(_ int64, cost dataplane.PicoUSD) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = append(l.settled, cost)
}

func start(t *testing.T, dir string, change func(*Config)) *node {
	t.Helper()
	n := &node{snapshot: snapshot(t), recorded: make(chan dataplane.Call, 100), late: make(chan dataplane.Call, 100), leases: &leases{}, now: time.UnixMicro(1_764_430_000_000_000)}
	cfg := Config{
		Dir: dir, Snapshot: func() *dataplane.Snapshot { return n.snapshot }, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Ask: func(_ context.Context, id dataplane.ResponseID) Asked {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.asked++
			if id.Native != "resp_1" && id.Native != "resp_2" || id.Provider.Name != "p" || id.Credential.Name != "c" {
				t.Errorf("asked for %+v", id)
			}
			return n.answer
		},
		Record: func(c dataplane.Call) { n.recorded <- c }, Late: func(c dataplane.Call) { n.late <- c },
		Resume: func(_ *dataplane.APIKey, cost dataplane.PicoUSD) dataplane.Lease {
			n.leases.open++
			if cost != 77 {
				t.Errorf("resumed with %d", cost)
			}
			return n.leases
		},
		Now: n.clock, Soonest: time.Millisecond, Latest: time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	n.Keeper = New(cfg)
	return n
}

func (n *node) clock() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.now.Add(time.Millisecond)
	return n.now
}

func (n *node) pass(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.now.Add(d)
}

func (n *node) say(a Asked) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = a
}

// run asks until the test or stop ends.
func (n *node) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

func snapshot(t *testing.T) *dataplane.Snapshot {
	t.Helper()
	minute := durationpb.New(time.Minute)
	policy := &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: minute, MinRatio: 0.2, Cooldown: minute, CooldownMax: minute, MaxAttempts: 5,
		ConnectTimeout: minute, FirstTokenTimeout: minute, ResponseTimeout: minute, StreamIdleTimeout: minute, TotalTimeout: minute, StreamTotalTimeout: minute,
	}
	hash := apikey.Hash([]byte("pepper"), "secret")
	s, err := dataplane.Compile(&nodev1.Snapshot{
		KeyPepper: []byte("pepper"),
		Providers: []*nodev1.Provider{{Name: "other", BaseUrl: "http://other.test/v1", Policy: policy, Credentials: []*nodev1.Credential{{Name: "c", Secret: "s"}}}, {
			Name: "p", BaseUrl: "http://p.test/v1", Policy: policy, Credentials: []*nodev1.Credential{{Name: "c", Secret: "s"}},
			Models: []*nodev1.Model{{Id: "m", Price: &nodev1.Price{Input: 3, Output: 5}}},
		}},
		Groups:  []*nodev1.Group{{Name: "g", Members: []*nodev1.Member{{Provider: "p", Model: "m", Priority: 1, Weight: 1, Policy: policy}}}},
		ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash[:], Groups: []string{"g"}, RequestsPerMinute: 10}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const callID = "0197a5b0-0000-7000-8000-00000000abcd"

// kept is a call that failed over once and whose response goes on.
func (n *node) kept() Kept {
	n.Begin("app")
	begun := n.clock()
	return Kept{
		Prompt: 11, Prices: map[int]*dataplane.Price{1: n.snapshot.Target("p", "m").Price}, Reserved: 77, Lease: n.leases,
		Call: dataplane.Call{
			ID: callID, Start: begun, Group: "g", APIKey: "app", Status: 200, Provider: "p", UpstreamModel: "m", Body: &dataplane.Body{}, Background: true, ResponseID: "resp_1",
			Attempts: []dataplane.Attempt{
				{Provider: "q", Outcome: dataplane.StreamCut, Usage: dataplane.Usage{Input: 1, Source: dataplane.UsageEstimated}, Cost: 1000, MaybeBilled: true},
				{Provider: "p", Model: "m", Credential: "c", ResponseID: "resp_1", Pending: true, StartOffset: time.Second},
			},
		},
	}
}

func (n *node) id() dataplane.ResponseID {
	g, _ := n.snapshot.Group("g")
	p := n.snapshot.Providers["p"]
	return dataplane.ResponseID{Native: "resp_1", Group: g, Provider: p, Credential: p.Credentials[0], Target: n.snapshot.Target("p", "m"), Background: true, CallID: callID, CallStart: n.clock()}
}

func (n *node) key(t *testing.T) *dataplane.APIKey {
	k, ok := n.snapshot.Key("secret")
	if !ok {
		t.Fatal("no key")
	}
	return k
}

func said(status string) []byte {
	if status == "in_progress" || status == "queued" {
		return fmt.Appendf(nil, `{"id":"resp_1","status":%q,"usage":null}`, status)
	}
	return fmt.Appendf(nil, `{"id":"resp_1","status":%q,"usage":{"input_tokens":100,"output_tokens":10}}`, status)
}

func TestACallIsRecordedWhenItsResponseEnds(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]dataplane.Outcome{"completed": dataplane.OK, "incomplete": dataplane.OK, "failed": dataplane.ServerError, "cancelled": dataplane.ClientClosed} {
		n := start(t, t.TempDir(), nil)
		n.say(Asked{Response: said("in_progress")})
		n.Keep(n.kept())
		n.run(t)
		if got := n.count(); got != 1 {
			t.Errorf("%v wait", got)
		}
		n.say(Asked{Response: said(status)})
		c := <-n.recorded
		a := c.Attempts[1]
		if c.Outcome != want || a.Outcome != want || a.Pending || a.Usage.Input != 100 || a.Usage.Output != 10 || a.Usage.Source != dataplane.UsageUpstream ||
			a.Cost != 350 || c.Cost != 1350 || c.Usage.Input != 101 || c.Body != nil || c.Duration <= 0 {
			t.Errorf("%s: %+v", status, c)
		}
		n.Seen(n.id(), n.key(t), said(status)) // a client comes later
		n.pass(time.Hour / 2)
		n.Begin("app")
		n.tidy()
		if len(n.leases.settled) != 1 || n.leases.settled[0] != 1350 || len(n.recorded) != 0 || len(n.late) != 0 || n.count() != 0 {
			t.Errorf("%s: settled %v, %d and %d more records, %v wait", status, n.leases.settled, len(n.recorded), len(n.late), n.count())
		}
		if files, err := os.ReadDir(n.cfg.Dir); err != nil || len(files) != 0 {
			t.Errorf("%d files are left, %v", len(files), err)
		}
	}
}

// Whoever sees the end first ends the call, and nobody else does.
func TestManyWhoSeeTheEndEndTheCallOnce(t *testing.T) {
	t.Parallel()
	n := start(t, "", nil)
	n.say(Asked{Response: said("completed")})
	n.Keep(n.kept())
	n.run(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { n.Seen(n.id(), n.key(t), said("completed")) })
	}
	all.Wait()
	<-n.recorded
	if len(n.recorded) != 0 || len(n.leases.settled) != 1 {
		t.Errorf("%d more records, settled %v", len(n.recorded), n.leases.settled)
	}
}

func TestWhatWaitsOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, dir, nil)
	n.say(Asked{Response: said("queued")})
	n.Keep(n.kept()) // and the process is killed
	for name, text := range map[string]string{"broken.json": "{", "other.json": `{"Call":{"ID":"x"}}`, "note.txt": "?"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next := start(t, dir, nil)
	next.Use(next.snapshot)
	next.Use(next.snapshot)
	if next.count() != 1 || next.leases.open != 1 {
		t.Fatalf("%v wait, %d leases", next.count(), next.leases.open)
	}
	next.say(Asked{Response: said("completed")})
	stop := next.run(t)
	if c := <-next.recorded; c.ID != callID || c.Cost != 1350 || c.Attempts[0].Outcome != dataplane.StreamCut || c.Attempts[1].Usage.Output != 10 {
		t.Errorf("%+v", c)
	}
	stop() // killed before anybody knows that the record is safe
	third := start(t, dir, nil)
	third.tidy()
	if c := <-third.late; c.ID != callID || c.Cost != 1350 || third.count() != 0 {
		t.Errorf("%+v, %v wait", c, third.count())
	}
	third.pass(time.Minute)
	third.tidy()
	files, _ := os.ReadDir(dir)
	if len(files) != 1 || len(third.late) != 0 {
		t.Errorf("%d files, %d more records", len(files), len(third.late))
	}
}

// A response whose end nobody tells is recorded with what was guessed of its prompt.
func TestResponsesThatNeverEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer Asked
		after  time.Duration
		want   dataplane.Outcome
	}{
		"given up":       {Asked{Response: said("in_progress")}, 25 * time.Hour, dataplane.ResponseTimeout},
		"no answer":      {Asked{}, 25 * time.Hour, dataplane.ResponseTimeout},
		"unknown status": {Asked{Response: []byte(`{"status":"dreaming"}`)}, 25 * time.Hour, dataplane.ResponseTimeout},
		"gone":           {Asked{Gone: true}, time.Minute, dataplane.NotFound},
	} {
		n := start(t, "", nil)
		n.say(tt.answer)
		n.Keep(n.kept())
		n.pass(tt.after)
		n.run(t)
		c := <-n.recorded
		if u := c.Attempts[1].Usage; c.Outcome != tt.want || u.Source != dataplane.UsageEstimated || u.Input != 11 || !c.Attempts[1].MaybeBilled {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// An end that is seen where the call was not made is recorded later, once, under the same id.
func TestAnotherNodeRecordsLate(t *testing.T) {
	t.Parallel()
	n := start(t, "", nil)
	id := n.id()
	n.Seen(id, n.key(t), said("in_progress"))
	n.Seen(id, n.key(t), said("completed"))
	n.Seen(id, n.key(t), said("completed"))
	n.tidy()
	if len(n.late) != 0 {
		t.Fatal("recorded at once")
	}
	n.pass(2 * time.Minute)
	n.tidy()
	n.tidy()
	c := <-n.late
	if c.ID != callID || !c.Start.Equal(id.CallStart) || c.Usage.Output != 10 || c.Cost != 350 || c.Provider != "p" || c.UpstreamModel != "m" || c.APIKey != "app" || c.Group != "g" || !c.Background ||
		len(c.Attempts) != 1 || c.Attempts[0].Credential != "c" || len(n.late) != 0 || len(n.recorded) != 0 {
		t.Errorf("%+v", c)
	}
	old := id
	old.CallID, old.CallStart = "x", id.CallStart.Add(-30*24*time.Hour)
	n.Seen(old, n.key(t), said("completed"))
	n.pass(time.Hour)
	if n.tidy(); len(n.late) != 0 {
		t.Error("a response of last month is recorded")
	}
}

func TestThereIsRoomForSoMany(t *testing.T) {
	t.Parallel()
	n := start(t, "", func(c *Config) { c.Max = 2 })
	n.Keep(n.kept())
	if n.Begin("b") != Placed || n.Begin("c") != NodeFull {
		t.Error("room for other than two")
	}
	n.Cancel("x", "b")
	if n.Begin("c") != Placed {
		t.Error("a place that was given back is gone")
	}
}
