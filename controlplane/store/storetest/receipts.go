package storetest

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// receiptsTellThatItWentBack: each batch counts, and a node that has seen a higher count than the
// database has shows the gap, once and for good.
func receiptsTellThatItWentBack(t *testing.T, db Database) {
	s := db.Open(t, func() time.Time { return epoch })
	receipt := func(node string, newest *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap) {
		t.Helper()
		r, gap, err := s.Receipt(t.Context(), node, newest)
		must(t, err)
		return r, gap
	}
	if r, gap := receipt("a", nil); r != nil || gap != nil {
		t.Errorf("before anything: %v, %v", r, gap)
	}
	calls := makeUsage(2)
	for range 3 { // what is sent again counts again: it was asked for again
		_, _, err := s.InsertCalls(t.Context(), "a", calls)
		must(t, err)
	}
	_, err := s.InsertTotals(t.Context(), "a", nil, []*nodev1.Gap{{Id: "gap-00", FromUs: 1, ToUs: 2, Calls: 1, Reason: "queue_full"}})
	must(t, err)
	r, gap := receipt("a", &nodev1.Receipt{Number: 4, StoredUs: epoch.UnixMicro()})
	if r.GetNumber() != 4 || r.GetStoredUs() != epoch.UnixMicro() || gap != nil {
		t.Errorf("after four batches: %v, %v", r, gap)
	}
	for _, tt := range []struct {
		node     string
		from, to int64
	}{
		{"a", epoch.UnixMicro(), epoch.UnixMicro() + 60e6}, // of its own last batch
		{"b", epoch.UnixMicro(), epoch.UnixMicro() + 90e6}, // of the last of any node
	} {
		newest := &nodev1.Receipt{Number: 9, StoredUs: tt.to}
		r, gap := receipt(tt.node, newest)
		want := &nodev1.Gap{Id: gap.GetId(), FromUs: min(tt.from, tt.to), ToUs: tt.to, Reason: calllog.GapDatabaseRestored}
		if tt.node == "b" {
			want.FromUs = epoch.UnixMicro() + 60e6 // what node a said
		}
		if !proto.Equal(r, newest) || !proto.Equal(gap, want) || gap.GetId() == "" {
			t.Errorf("node %s: %v, %v; want %v", tt.node, r, gap, want)
		}
		if _, gap := receipt(tt.node, newest); gap != nil {
			t.Errorf("node %s: told again: %v", tt.node, gap)
		}
	}
	gaps, err := s.ListGaps(t.Context(), calllog.GapFilter{Limit: 10})
	must(t, err)
	if len(gaps) != 3 || gaps[0].Node != "b" || !gaps[0].CallsUnknown() || gaps[1].Node != "a" || gaps[2].CallsUnknown() {
		t.Errorf("gaps %v", gaps)
	}
	_, _, err = s.InsertCalls(t.Context(), "a", calls)
	must(t, err)
	if r, _ := receipt("a", nil); r.GetNumber() != 10 {
		t.Errorf("the count goes on with %v, want 10", r)
	}
}

// theHistoryTellsPastsApart: the same revision of two databases has the same history only when
// all that led to it is the same.
func theHistoryTellsPastsApart(t *testing.T, db Database) {
	s := db.Open(t, func() time.Time { return epoch })
	base, err := s.Load(t.Context())
	must(t, err)
	seen := map[string]bool{}
	for i, word := range []string{"a", "b", "a"} {
		spec := &adminv1.FailureKeyword{Name: "k", Keyword: word}
		base, err = s.Update(t.Context(), "test", base, func(*controlplane.Config) ([]controlplane.Op, error) {
			return []controlplane.Op{{Kind: controlplane.KindFailureKeyword, Name: "k", Spec: spec}}, nil
		})
		must(t, err)
		hash, err := s.History(t.Context(), base.Revision)
		must(t, err)
		if len(hash) != 32 || seen[string(hash)] {
			t.Errorf("revision %d: history %x", i+1, hash)
		}
		seen[string(hash)] = true
	}
	if _, err := s.Adopt(t.Context(), "test", nil); err != nil {
		t.Fatal(err)
	}
	if hash, err := s.History(t.Context(), base.Revision+1); err != nil || len(hash) != 32 {
		t.Errorf("after an adoption: %x, %v", hash, err)
	}
	if hash, err := s.History(t.Context(), 99); err != nil || len(hash) != 0 {
		t.Errorf("of a revision that is not there: %x, %v", hash, err)
	}
}

// theChangeLogKnowsNames: of what is there and of what was, by kind.
func theChangeLogKnowsNames(t *testing.T, db Database) {
	s := db.Open(t, func() time.Time { return epoch })
	base, err := s.Load(t.Context())
	must(t, err)
	for _, ops := range [][]controlplane.Op{
		{{Kind: controlplane.KindFailureKeyword, Name: "kept", Spec: &adminv1.FailureKeyword{Name: "kept", Keyword: "x"}},
			{Kind: controlplane.KindFailureKeyword, Name: "gone", Spec: &adminv1.FailureKeyword{Name: "gone", Keyword: "y"}}},
		{{Kind: controlplane.KindFailureKeyword, Name: "gone"}},
	} {
		base, err = s.Update(t.Context(), "test", base, func(*controlplane.Config) ([]controlplane.Op, error) { return ops, nil })
		must(t, err)
	}
	names := append(numbered("never-%d", 1200), "gone", "kept")
	known, err := s.Existed(t.Context(), controlplane.KindFailureKeyword, names)
	must(t, err)
	slices.Sort(known)
	if !slices.Equal(known, []string{"gone", "kept"}) {
		t.Errorf("known: %q", known)
	}
	if known, err = s.Existed(t.Context(), controlplane.KindGroup, names); err != nil || len(known) != 0 {
		t.Errorf("of another kind: %q, %v", known, err)
	}
}
