package nodeapi

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestCallsSayThatTheClockIsOff(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ ahead, want time.Duration }{
		{0, 0}, {time.Minute, 0}, {-time.Minute, 0}, {61 * time.Second, 61 * time.Second}, {-24 * time.Hour, -24 * time.Hour}, {24 * time.Hour, 24 * time.Hour},
	} {
		batch := &nodev1.ShipCallsRequest{WallUs: now.Add(tt.ahead).UnixMicro(), Calls: []*nodev1.Call{{ClockAheadUs: 5}, {}}}
		stampClock(batch, now)
		for _, c := range batch.GetCalls() {
			if got := time.Duration(c.GetClockAheadUs()) * time.Microsecond; got != tt.want {
				t.Errorf("a clock %s ahead: calls say %s", tt.ahead, got)
			}
		}
	}
	batch := &nodev1.ShipCallsRequest{Calls: []*nodev1.Call{{ClockAheadUs: 5}}} // a node that does not tell
	if stampClock(batch, now); batch.GetCalls()[0].GetClockAheadUs() != 0 {
		t.Error("a node can say itself that its clock is off")
	}
}

// store is where a batch goes; it notes what came.
type store struct {
	Calls
	calls, totals, gaps int
	err                 error
}

func (s *store) Ingest(_ context.Context, _ string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	s.calls += len(calls)
	return len(calls), nil, s.err
}

func (s *store) IngestTotals(_ context.Context, _ string, totals []*nodev1.Total, gaps []*nodev1.Gap) ([]*nodev1.RejectedCall, error) {
	s.totals, s.gaps = s.totals+len(totals), s.gaps+len(gaps)
	return []*nodev1.RejectedCall{{Id: "bad"}}, s.err
}

func TestBatchGoesWhereItBelongs(t *testing.T) {
	t.Parallel()
	to := &store{}
	s := &service{calls: to, registry: newRegistry(time.Now), log: slog.New(slog.DiscardHandler)}
	stored, rejected, err := s.ingest(t.Context(), &nodev1.ShipCallsRequest{Node: "n", Calls: []*nodev1.Call{{}, {}, {}}})
	if err != nil || stored != 3 || len(rejected) != 0 || *to != (store{calls: 3}) {
		t.Errorf("calls: %d stored, %v, %v, %+v", stored, rejected, err, to)
	}
	stored, rejected, err = s.ingest(t.Context(), &nodev1.ShipCallsRequest{Node: "n", Totals: []*nodev1.Total{{}, {}}, Gaps: []*nodev1.Gap{{Calls: 1}}})
	if err != nil || stored != 0 || len(rejected) != 1 || to.totals != 2 || to.gaps != 1 {
		t.Errorf("totals: %d stored, %v, %v, %+v", stored, rejected, err, to)
	}
	to.err = errs.Newf(errs.Unavailable, "the test's database is away")
	for _, batch := range []*nodev1.ShipCallsRequest{{Calls: []*nodev1.Call{{}}}, {Totals: []*nodev1.Total{{}}}} {
		if _, _, err := s.ingest(t.Context(), batch); err == nil {
			t.Error("a failure was acknowledged")
		}
	}
}

func (*store) Receipt(context.Context, string, *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	return nil, nil, nil
}
