package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// sumUp makes the totals that a node makes of calls, in several rounds, so that there are
// several of one minute.
func sumUp(calls []*nodev1.Call, rounds int) []*nodev1.Total {
	type page struct {
		start int64
		usage.Key
	}
	var totals []*nodev1.Total
	for round := range rounds {
		sums := map[page]*usage.Sum{}
		for i, c := range calls {
			if i%rounds != round {
				continue
			}
			p := page{time.UnixMicro(c.GetStartUs()).Truncate(time.Minute).UnixMicro(), usage.KeyOf(c)}
			if sums[p] == nil {
				sums[p] = &usage.Sum{}
			}
			sums[p].Count(c)
		}
		for p, sum := range sums {
			t := usage.ToTotal(p.Key, sum)
			t.StartUs, t.WidthUs = p.start, time.Minute.Microseconds()
			totals = append(totals, t)
		}
	}
	slices.SortFunc(totals, func(a, b *nodev1.Total) int {
		return cmp.Or(cmp.Compare(a.GetStartUs(), b.GetStartUs()), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	for i, t := range totals {
		t.Id = fmt.Sprintf("0193f000-0000-7000-8000-%012d", i)
	}
	return totals
}

// totalsAreAddedOnce has four nodes send totals of some calls, and the other calls, at the
// same time, cut into other batches, in another order, twice, and with totals that no
// database takes. Usage then is that of all calls.
func totalsAreAddedOnce(t *testing.T, db Database) {
	calls := makeUsage(250)
	for _, c := range calls {
		c.Cost %= 1e12 // a total is refused when it is absurd
	}
	rows, totals := calls[:100], sumUp(calls[100:], 2)
	stores := make([]Store, max(1, db.Replicas))
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	gap := &nodev1.Gap{Id: "0193f000-0000-7000-8000-00000000cafe", FromUs: 1, ToUs: epoch.UnixMicro(), Calls: 150, Reason: "spool_full", Summed: true}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(19, uint64(i)))
			s, node := stores[i%len(stores)], fmt.Sprintf("node-%d", i)
			if _, _, err := s.InsertCalls(t.Context(), node, rows); err != nil {
				t.Errorf("sender %d: %v", i, err)
			}
			mine := slices.Concat(totals, totals)
			r.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
			for len(mine) > 0 {
				n := min(len(mine), 1+r.IntN(150))
				poison := []*nodev1.Total{
					{Id: "", StartUs: epoch.UnixMicro(), Calls: 1, Latency: []byte{1, 0, 1}},
					{Id: strings.Repeat("x", 65), StartUs: epoch.UnixMicro(), Calls: 1, Latency: []byte{1, 0, 1}},
					{Id: "no-sum", StartUs: epoch.UnixMicro(), Calls: -1},
				}
				rejected, err := s.InsertTotals(t.Context(), node, slices.Concat(mine[:n/2], poison, mine[n/2:n]), []*nodev1.Gap{gap, {Id: ""}})
				if err != nil || len(rejected) != len(poison)+1 {
					t.Errorf("sender %d: %v, %d rejected, want %d", i, err, len(rejected), len(poison)+1)
					return
				}
				mine = mine[n:]
			}
		})
	}
	wg.Wait()
	for _, by := range []calllog.UsageBy{calllog.ByNothing, calllog.ByGroup, calllog.ByAPIKey} {
		q := usageQuery()
		q.By = by
		wantUsage(t, stores[0], q, calls)
	}
	perMinute := usageQuery()
	perMinute.Minutes, perMinute.PerBucket = true, true
	wantUsage(t, stores[0], perMinute, calls)
	wantNoDrift(t, stores[0])
	gaps, err := stores[0].ListGaps(t.Context(), calllog.GapFilter{Limit: 10})
	must(t, err)
	if len(gaps) != 1 {
		t.Errorf("%d gaps, want one", len(gaps))
	}

	// Totals go as calls do; verifying then says that they are missing.
	for {
		more, err := stores[0].DeleteTotalsBefore(t.Context(), epoch.Add(time.Hour), 50)
		must(t, err)
		if !more {
			break
		}
	}
	drifts, err := stores[0].VerifyUsage(t.Context(), epoch)
	must(t, err)
	if len(drifts) == 0 {
		t.Error("the totals of the first hour were deleted, but verifying misses nothing")
	}
	drifts, err = stores[0].VerifyUsage(t.Context(), epoch.Add(2*time.Hour))
	must(t, err)
	if len(drifts) != 0 {
		t.Errorf("totals of the third hour are missing: %+v", drifts[0])
	}
}

