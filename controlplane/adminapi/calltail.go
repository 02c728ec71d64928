package adminapi

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	// maxTails is how many streams may follow calls at once: each asks the database every second.
	maxTails = 32
	// tailInterval is the time between two looks at what was stored.
	tailInterval = time.Second
	// tailOverlap is how far a look goes back before the one before it: replicas' clocks
	// differ, and a transaction that began earlier may commit later.
	tailOverlap = 5 * time.Second
	// tailCalls is how many calls one look shows; those before them are counted only.
	tailCalls = 500
)

// TailCalls sends calls as they are stored, by whatever replica: it asks the database, so
// that nothing waits for a reader and no replica needs to know of another's.
func (s callService) TailCalls(ctx context.Context, req *adminv1.TailCallsRequest, stream adminv1connect.CallServiceTailCallsServerStream) error {
	f := req.GetFilter()
	if f.GetId() != "" || f.GetStartTime() != nil || f.GetEndTime() != nil {
		return errs.Invalid(errs.Violation{Field: "filter", Description: "must not have an id or times: what is followed is still to come"})
	}
	filter, err := s.filter(ctx, f)
	if err != nil {
		return err
	}
	select {
	case s.tails <- struct{}{}:
		defer func() { <-s.tails }()
	default:
		return errs.Newf(errs.ResourceExhausted, "%d clients already follow calls on this replica", maxTails)
	}
	if err := stream.SendHeaders(); err != nil {
		return err
	}
	t := tail{calls: s.calls, filter: filter, since: s.now(), seen: map[string]bool{}}
	look := time.NewTicker(tailInterval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.ended:
			return nil
		case <-look.C:
		}
		calls, skipped, err := t.next(ctx, s.now())
		if err != nil {
			return err
		}
		for i, c := range calls {
			answer := &adminv1.TailCallsResponse{Call: callView(c, req.GetWithAttempts())}
			if i == 0 {
				answer.Skipped = int64(skipped)
			}
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
	}
}

// tail is where a stream stands.
type tail struct {
	calls  Calls
	filter calllog.Filter
	since  time.Time       // from when on the next look asks
	seen   map[string]bool // of those since then
}

// next returns calls that were stored since the look before, in that order, and how many
// before them it leaves out.
func (t *tail) next(ctx context.Context, now time.Time) (fresh []calllog.Call, skipped int, err error) {
	calls, skipped, err := t.calls.RecentCalls(ctx, t.filter, t.since, tailCalls+len(t.seen))
	if err != nil {
		return nil, 0, err
	}
	for _, c := range calls {
		if !t.seen[c.GetId()] {
			fresh = append(fresh, c)
		}
	}
	if over := len(fresh) - tailCalls; over > 0 {
		fresh, skipped = fresh[over:], skipped+over
	}
	if skipped > 0 {
		// What was left out must not come up again, and only the latest can.
		t.since, t.seen = now, idsOf(calls[max(len(calls)-2*tailCalls, 0):])
		return fresh, skipped, nil
	}
	t.seen = idsOf(calls)
	if back := now.Add(-tailOverlap); back.After(t.since) {
		t.since = back
	}
	return fresh, 0, nil
}

func idsOf(calls []calllog.Call) map[string]bool {
	ids := make(map[string]bool, len(calls))
	for _, c := range calls {
		ids[c.GetId()] = true
	}
	return ids
}
