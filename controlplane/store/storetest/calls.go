package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// epoch is when the first made call arrives.
var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// makeCalls makes calls one millisecond apart, by chance but the same each time. Every
// third arrives in the same microsecond as the one before.
func makeCalls(n int) []*nodev1.Call {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	calls := make([]*nodev1.Call, n)
	for i := range calls {
		start := epoch.Add(time.Duration(i-i%3/2) * time.Millisecond)
		c := &nodev1.Call{
			Id: fmt.Sprintf("call-%08x-%06d", r.Uint32(), i), StartUs: start.UnixMicro(),
			Group: pick("g1", "g2", "g3"), ApiKey: pick("k1", "k2"), Outcome: pick("ok", "ok", "rate_limited", "server_error"),
			Status: []int32{200, 429, 502}[r.IntN(3)], Model: "model", Cost: r.Int64(),
			Usage: &nodev1.Usage{InputTokens: r.Int64N(1000), Source: "upstream"},
		}
		for range r.IntN(4) { // none: refused before any attempt
			c.Attempts = append(c.Attempts, &nodev1.Attempt{Provider: pick("p1", "p2", "p3", "p4"), Model: "m", Outcome: c.GetOutcome()})
		}
		if n := len(c.GetAttempts()); n > 0 {
			c.Provider = c.GetAttempts()[n-1].GetProvider()
		}
		calls[i] = c
	}
	return calls
}

func insertAll(t testing.TB, s Store, calls []*nodev1.Call) {
	t.Helper()
	stored, rejected, err := s.InsertCalls(context.Background(), "node-1", calls)
	must(t, err)
	if stored != len(calls) || len(rejected) != 0 {
		t.Fatalf("stored %d and rejected %d of %d calls", stored, len(rejected), len(calls))
	}
}

// listAll lists by pages of an odd size.
func listAll(t testing.TB, s Store, f calllog.Filter) []calllog.Call {
	t.Helper()
	var all []calllog.Call
	f.Limit = 137
	for {
		page, err := s.ListCalls(context.Background(), f)
		must(t, err)
		all = append(all, page...)
		if len(page) < f.Limit {
			return all
		}
		f.After = positionOf(page[len(page)-1])
	}
}

func positionOf(c calllog.Call) calllog.Position {
	return calllog.Position{StartUS: c.GetStartUs(), ID: c.GetId()}
}

// newestFirst is the order of a list.
func newestFirst(calls []*nodev1.Call) []*nodev1.Call {
	return slices.SortedFunc(slices.Values(calls), func(a, b *nodev1.Call) int {
		return cmp.Or(cmp.Compare(b.GetStartUs(), a.GetStartUs()), cmp.Compare(b.GetId(), a.GetId()))
	})
}

// wantCalls compares a list with calls of node-1.
func wantCalls(t testing.TB, what string, got []calllog.Call, want []*nodev1.Call) {
	t.Helper()
	expected := make([]calllog.Call, len(want))
	for i, c := range want {
		expected[i] = calllog.Call{Node: "node-1", Call: c}
	}
	wantEqual(t, what, got, expected)
}

// A search that has no time looks through a window at once, and all of them together find what a list does, each once and
// in its order.
func searchesGoOnWhereTheyEnded(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeCalls(400)
	newest := time.Time{}
	for i, c := range calls {
		c.StartUs = epoch.Add(time.Duration(i-i%3/2) * 2 * time.Second).UnixMicro()
		newest = time.UnixMicro(c.GetStartUs())
	}
	insertAll(t, s, calls)
	for name, f := range map[string]calllog.Filter{
		"all": {}, "a group": {Group: "g1"}, "two that meet": {Group: "g1", APIKey: "k2", Failed: true}, "a provider": {Provider: "p1"},
		"from": {From: epoch.Add(3 * time.Minute), Status: 429}, "nothing": {Group: "g1", Model: "none"}, "an id": {ID: calls[7].GetId()},
	} {
		f.To = newest.Add(time.Second)
		want := listAll(t, s, f)
		f.Limit = 29
		var got []calllog.Call
		ended := 0
		for more := true; more; {
			found, back, err := s.SearchCalls(t.Context(), f, 0)
			must(t, err)
			got = append(got, found...)
			switch {
			case !back.IsZero():
				ended++
				if len(found) >= f.Limit || len(found) > 0 && time.UnixMicro(found[len(found)-1].GetStartUs()).Before(back) {
					t.Fatalf("%s: %d calls, and the search ended at %s", name, len(found), back)
				}
				f.After = calllog.Position{StartUS: back.UnixMicro()}
			case len(found) == f.Limit:
				f.After = positionOf(found[len(found)-1])
			default:
				more = false
			}
		}
		wantEqual(t, name, got, want)
		if f.ID == "" && name != "all" && ended == 0 {
			t.Errorf("%s: looked at 13 minutes at once", name)
		}
		// With time it looks at all.
		f.After, f.Limit = calllog.Position{}, 1000
		found, back, err := s.SearchCalls(t.Context(), f, time.Minute)
		must(t, err)
		if wantEqual(t, name+" at once", found, want); !back.IsZero() {
			t.Errorf("%s: ended at %s", name, back)
		}
	}
}

