package background

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Providers that do not answer, however many, keep no other from being asked, and nothing from being recorded.
func TestProvidersThatHangHoldUpThemselvesAlone(t *testing.T) {
	t.Parallel()
	const hanging = 20
	hung := make(chan time.Duration, 1000)
	n := start(t, "", func(c *Config) {
		c.Max = 10 * 8 * hanging
	})
	ask := n.cfg.Ask
	n.cfg.Ask = func(ctx context.Context, id dataplane.ResponseID) Asked {
		if id.Provider.Name == "p" {
			return ask(ctx, id)
		}
		ends, _ := ctx.Deadline()
		hung <- time.Until(ends)
		<-ctx.Done()
		return Asked{}
	}
	for i := range hanging {
		name := fmt.Sprintf("hangs-%d", i)
		n.snapshot.Providers[name] = &dataplane.Provider{Name: name}
		for k := range 2 * ofProvider {
			kept := n.kept()
			kept.Call.ID = fmt.Sprintf("%s-%d", name, k)
			kept.Call.Attempts[1].Provider = name
			n.Keep(kept)
		}
	}
	n.run(t)
	for range hanging * ofProvider {
		if left := <-hung; left <= 0 || left > 20*time.Second {
			t.Errorf("asked for %v", left)
		}
	}
	n.say(Asked{Response: said("completed")})
	for range 10 * ofProvider { // one after the other
		n.Keep(n.kept())
		if c := <-n.recorded; c.ID != callID {
			t.Errorf("%s was recorded", c.ID)
		}
	}
	id := n.id()
	id.CallID = "0197a5b0-0000-7000-8000-00000000ffff"
	n.Seen(id, n.key(t), said("completed"))
	n.pass(3 * time.Minute)
	<-n.late
	if len(hung) != 0 || n.count() != 2*hanging*ofProvider {
		t.Errorf("%d more were asked of them, %v wait", len(hung), n.count())
	}
}

// The longest due go first, and of one provider no more than may be asked for at once.
func TestNoMoreOfAProviderAreTakenThanMayBe(t *testing.T) {
	t.Parallel()
	n := start(t, "", nil)
	for i := range 6 * ofProvider {
		k := n.kept()
		k.Call.ID = fmt.Sprintf("%02d", i)
		k.Call.Attempts[1].Provider = fmt.Sprint("p", i%3)
		n.Keep(k)
	}
	n.pass(time.Minute)
	due := n.due()
	for i, p := range due {
		if p.of.Call.ID != fmt.Sprintf("%02d", i) {
			t.Errorf("%s at place %d", p.of.Call.ID, i)
		}
	}
	if len(due) != 3*ofProvider || len(n.due()) != 0 {
		t.Fatalf("%d were taken", len(due))
	}
	n.release(due[0])
	if next := n.due(); len(next) != 1 || next[0].of.Call.ID != fmt.Sprint(3*ofProvider) {
		t.Errorf("%d were taken for one that is free", len(next))
	}
}

// twice is a call of which two responses go on: of the attempt that was given up, and of the client's.
func (n *node) twice() Kept {
	k := n.kept()
	k.Call.Attempts[0] = dataplane.Attempt{Provider: "p", Model: "m", Credential: "c", ResponseID: "resp_2", Pending: true, Outcome: dataplane.StreamCut, MaybeBilled: true}
	k.Prices[0] = k.Prices[1]
	return k
}

// Every response that goes on is followed and billed, also over a restart, and the call is recorded when the last one
// has ended. How one ended that the client does not have is no outcome of the call.
func TestEachPendingAttemptIsBilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, dir, nil)
	n.Keep(n.twice())
	if !n.Seen(n.id(), n.key(t), said("completed")) || len(n.recorded) != 0 || n.count() != 1 || len(n.leases.settled) != 0 {
		t.Fatalf("recorded with one of two: %d, %v wait", len(n.recorded), n.count())
	}
	n.Seen(n.id(), n.key(t), said("completed")) // once more
	other := n.id()
	other.Native = "resp_2"
	n.Seen(other, n.key(t), said("failed"))
	c := <-n.recorded
	if a, b := c.Attempts[0], c.Attempts[1]; c.Outcome != dataplane.OK || a.Cost != 350 || b.Cost != 350 || c.Cost != 700 || c.Usage.Output != 20 || a.Pending || b.Pending ||
		a.Outcome != dataplane.StreamCut || b.Outcome != dataplane.OK || a.MaybeBilled {
		t.Errorf("%+v", c)
	}
	if len(n.leases.settled) != 1 || n.leases.settled[0] != 700 || n.count() != 0 {
		t.Errorf("settled %v, %v wait", n.leases.settled, n.count())
	}
	again := n.twice()
	again.Call.ID = "0197a5b0-0000-7000-8000-00000000beef"
	n.Keep(again)
	next := start(t, dir, nil)
	next.say(Asked{Response: said("completed")})
	next.run(t)
	for c := range next.recorded {
		if c.ID != again.Call.ID {
			continue
		}
		if c.Cost != 700 {
			t.Errorf("after a restart %+v", c)
		}
		break
	}
}

// A client shows the end while the node asks. Under the race detector it tells more.
func TestTheEndIsSeenWhileItIsAskedFor(t *testing.T) {
	t.Parallel()
	for range 100 {
		n := start(t, "", nil)
		n.Keep(n.kept())
		n.pass(time.Second)
		due, done := n.due(), make(chan struct{})
		go func() {
			defer close(done)
			n.ask(t.Context(), due[0])
		}()
		if !n.Seen(n.id(), n.key(t), said("completed")) || n.Seen(n.id(), n.key(t), said("queued")) {
			t.Fatal("over is told of the other one")
		}
		<-done
		if c := <-n.recorded; c.Cost != 1350 {
			t.Fatalf("%+v", c)
		}
	}
}

// One key has an eighth of the places, until its responses end.
func TestOneKeyHasAPartOfThePlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, dir, func(c *Config) { c.Max = 16 })
	n.Keep(n.kept())
	if n.Begin("app") != Placed || n.Begin("app") != KeyFull || n.Begin("b") != Placed {
		t.Error("other than two places for a key")
	}
	n.Cancel("x", "app")
	if n.Begin("app") != Placed || n.Begin("app") != KeyFull {
		t.Error("a place that was given back is gone")
	}
	next := start(t, dir, func(c *Config) { c.Max = 8 })
	if next.Begin("app") != KeyFull {
		t.Error("what an earlier run left does not count")
	}
	next.Seen(next.id(), next.key(t), said("completed"))
	if next.Begin("app") != Placed || len(next.keys) != 1 {
		t.Error("what has ended counts")
	}
}
