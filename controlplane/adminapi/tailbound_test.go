package adminapi

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// flood is a log to which more is added all the time than anybody can follow.
type flood struct {
	Calls
	most, next int
}

func (f *flood) RecentCalls(_ context.Context, _ calllog.Filter, _ time.Time, limit int) (calls []calllog.Call, skipped int, err error) {
	f.most = max(f.most, limit)
	for range limit {
		f.next++
		calls = append(calls, calllog.Call{Call: &nodev1.Call{Id: fmt.Sprint(f.next)}})
	}
	return calls, 100_000, nil
}

func TestAFloodIsFollowedWithinBounds(t *testing.T) {
	t.Parallel()
	f := &flood{}
	now := time.Unix(0, 0)
	follow := tail{calls: f, since: now, seen: map[string]bool{}}
	for range 100 {
		now = now.Add(tailInterval)
		calls, skipped, err := follow.next(t.Context(), now)
		if err != nil || len(calls) != tailCalls || skipped < 100_000 {
			t.Fatalf("%d calls, %d skipped: %v", len(calls), skipped, err)
		}
	}
	if f.most > 3*tailCalls || len(follow.seen) > 2*tailCalls {
		t.Errorf("one look asked for %d calls, and %d are remembered", f.most, len(follow.seen))
	}
}