func callComesBackAsWritten(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	full := &nodev1.Call{
		Id: "0193-id", StartUs: epoch.UnixMicro(), Endpoint: "chat", Model: "a\x00b 🗝", Group: "групa", ApiKey: "k",
		Stream: true, Outcome: "ok", Status: 200, ErrorCode: "e", Provider: "p", UpstreamModel: "u",
		FirstTokenUs: 1, DurationUs: 1 << 40, OverheadUs: 3, Cost: -1, ClientRetry: 2, KeywordAfterCommit: true, AffinityKey: "conversation", AffinityHeld: true,
		ClientRequestId: "c-1", IncomingRequestId: "i-1", TraceId: "4bf92f3577b34da6a3ce929d0e0e4736", User: "ann", Metadata: map[string]string{"team": "search", "a=b": "c=d"},
		Usage:    &nodev1.Usage{InputTokens: 1, CachedInputTokens: 2, OutputTokens: 3, Source: "upstream"},
		Attempts: []*nodev1.Attempt{{Provider: "q", Reason: "why"}, {Provider: "p", Credential: "c", MaybeBilled: true}},
	}
	insertAll(t, s, []*nodev1.Call{full, {Id: "least"}})
	got, err := s.GetCall(t.Context(), "0193-id")
	must(t, err)
	wantEqual(t, "call", got, calllog.Call{Node: "node-1", Call: full})
	wantCalls(t, "list", listAll(t, s, calllog.Filter{}), []*nodev1.Call{full, {Id: "least"}})
	_, err = s.GetCall(t.Context(), "nobody")
	wantCode(t, err, errs.NotFound)
	_, err = s.ListCalls(t.Context(), calllog.Filter{})
	wantCode(t, err, errs.InvalidArgument) // a list without limit
}

// callsAreStoredOnce has four nodes send the same calls at the same time, each cut into
// other batches, in another order, and twice.
func callsAreStoredOnce(t *testing.T, db Database) {
	const senders = 4
	calls := makeCalls(600)
	stores := make([]Store, max(1, db.Replicas))
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	var (
		wg    sync.WaitGroup
		total atomic.Int64
	)
	for i := range senders {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(i)))
			mine := slices.Concat(calls, calls)
			r.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
			for len(mine) > 0 {
				n := min(len(mine), 1+r.IntN(500))
				stored, rejected, err := stores[i%len(stores)].InsertCalls(t.Context(), "node-1", mine[:n])
				if err != nil || len(rejected) != 0 {
					t.Errorf("sender %d: %v, %d rejected", i, err, len(rejected))
					return
				}
				total.Add(int64(stored))
				mine = mine[n:]
			}
		})
	}
	wg.Wait()
	if got := total.Load(); got != int64(len(calls)) {
		t.Errorf("%d calls were reported as new, want %d", got, len(calls))
	}
	wantCalls(t, "stored calls", listAll(t, stores[0], calllog.Filter{}), newestFirst(calls))
	for _, p := range []string{"p1", "p2", "p3", "p4"} {
		want := newestFirst(withProvider(calls, p))
		wantCalls(t, "calls of "+p, listAll(t, stores[0], calllog.Filter{Provider: p}), want)
	}
}

