package nodeapi

import (
	"context"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// clockTolerance is how far a node's clock may be from ours before its calls say so.
const clockTolerance = time.Minute

// stampClock notes on each call of a batch how far the node's clock is off, when it is. The
// call's own time stays as it is: it is part of what makes it the same call.
func stampClock(batch *nodev1.ShipCallsRequest, now time.Time) {
	ahead := int64(0)
	if wall := batch.GetWallUs(); wall != 0 {
		if off := wall - now.UnixMicro(); off > clockTolerance.Microseconds() || off < -clockTolerance.Microseconds() {
			ahead = off
		}
	}
	for _, c := range batch.GetCalls() {
		c.ClockAheadUs = ahead
	}
}

// ingest stores what a batch holds: calls, or totals and gaps.
func (s *service) ingest(ctx context.Context, batch *nodev1.ShipCallsRequest) (stored int, rejected []*nodev1.RejectedCall, err error) {
	stampClock(batch, s.registry.now())
	if len(batch.GetCalls()) > 0 {
		if stored, rejected, err = s.calls.Ingest(ctx, batch.GetNode(), batch.GetCalls()); err != nil {
			return 0, nil, err
		}
	}
	if len(batch.GetTotals()) == 0 && len(batch.GetGaps()) == 0 {
		return stored, rejected, nil
	}
	refused, err := s.calls.IngestTotals(ctx, batch.GetNode(), batch.GetTotals(), batch.GetGaps())
	if err != nil {
		return 0, nil, err
	}
	for _, g := range batch.GetGaps() {
		s.log.Warn("a node has no records of some calls", "node", batch.GetNode(), "calls", g.GetCalls(), "reason", g.GetReason(),
			"summed", g.GetSummed(), "from", time.UnixMicro(g.GetFromUs()).UTC(), "to", time.UnixMicro(g.GetToUs()).UTC())
	}
	return stored, append(rejected, refused...), nil
}
