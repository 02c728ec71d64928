package engine

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

func heldFor(d time.Duration, now time.Time, name string) heldPlace {
	return heldPlace{target: dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: name}, credential: "c", until: now.Add(d)}
}

func TestHoldsEnd(t *testing.T) {
	t.Parallel()
	var h holds
	now := time.Unix(1_700_000_000, 0)
	c := conversation{group: "g", key: "app", session: 7}
	if _, ok := h.of(c, now); ok {
		t.Error("nothing was held")
	}
	h.drop(c) // nothing to drop
	h.put(c, heldFor(time.Minute, now, "m"), now)
	for _, other := range []conversation{{"g", "app", 8}, {"g", "other", 7}, {"other", "app", 7}} {
		if _, ok := h.of(other, now); ok {
			t.Errorf("%+v is held as well", other)
		}
	}
	if got, ok := h.of(c, now.Add(59*time.Second)); !ok || got != heldFor(time.Minute, now, "m") {
		t.Errorf("held %v at %+v", ok, got)
	}
	h.put(c, heldFor(2*time.Minute, now, "n"), now)
	if got, ok := h.of(c, now.Add(90*time.Second)); !ok || got.target.Name != "n" || h.count != 1 {
		t.Errorf("renewed: %v, %+v, %d held", ok, got, h.count)
	}
	later := conversation{group: "g", key: "app", session: 9}
	h.put(later, heldFor(time.Hour, now, "m"), now)
	if _, ok := h.of(c, now.Add(2*time.Minute)); ok || h.count != 1 {
		t.Errorf("it is held beyond its end, %d held", h.count)
	}
	h.put(later, heldFor(0, now, "m"), now)
	if _, ok := h.of(later, now); ok || h.count != 0 || len(h.byKey) != 0 {
		t.Errorf("a hold of 0 ends it: %v, %d held", ok, h.count)
	}
}

// One key has an eighth of the room at most; what others hold stays, and of its own what ends sooner
// goes first, mostly.
func TestHoldsAreBounded(t *testing.T) {
	t.Parallel()
	var h holds
	now := time.Unix(1_700_000_000, 0)
	mine := conversation{group: "g", key: "mine", session: 1}
	h.put(mine, heldFor(time.Minute, now, "m"), now)
	for i := range 3 * maxHolds {
		h.put(conversation{group: "g", key: "greedy", session: routing.Session(i)}, heldFor(time.Hour, now, "m"), now)
	}
	if _, ok := h.of(mine, now); !ok {
		t.Error("another key drove out what this one held")
	}
	if got := len(h.byKey["greedy"]); got != maxHolds/keyShare || h.count != got+1 {
		t.Errorf("one key holds %d, all %d", got, h.count)
	}
	for k := range 40 {
		for i := range maxHolds / keyShare {
			h.put(conversation{group: "g", key: fmt.Sprint("key", k), session: routing.Session(i)}, heldFor(time.Hour, now, "m"), now)
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
	h.put(mine, heldFor(time.Minute, now, "m"), now)
	if h.count != 1 || len(h.byKey) != 1 {
		t.Errorf("%d are held afterwards", h.count)
	}
}

func TestHoldsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var h holds
	now := time.Unix(1_700_000_000, 0)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				c := conversation{group: "g", key: fmt.Sprint("key", (g+i)%3), session: routing.Session(i % 50)}
				switch i % 3 {
				case 0:
					h.put(c, heldFor(time.Duration(i%7)*time.Second, now, "m"), now)
				case 1:
					h.of(c, now.Add(time.Duration(i%9)*time.Second))
				case 2:
					h.drop(c)
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
