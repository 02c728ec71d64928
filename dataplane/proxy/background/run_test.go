package background

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// A provider that does not answer keeps no other from being asked, and nothing from being recorded.
func TestAProviderThatHangsHoldsUpItselfAlone(t *testing.T) {
	t.Parallel()
	hung := make(chan time.Duration, 100)
	n := start(t, "", nil)
	ask := n.cfg.Ask
	n.cfg.Ask = func(ctx context.Context, id dataplane.ResponseID) Asked {
		if id.Provider.Name != "other" {
			return ask(ctx, id)
		}
		ends, _ := ctx.Deadline()
		hung <- time.Until(ends)
		<-ctx.Done()
		return Asked{}
	}
	for i := range 40 {
		k := n.kept()
		k.Call.ID = fmt.Sprintf("hung-%d", i)
		k.Call.Attempts[1].Provider = "other"
		n.Keep(k)
	}
	n.run(t)
	for range ofProvider {
		if left := <-hung; left <= 0 || left > 20*time.Second {
			t.Errorf("asked for %v", left)
		}
	}
	n.say(Asked{Response: said("completed")})
	for range 2 * workers { // one after the other, each by a worker that is free again
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
	if len(hung) != 0 || n.count() != 40 {
		t.Errorf("%d more were asked of it, %v wait", len(hung), n.count())
	}
}

// The longest due go first, and no more than there are workers for.
func TestNoMoreAreTakenThanThereAreWorkers(t *testing.T) {
	t.Parallel()
	n := start(t, "", nil)
	for i := range 6 * ofProvider {
		k := n.kept()
		k.Call.ID = fmt.Sprintf("%02d", i)
		k.Call.Attempts[1].Provider = fmt.Sprint("p", i%6)
		n.Keep(k)
	}
	n.pass(time.Minute)
	due := n.due()
	for i, e := range due {
		if e.Call.ID != fmt.Sprintf("%02d", i) {
			t.Errorf("%s at place %d", e.Call.ID, i)
		}
	}
	if len(due) != workers || len(n.due()) != 0 {
		t.Fatalf("%d were taken", len(due))
	}
	n.release(due[0])
	if next := n.due(); len(next) != 1 || next[0].Call.ID != fmt.Sprint(workers) {
		t.Errorf("%d were taken for one worker", len(next))
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
