package shipping

import (
	"fmt"
	"sync"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func called(entries []entry) (ids []string) {
	for _, e := range entries {
		ids = append(ids, e.call.ID)
	}
	return ids
}

func TestAQueueIsBoundedAndInOrder(t *testing.T) {
	t.Parallel()
	q := newQueue(4)
	woken := func(c chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	add := func(id string) bool { return q.add(dataplane.Call{ID: id}) }
	if !add("1") || !woken(q.some) || woken(q.due) {
		t.Error("the first call wakes who waits for one, and is not due")
	}
	if !add("2") || woken(q.some) || !woken(q.due) {
		t.Error("a queue that is half full is due, and wakes nobody again")
	}
	if !add("3") || !add("4") || add("5") {
		t.Error("four have room and no more")
	}
	q.addMark(make(chan struct{}))
	if q.length() != 5 || !woken(q.some) || !woken(q.due) {
		t.Errorf("%d entries, want that a mark has room and is due", q.length())
	}
	taken := q.take()
	if got := fmt.Sprint(called(taken)); got != "[1 2 3 4 ]" || taken[4].mark == nil {
		t.Errorf("took %s, want the calls and the mark behind them", got)
	}
	if q.length() != 5 || !add("6") {
		t.Error("what is taken counts until it is given back, and leaves room")
	}
	q.give(taken)
	if q.length() != 1 || taken[0].call.ID != "" {
		t.Error("what is given back is kept")
	}
	first := q.take()
	q.give(first)
	if add("7"); fmt.Sprint(called(q.take())) != "[7]" {
		t.Error("memory is used again with what it held")
	}
	for len(first) <= keptEntries {
		first = append(first, entry{})
	}
	if q.give(first); q.spare != nil {
		t.Error("memory of a crowd is kept")
	}
	if len(q.take()) != 0 {
		t.Error("an empty queue has something")
	}
}

// Calls of many goroutines come once each, those of one in its order, and nobody sleeps beside a queue that has some.
func TestAQueueLosesNothing(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 500
	q := newQueue(writers * each)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				q.add(dataplane.Call{ID: fmt.Sprint(w), Status: i})
			}
		})
	}
	next := map[string]int{}
	for seen := 0; seen < writers*each; {
		<-q.some
		taken := q.take()
		seen += len(taken)
		for _, e := range taken {
			if e.call.Status != next[e.call.ID] {
				t.Fatalf("call %d of %s came in the place of %d", e.call.Status, e.call.ID, next[e.call.ID])
			}
			next[e.call.ID]++
		}
		q.give(taken)
	}
	all.Wait()
	if q.length() != 0 {
		t.Errorf("%d are left", q.length())
	}
}
