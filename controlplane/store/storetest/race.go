package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// racingUpdatesLoseNothing counts to a thousand by many writers at once, on every
// replica, from bases of any age: each change adds one to what it finds.
func racingUpdatesLoseNothing(t *testing.T, db Database) {
	const writers = 20
	stores := make([]Store, max(1, db.Replicas))
	each := 50
	if len(stores) == 1 {
		each = 15 // who races on one store waits for one lock
	}
	total := writers * each
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	start := change(t, stores[0], load(t, stores[0]), put(provider("counter", 0)))

	var (
		wg   sync.WaitGroup
		seen sync.Map // revision -> writer
	)
	progress := make(chan struct{}, len(stores)) // wakes a follower now and then
	for w := range writers {
		wg.Go(func() {
			s, base := stores[w%len(stores)], start
			last := start.Revision
			for i := range each {
				next, err := s.Update(t.Context(), fmt.Sprintf("writer-%d", w), base, addOne(t, w, i))
				if err != nil {
					t.Errorf("writer %d, change %d: %v", w, i, err)
					return
				}
				if next.Revision <= last {
					t.Errorf("writer %d: revision %d follows on %d", w, next.Revision, last)
				}
				last = next.Revision
				if other, taken := seen.LoadOrStore(next.Revision, w); taken {
					t.Errorf("revision %d went to writers %d and %d", next.Revision, other, w)
				}
				if i%3 == 0 {
					base = next // the others go on from an old one
				}
				select {
				case progress <- struct{}{}:
				default:
				}
			}
		})
	}
	var followers sync.WaitGroup
	for _, s := range stores {
		followers.Go(func() {
			at := start
			for range progress {
				next, err := s.Follow(t.Context(), at)
				if err != nil {
					t.Errorf("follow from revision %d: %v", at.Revision, err)
					return
				}
				// One change each, so the count tells the revision.
				if got, want := getProvider(t, next, "counter").GetMaxInFlight(), int32(next.Revision-start.Revision); got != want {
					t.Errorf("the counter is %d at revision %d, want %d", got, next.Revision, want)
				}
				at = next
			}
		})
	}
	wg.Wait()
	close(progress)
	followers.Wait()
	if t.Failed() {
		return
	}

	final := load(t, stores[0])
	if got := getProvider(t, final, "counter").GetMaxInFlight(); got != int32(total) {
		t.Errorf("the counter is %d, want %d: changes were lost", got, total)
	}
	if final.Revision != start.Revision+controlplane.Revision(total) {
		t.Errorf("the last revision is %d, want %d", final.Revision, start.Revision+controlplane.Revision(total))
	}
	wantCompleteLog(t, changesOf(t, stores[0])[1:], total, writers, each)
}

// addOne counts one further, and sometimes makes a resource of the writer's own.
func addOne(t *testing.T, writer, i int) func(*controlplane.Config) ([]controlplane.Op, error) {
	return func(c *controlplane.Config) ([]controlplane.Op, error) {
		ops := []controlplane.Op{put(provider("counter", getProvider(t, c, "counter").GetMaxInFlight()+1))}
		if i%10 == 0 {
			ops = append(ops, put(provider(fmt.Sprintf("own-%d-%d", writer, i), 1)))
		}
		return ops, nil
	}
}

// wantCompleteLog checks that the log counts from one to total without a gap, and that
// every writer has all its lines.
func wantCompleteLog(t *testing.T, changes []controlplane.Change, total, writers, each int) {
	t.Helper()
	count := 0
	actors := map[string]int{}
	for _, ch := range changes {
		if ch.Name != "counter" {
			continue
		}
		count++
		actors[ch.Actor]++
		before, after := limitOf(ch.Before), limitOf(ch.After)
		if int(after) != count || before != after-1 || ch.Revision != controlplane.Revision(count+1) {
			t.Fatalf("line %d of the change log: revision %d from %d to %d", count, ch.Revision, before, after)
		}
	}
	if count != total || len(actors) != writers {
		t.Errorf("%d changes of %d writers in the log, want %d of %d", count, len(actors), total, writers)
	}
	for actor, n := range actors {
		if n != each {
			t.Errorf("%s has %d lines, want %d", actor, n, each)
		}
	}
}

func limitOf(doc any) int32 {
	if p, ok := doc.(interface{ GetMaxInFlight() int32 }); ok {
		return p.GetMaxInFlight()
	}
	return -1
}
