package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/rollout"
)

// A record is written only in the place of the one that it was decided from, whichever replica comes first, and its
// event with it.
func rolloutsAreTakenFurtherOnce(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	if got, written, err := s.Rollout(t.Context()); err != nil || written != 0 || !cmp.Equal(got, rollout.Record{}) {
		t.Fatalf("at first there is %v, written %d, %v", got, written, err)
	}
	want := rollout.Record{
		Base: 3, Stage: rollout.Watching, Target: 5, Began: clock.kept(), Reason: "why", Nodes: []string{"a", "b"}, Lost: []string{"c"},
		Start: map[string]rollout.Report{"a": {Boot: "x", Uptime: 7, Requests: 8, Failed: 9}},
		Last:  &rollout.Decision{Target: 2, Outcome: rollout.Promoted, Reason: "r", Actor: "system", At: clock.kept()},
	}
	ok, err := s.ChangeRollout(t.Context(), 0, want)
	must(t, err)
	got, written, err := s.Rollout(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" || !ok || written != 1 {
		t.Errorf("ok %t, written %d (-want +got):\n%s", ok, written, diff)
	}

	other := s
	if db.Replicas > 1 {
		other = db.Open(t, clock.now)
	}
	events := func() int {
		events, err := s.NewestEvents(t.Context(), audit.Filter{Action: "Race", Limit: 100})
		must(t, err)
		return len(events)
	}
	for round := range int64(5) {
		var wg sync.WaitGroup
		var won atomic.Int32
		for i := range 8 {
			wg.Go(func() {
				on := s
				if i%2 == 1 {
					on = other
				}
				ctx, _ := audit.Begin(context.WithoutCancel(t.Context()), audit.Event{Actor: audit.System, Action: "Race"})
				ok, err := on.ChangeRollout(ctx, 1+round, rollout.Record{Base: 9})
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 8 wrote the record in the place of the same one", won.Load())
		}
	}
	if n := events(); n != 5 {
		t.Errorf("%d events of 5 records", n)
	}
}