func rejectedCallsHoldUpNobody(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeCalls(600)
	bad := map[int]string{0: "group with NUL", 255: "id with NUL", 256: "no id", 300: "id too long", 301: "provider with NUL", 599: "not UTF-8"}
	for i := range bad {
		calls[i].Attempts = nil
	}
	calls[0].Group = "g\x00"
	calls[255].Id = "id-\x00-nul"
	calls[256].Id = ""
	calls[300].Id = strings.Repeat("x", 65)
	calls[301].Attempts = []*nodev1.Attempt{{Provider: "p1"}, {Provider: "p\x00"}}
	calls[599].ErrorCode = "\xff"
	var good []*nodev1.Call
	want := map[string]bool{}
	for i, c := range calls {
		if bad[i] == "" {
			good = append(good, c)
		} else {
			want[c.GetId()] = true
		}
	}

	stored, rejected, err := s.InsertCalls(t.Context(), "node-1", calls)
	must(t, err)
	if stored != len(good) {
		t.Errorf("%d calls stored, want %d", stored, len(good))
	}
	got := map[string]bool{}
	for _, r := range rejected {
		got[r.GetId()] = true
		if r.GetReason() == "" || driverText.MatchString(r.GetReason()) {
			t.Errorf("reason %q is empty or holds what the driver said", r.GetReason())
		}
	}
	wantEqual(t, "rejected ids", got, want)
	if len(rejected) != len(bad) {
		t.Errorf("%d calls rejected, want %d", len(rejected), len(bad))
	}
	wantCalls(t, "stored calls", listAll(t, s, calllog.Filter{}), newestFirst(good))
	if n := len(listAll(t, s, calllog.Filter{Provider: "p1"})); n != len(withProvider(good, "p1")) {
		t.Errorf("%d calls of p1, want %d: a rejected call left a trace", n, len(withProvider(good, "p1")))
	}

	stored, rejected, err = s.InsertCalls(t.Context(), "node-1", calls)
	must(t, err)
	if stored != 0 || len(rejected) != len(bad) {
		t.Errorf("sent again: %d stored, %d rejected, want 0 and %d", stored, len(rejected), len(bad))
	}
	stored, rejected, err = s.InsertCalls(t.Context(), "node-1", nil)
	must(t, err)
	if stored != 0 || len(rejected) != 0 {
		t.Errorf("nothing sent: %d stored, %d rejected", stored, len(rejected))
	}
}

// callPagesAreStable reads page by page while calls arrive, newer and older ones.
func callPagesAreStable(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	all := makeCalls(900)
	there, newer := all[:600], all[600:]
	insertAll(t, s, there)
	f := calllog.Filter{Limit: 37}
	var got []calllog.Call
	for page := 0; ; page++ {
		calls, err := s.ListCalls(t.Context(), f)
		must(t, err)
		got = append(got, calls...)
		if len(calls) < f.Limit {
			break
		}
		f.After = positionOf(calls[len(calls)-1])
		if len(newer) > 10 {
			insertAll(t, s, newer[:10])
			newer = newer[10:]
		}
	}
	wantCalls(t, "all pages", got, newestFirst(there))
}

func oldCallsAreDeletedInPieces(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeCalls(500)
	insertAll(t, s, calls)
	until := epoch.Add(300 * time.Millisecond)
	kept := slices.DeleteFunc(slices.Clone(calls), func(c *nodev1.Call) bool { return c.GetStartUs() < until.UnixMicro() })
	left := len(calls) - len(kept)
	for left > 0 {
		n, err := s.DeleteCallsBefore(t.Context(), until, 70)
		must(t, err)
		if n != min(70, left) {
			t.Fatalf("%d calls deleted, want %d", n, min(70, left))
		}
		left -= n
		// The oldest go first: what is left is the newest part.
		wantCalls(t, "what is left", listAll(t, s, calllog.Filter{}), newestFirst(calls)[:len(kept)+left])
	}
	if n, err := s.DeleteCallsBefore(t.Context(), until, 70); n != 0 || err != nil {
		t.Errorf("%d more deleted (%v), want none", n, err)
	}
	for _, p := range []string{"p1", "p2", "p3", "p4"} {
		wantCalls(t, "calls of "+p, listAll(t, s, calllog.Filter{Provider: p}), newestFirst(withProvider(kept, p)))
	}
	_, err := s.DeleteCallsBefore(t.Context(), until, 0)
	wantCode(t, err, errs.InvalidArgument)
}
