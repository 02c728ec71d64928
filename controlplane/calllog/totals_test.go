package calllog_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// InsertTotals counts what comes, and refuses what it is told to.
func (m *memory) InsertTotals(_ context.Context, _ string, totals []*nodev1.Total, gaps []*nodev1.Gap) ([]*nodev1.RejectedCall, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fail(); err != nil {
		return nil, err
	}
	var rejected []*nodev1.RejectedCall
	for _, t := range totals {
		if t.GetId() == m.refuse {
			rejected = append(rejected, &nodev1.RejectedCall{Id: t.GetId(), Reason: "refused by the database"})
			continue
		}
		m.totals = append(m.totals, t)
	}
	m.gaps = append(m.gaps, gaps...)
	return rejected, nil
}

func total(n int, change ...func(*nodev1.Total)) *nodev1.Total {
	var sum usage.Sum
	sum.Count(&nodev1.Call{Outcome: "ok", DurationUs: 5, Cost: 7})
	t := usage.ToTotal(usage.Key{Group: "g", Outcome: "ok"}, &sum)
	t.Id, t.StartUs, t.WidthUs = id(n), now.Truncate(time.Minute).UnixMicro(), 60e6
	for _, f := range change {
		f(t)
	}
	return t
}

func gap(n int, change ...func(*nodev1.Gap)) *nodev1.Gap {
	g := &nodev1.Gap{Id: id(n), FromUs: now.UnixMicro() - 5, ToUs: now.UnixMicro(), Calls: 1, Reason: "spool_full", Summed: true}
	for _, f := range change {
		f(g)
	}
	return g
}

func TestTotalsAreJudged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		total *nodev1.Total
		want  string // part of the reason; empty: stored
	}{
		{"plain", total(1), ""},
		{"a day ahead", total(1, func(t *nodev1.Total) { t.StartUs += 86_400e6 }), ""},
		{"far ahead", total(1, func(t *nodev1.Total) { t.StartUs += 4 * 86_400e6 }), "clock is wrong"},
		{"no time", total(1, func(t *nodev1.Total) { t.StartUs = 0 }), "clock is wrong"},
		{"no id", total(1, func(t *nodev1.Total) { t.Id = "" }), "UUID"},
		{"no calls", total(1, func(t *nodev1.Total) { t.Calls = 0 }), "no sum"},
		{"calls below zero", total(1, func(t *nodev1.Total) { t.Calls = -1 }), "no sum"},
		{"absurdly many calls", total(1, func(t *nodev1.Total) { t.Calls = 1 << 62 }), "no sum"},
		{"cost below zero", total(1, func(t *nodev1.Total) { t.CostMicro = -1 }), "no sum"},
		{"a pico too many", total(1, func(t *nodev1.Total) { t.CostPico = 1_000_000 }), "no sum"},
		{"more failovers than calls", total(1, func(t *nodev1.Total) { t.Failovers = 2 }), "no sum"},
		{"a histogram of other calls", total(1, func(t *nodev1.Total) { t.Latency = []byte{1, 0, 9} }), "no sum"},
		{"a damaged histogram", total(1, func(t *nodev1.Total) { t.FirstToken = []byte{9} }), "no sum"},
		{"one the database refuses", total(2), "refused by the database"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := &memory{calls: map[string]*nodev1.Call{}, refuse: id(2)}
			l := newLog(t, store, &settings{}, fixed)
			rejected, err := l.IngestTotals(t.Context(), "node", []*nodev1.Total{total(3), tt.total}, []*nodev1.Gap{gap(4)})
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				if len(rejected) != 0 || len(store.totals) != 2 || len(store.aside) != 0 || l.Summed() != 2 {
					t.Errorf("rejected %v, stored %d, %d calls", rejected, len(store.totals), l.Summed())
				}
				return
			}
			if len(rejected) != 1 || !strings.Contains(rejected[0].GetReason(), tt.want) || len(store.totals) != 1 || len(store.gaps) != 1 || l.Summed() != 1 {
				t.Errorf("rejected %v, stored %d, %d calls; want %q", rejected, len(store.totals), l.Summed(), tt.want)
			}
			if len(store.aside) != 1 || store.aside[0].Kind != calllog.RefusedTotal || store.aside[0].Node != "node" || len(store.aside[0].Record) == 0 || l.Refused() != 1 {
				t.Errorf("put aside %+v", store.aside)
			}
		})
	}
}