func gapsAreListed(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	gaps := make([]*nodev1.Gap, 50)
	for i := range gaps {
		at := epoch.Add(time.Duration(i/3) * time.Second).UnixMicro() // several end at the same time
		gaps[i] = &nodev1.Gap{Id: fmt.Sprintf("gap-%02d", i), FromUs: at - 5, ToUs: at, Calls: int64(i + 1), Reason: "queue_full", Summed: i%2 == 0}
	}
	for i, node := range []string{"a", "b"} {
		_, err := s.InsertTotals(t.Context(), node, nil, gaps[i*30:min(50, i*30+30)])
		must(t, err)
	}
	_, err := s.InsertTotals(t.Context(), "a", nil, gaps[:7]) // once more
	must(t, err)
	list := func(f calllog.GapFilter) (ids []string) {
		f.Limit = 7
		for {
			page, err := s.ListGaps(t.Context(), f)
			must(t, err)
			for _, g := range page {
				ids = append(ids, g.Node+" "+g.GetId())
			}
			if len(page) < f.Limit {
				return ids
			}
			last := page[len(page)-1]
			f.After = calllog.Position{StartUS: last.GetToUs(), ID: last.GetId()}
		}
	}
	want := func(from, to int, node string) (ids []string) {
		for i := to - 1; i >= from; i-- {
			if of := []string{"a", "b"}[i/30]; node == "" || of == node {
				ids = append(ids, of+" "+gaps[i].GetId())
			}
		}
		return ids
	}
	wantEqual(t, "all gaps", list(calllog.GapFilter{}), want(0, 50, ""))
	wantEqual(t, "gaps of a node", list(calllog.GapFilter{Node: "b"}), want(0, 50, "b"))
	wantEqual(t, "gaps of a time", list(calllog.GapFilter{From: epoch.Add(3 * time.Second), To: epoch.Add(5 * time.Second)}), want(9, 15, ""))
	one, err := s.ListGaps(t.Context(), calllog.GapFilter{Limit: 1})
	must(t, err)
	wantEqual(t, "the newest gap", one, []calllog.Gap{{Node: "b", Gap: gaps[49]}})
	_, err = s.ListGaps(t.Context(), calllog.GapFilter{})
	wantCode(t, err, errs.InvalidArgument)
}

// refusedRecordsAreKept puts aside what no database takes as it is.
func refusedRecordsAreKept(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	long := strings.Repeat("é", 100)
	records := []calllog.Refused{
		{ID: "plain", Kind: calllog.RefusedCall, Node: "n", At: epoch, Reason: "why", Record: []byte("\x00\xff")},
		{ID: "", Kind: calllog.RefusedTotal, Node: "n\x00\xff", At: epoch.Add(time.Second), Reason: "NUL \x00 and \xff", Record: []byte("a")},
		{ID: long, Kind: calllog.RefusedGap, Node: "n", At: epoch.Add(2 * time.Second), Reason: "too long"},
		{ID: "nul-\x00", Kind: calllog.RefusedCall, Node: "n", At: epoch.Add(3 * time.Second), Record: []byte("b")},
	}
	must(t, s.PutAside(t.Context(), records))
	must(t, s.PutAside(t.Context(), slices.Concat(records, records))) // sent again
	must(t, s.PutAside(t.Context(), nil))
	var got []calllog.Refused
	var after calllog.Position
	for {
		page, err := s.ListRefused(t.Context(), after, 3)
		must(t, err)
		got = append(got, page...)
		if len(page) < 3 {
			break
		}
		after = calllog.Position{StartUS: page[2].At.UnixMicro(), ID: page[2].ID}
	}
	if len(got) != len(records) {
		t.Fatalf("%d records are kept, want %d: %+v", len(got), len(records), got)
	}
	for i, r := range got {
		in := records[len(records)-1-i]
		if r.Kind != in.Kind || !r.At.Equal(in.At) || string(r.Record) != string(in.Record) || r.ID == "" || !utf8.ValidString(r.ID+r.Node+r.Reason) || strings.Contains(r.ID+r.Node+r.Reason, "\x00") {
			t.Errorf("kept %+v of %+v", r, in)
		}
	}
	wantEqual(t, "a record that is fine", got[3], records[0])
	more, err := s.DeleteTotalsBefore(t.Context(), epoch.Add(2*time.Second), 1)
	must(t, err)
	if !more {
		t.Error("there was more to delete")
	}
	_, err = s.DeleteTotalsBefore(t.Context(), epoch.Add(2*time.Second), 10)
	must(t, err)
	got, err = s.ListRefused(t.Context(), calllog.Position{}, 10)
	must(t, err)
	if len(got) != 2 {
		t.Errorf("%d records are left, want 2", len(got))
	}
	_, err = s.ListRefused(t.Context(), calllog.Position{}, 0)
	wantCode(t, err, errs.InvalidArgument)
	_, err = s.DeleteTotalsBefore(t.Context(), epoch, 0)
	wantCode(t, err, errs.InvalidArgument)
}
