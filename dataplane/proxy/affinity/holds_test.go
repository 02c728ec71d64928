package affinity

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

func heldFor(d time.Duration, now time.Time, name string) Place {
	return Place{Target: dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: name}, Credential: "c", Until: now.Add(d)}
}

func TestHoldsEnd(t *testing.T) {
	t.Parallel()
	var h Holds
	now := time.Unix(1_700_000_000, 0)
	c := Conversation{Group: "g", Key: "app", Session: 7}
	if _, ok := h.Of(c, now); ok {
		t.Error("nothing was held")
	}
	h.Drop(c) // nothing to drop
	h.Put(c, heldFor(time.Minute, now, "m"), now)
	for _, other := range []Conversation{{"g", "app", 8}, {"g", "other", 7}, {"other", "app", 7}} {
		if _, ok := h.Of(other, now); ok {
			t.Errorf("%+v is held as well", other)
		}
	}
	if got, ok := h.Of(c, now.Add(59*time.Second)); !ok || got != heldFor(time.Minute, now, "m") {
		t.Errorf("held %v at %+v", ok, got)
	}
	h.Put(c, heldFor(2*time.Minute, now, "n"), now)
	if got, ok := h.Of(c, now.Add(90*time.Second)); !ok || got.Target.Name != "n" || h.count != 1 {
		t.Errorf("renewed: %v, %+v, %d held", ok, got, h.count)
	}
	later := Conversation{Group: "g", Key: "app", Session: 9}
	h.Put(later, heldFor(time.Hour, now, "m"), now)
	if _, ok := h.Of(c, now.Add(2*time.Minute)); ok || h.count != 1 {
		t.Errorf("it is held beyond its end, %d held", h.count)
	}
	h.Put(later, heldFor(0, now, "m"), now)
	if _, ok := h.Of(later, now); ok || h.count != 0 || len(h.byKey) != 0 {
		t.Errorf("a hold of 0 ends it: %v, %d held", ok, h.count)
	}
}

// One key has an eighth of the room at most; what others hold stays, and of its own what ends sooner
// goes first, mostly.
func TestHoldsAreBounded(t *testing.T) {
	t.Parallel()
	var h Holds
	now := time.Unix(1_700_000_000, 0)
	mine := Conversation{Group: "g", Key: "mine", Session: 1}
	h.Put(mine, heldFor(time.Minute, now, "m"), now)
	for i := range 3 * maxHolds {
		h.Put(Conversation{Group: "g", Key: "greedy", Session: routing.Session(i)}, heldFor(time.Hour, now, "m"), now)
	}
	if _, ok := h.Of(mine, now); !ok {
		t.Error("another key drove out what this one held")
	}
	if got := len(h.byKey["greedy"]); got != maxHolds/keyShare || h.count != got+1 {
		t.Errorf("one key holds %d, all %d", got, h.count)
	}
	for k := range 40 {
		for i := range maxHolds / keyShare {
			h.Put(Conversation{Group: "g", Key: fmt.Sprint("key", k), Session: routing.Session(i)}, heldFor(time.Hour, now, "m"), now)
		}
	}
	total := 0
	for key, own := range h.byKey {
		if total += len(own); len(own) == 0 || len(own) > maxHolds/keyShare {
			t.Errorf("%s holds %d", key, len(own))
		}
	}
	if total != maxHolds || h.count != total {
		t.Errorf("%d are held, counted %d, want %d", total, h.count, maxHolds)
	}
	// When all are over, the room is free at once.
	now = now.Add(2 * time.Hour)
	h.Put(mine, heldFor(time.Minute, now, "m"), now)
	if h.count != 1 || len(h.byKey) != 1 {
		t.Errorf("%d are held afterwards", h.count)
	}
}

func TestHoldsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var h Holds
	now := time.Unix(1_700_000_000, 0)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				c := Conversation{Group: "g", Key: fmt.Sprint("key", (g+i)%3), Session: routing.Session(i % 50)}
				switch i % 3 {
				case 0:
					h.Put(c, heldFor(time.Duration(i%7)*time.Second, now, "m"), now)
				case 1:
					h.Of(c, now.Add(time.Duration(i%9)*time.Second))
				case 2:
					h.Drop(c)
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, own := range h.byKey {
		total += len(own)
	}
	if h.count != total {
		t.Errorf("%d are held, counted %d", total, h.count)
	}
}