// A page of records is read into memory, so none may be of any size: neither one that is
// stored, whose unknown fields a newer node may have meant, nor one that is put aside.
func TestHugeRecordsAreNotKept(t *testing.T) {
	t.Parallel()
	store := &memory{calls: map[string]*nodev1.Call{}}
	l := newLog(t, store, &settings{}, fixed)
	unknown := protowire.AppendBytes(protowire.AppendTag(nil, 9000, protowire.BytesType), make([]byte, 1<<20))
	small := protowire.AppendBytes(protowire.AppendTag(nil, 9000, protowire.BytesType), []byte("of a newer node"))
	padded := func(m proto.Message, with []byte) { m.ProtoReflect().SetUnknown(with) }
	huge, newer := call(1, now), call(2, now)
	padded(huge, unknown)
	padded(newer, small)
	if stored, rejected, err := l.Ingest(t.Context(), "node", []*nodev1.Call{huge, newer}); err != nil || stored != 1 || len(rejected) != 1 {
		t.Errorf("%d calls stored, rejected %v: %v", stored, rejected, err)
	}
	sum, missing := total(3), gap(4)
	padded(sum, unknown)
	padded(missing, unknown)
	rejected, err := l.IngestTotals(t.Context(), "node", []*nodev1.Total{sum}, []*nodev1.Gap{missing})
	if err != nil || len(rejected) != 2 || len(store.totals)+len(store.gaps) != 0 {
		t.Errorf("totals and gaps: rejected %v: %v", rejected, err)
	}
	if len(store.aside) != 3 {
		t.Fatalf("%d records put aside, want 3", len(store.aside))
	}
	for _, r := range store.aside {
		if len(r.Record) > 256<<10 || !strings.Contains(r.Reason, "bytes") {
			t.Errorf("of %s %d bytes are kept: %s", r.Kind, len(r.Record), r.Reason)
		}
	}
}

func TestGapsAreJudged(t *testing.T) {
	t.Parallel()
	store := &memory{calls: map[string]*nodev1.Call{}}
	l := newLog(t, store, &settings{}, fixed)
	rejected, err := l.IngestTotals(t.Context(), "node", nil, []*nodev1.Gap{
		gap(1), gap(2, func(g *nodev1.Gap) { g.ToUs = g.FromUs - 1 }), gap(3, func(g *nodev1.Gap) { g.Calls = 0 }),
		gap(4, func(g *nodev1.Gap) { g.Id = "x" }), gap(5, func(g *nodev1.Gap) { g.Reason = "a\x00b" + strings.Repeat("c", 999) }),
		gap(6, func(g *nodev1.Gap) { g.ToUs += 90 * 86_400e6 }),
	})
	if err != nil || len(rejected) != 4 || len(store.gaps) != 2 || len(store.aside) != 4 || store.aside[0].Kind != calllog.RefusedGap {
		t.Errorf("%v: rejected %v, stored %v", err, rejected, store.gaps)
	}
	if r := store.gaps[1].GetReason(); len(r) > 256 || strings.Contains(r, "\x00") {
		t.Errorf("reason %q", r)
	}
}

// Nothing is acknowledged that is neither stored nor put aside.
func TestTotalsAreNotAcknowledgedTooEarly(t *testing.T) {
	t.Parallel()
	down := errors.New("the test's database is away")
	for name, failing := range map[string]int{"while storing": 0, "while putting aside": 1} {
		store := &memory{calls: map[string]*nodev1.Call{}, err: down, failAfter: failing}
		l := newLog(t, store, &settings{}, fixed)
		if _, err := l.IngestTotals(t.Context(), "node", []*nodev1.Total{total(1), total(2, func(t *nodev1.Total) { t.Calls = 0 })}, nil); !errors.Is(err, down) {
			t.Errorf("%s: %v", name, err)
		}
		store.err, store.failAfter = down, failing
		if _, _, err := l.Ingest(t.Context(), "node", []*nodev1.Call{call(1, now), {Id: "bad"}}); !errors.Is(err, down) {
			t.Errorf("calls, %s: %v", name, err)
		}
	}
	l := newLog(t, &memory{}, &settings{}, fixed)
	if _, err := l.IngestTotals(t.Context(), "node", make([]*nodev1.Total, 501), nil); err == nil || !strings.Contains(err.Error(), "501") {
		t.Errorf("a batch that is too large: %v", err)
	} else if e, ok := errors.AsType[*errs.Error](err); !ok || e.Code != errs.InvalidArgument {
		t.Errorf("a batch that is too large: %v", err)
	}
}
