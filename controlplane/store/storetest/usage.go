package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// makeUsage makes calls spread over about six hours, with everything that is summed up.
func makeUsage(n int) []*nodev1.Call {
	r := rand.New(rand.NewPCG(11, 12))
	calls := makeCalls(n)
	for _, c := range calls {
		c.StartUs = epoch.Add(time.Duration(r.Int64N(int64(6 * time.Hour)))).UnixMicro()
		c.UpstreamModel = []string{"", "m1", "m2"}[r.IntN(3)]
		c.DurationUs = r.Int64N(1 << r.IntN(36))
		if r.IntN(3) > 0 {
			c.FirstTokenUs = c.GetDurationUs() / 2
		}
		c.Usage.CachedInputTokens, c.Usage.OutputTokens = r.Int64N(500), r.Int64N(2000)
		for i, a := range c.GetAttempts() {
			a.Model = []string{"m1", "m2", "m3"}[r.IntN(3)]
			if i < len(c.GetAttempts())-1 {
				a.Outcome = []string{"rate_limited", "server_error", "bad_request"}[r.IntN(3)]
			}
			if a.GetOutcome() != "ok" {
				a.Blame = []string{"target", "credential", "provider", "caller", "gateway"}[r.IntN(5)]
			}
			a.DurationUs = r.Int64N(1 << r.IntN(36))
			a.FirstTokenUs = a.GetDurationUs() / int64(2+r.IntN(3)) * int64(r.IntN(2))
		}
	}
	return calls
}

// foldAll folds what is pending.
func foldAll(t testing.TB, s Store) {
	t.Helper()
	for {
		more, err := s.FoldUsage(context.Background())
		must(t, err)
		if !more {
			return
		}
	}
}

// foldingIsNotSeen: whoever asks while replicas fold gets every call once.
func foldingIsNotSeen(t *testing.T, db Database) {
	stores := make([]Store, db.Replicas)
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	calls := makeUsage(600)
	insertAll(t, stores[0], calls[:1])
	var wg sync.WaitGroup
	for i := range 150 { // more batches than two folds take
		insertAll(t, stores[0], calls[1+i*3:4+i*3])
	}
	there := calls[:451]
	for _, s := range stores {
		wg.Go(func() { foldAll(t, s) })
	}
	for range 5 {
		wantUsage(t, stores[0], usageQuery(), there)
		wantAttempts(t, stores[0], usageQuery(), there)
	}
	wg.Wait()
	foldAll(t, stores[0])
	wantUsage(t, stores[0], usageQuery(), there)
	wantAttempts(t, stores[0], usageQuery(), there)
	wantNoDrift(t, stores[0])
	if more, err := stores[0].FoldUsage(t.Context()); more || err != nil {
		t.Errorf("nothing is left to fold: %t, %v", more, err)
	}
	select {
	case <-stores[0].FoldDue():
		t.Error("a fold is due for a few calls")
	default:
	}
}

// usageQuery covers every call of makeUsage.
func usageQuery() calllog.UsageQuery {
	return calllog.UsageQuery{From: epoch, To: epoch.Add(6 * time.Hour)}
}

// wantUsage compares an answer with what a loop over the calls finds.
func wantUsage(t testing.TB, s Store, q calllog.UsageQuery, calls []*nodev1.Call) {
	t.Helper()
	type line struct {
		Bucket  int64
		Value   string
		Numbers string
	}
	show := func(bucket int64, value string, u *usage.Sum) line {
		return line{bucket, value, fmt.Sprint(u.Calls, u.OK, u.Attempts, u.Failovers, u.Saved, u.InputTokens, u.CachedInputTokens,
			u.OutputTokens, u.Cost, u.DurationUS, fmt.Sprintf("%x", u.Latency.Encode()), fmt.Sprintf("%x", u.FirstToken.Encode()))}
	}
	got, err := s.Usage(context.Background(), q)
	must(t, err)
	var lines, want []line
	for _, sum := range got {
		bucket := int64(0)
		if !sum.Bucket.IsZero() {
			bucket = sum.Bucket.UnixMicro()
		}
		lines = append(lines, show(bucket, sum.Value, &sum.Total))
	}
	width := time.Hour
	if q.Minutes {
		width = time.Minute
	}
	expected := map[line]*usage.Sum{}
	for _, c := range calls {
		at := time.UnixMicro(c.GetStartUs()).Truncate(width)
		k := usage.KeyOf(c)
		if at.Before(q.From.Truncate(width)) || !at.Before(q.To.Truncate(width)) ||
			q.Group != "" && q.Group != k.Group || q.Provider != "" && q.Provider != k.Provider || q.Model != "" && q.Model != k.Model ||
			q.Outcome != "" && q.Outcome != k.Outcome || q.APIKey != "" && q.APIKey != k.APIKey {
			continue
		}
		place := line{Value: map[calllog.UsageBy]string{
			calllog.ByGroup: k.Group, calllog.ByProvider: k.Provider, calllog.ByModel: k.Model,
			calllog.ByOutcome: k.Outcome, calllog.ByAPIKey: k.APIKey,
		}[q.By]}
		if len(q.Values) > 0 && !slices.Contains(q.Values, place.Value) {
			continue
		}
		if q.PerBucket {
			place.Bucket = bucketOf(q, at)
		}
		if expected[place] == nil {
			expected[place] = &usage.Sum{}
		}
		expected[place].Count(c)
	}
	for place, u := range expected {
		want = append(want, show(place.Bucket, place.Value, u))
	}
	for _, l := range [][]line{lines, want} {
		slices.SortFunc(l, func(a, b line) int { return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Value, b.Value)) })
	}
	wantEqual(t, fmt.Sprintf("usage of %+v", q), lines, want)
}

// bucketOf is where the sum of a minute or an hour stands in an answer.
func bucketOf(q calllog.UsageQuery, at time.Time) int64 {
	if day := at.UTC().Truncate(24 * time.Hour); q.Days && !q.Minutes &&
		!day.Before(q.From.Truncate(time.Hour)) && !day.Add(24*time.Hour).After(q.To.Truncate(time.Hour)) {
		return day.UnixMicro()
	}
	return at.UnixMicro()
}

// usageIsCountedOnce has four nodes send the same calls at the same time, cut into other
// batches, in another order, twice, and each batch with calls that the database refuses.
func usageIsCountedOnce(t *testing.T, db Database) {
	const senders = 4
	calls := makeUsage(300)
	stores := make([]Store, max(1, db.Replicas))
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(13, uint64(i)))
			mine := slices.Concat(calls, calls)
			r.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
			for len(mine) > 0 {
				n := min(len(mine), 1+r.IntN(150))
				poison := []*nodev1.Call{
					{Id: "", StartUs: epoch.UnixMicro(), Cost: 1},
					{Id: strings.Repeat("x", 65), StartUs: epoch.UnixMicro(), Cost: 1},
				}
				batch := slices.Concat(mine[:n/2], poison, mine[n/2:n])
				_, rejected, err := stores[i%len(stores)].InsertCalls(t.Context(), fmt.Sprintf("node-%d", i), batch)
				if err != nil || len(rejected) != len(poison) {
					t.Errorf("sender %d: %v, %d rejected, want %d", i, err, len(rejected), len(poison))
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
	wantAttempts(t, stores[0], perMinute, calls)
	wantAttempts(t, stores[0], calllog.UsageQuery{From: epoch, To: epoch.Add(6 * time.Hour), By: calllog.ByProvider, ThenBy: calllog.ByOutcome}, calls)
	wantNoDrift(t, stores[0])
}

// usageQueries compares answers with what a loop over the calls finds, for questions by chance.
func usageQueries(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeUsage(600)
	insertAll(t, s, calls[:300])
	foldAll(t, s)
	insertAll(t, s, calls[300:])
	r := rand.New(rand.NewPCG(17, 18))
	maybe := func(of ...string) string {
		if r.IntN(3) > 0 {
			return ""
		}
		return of[r.IntN(len(of))]
	}
	dimensions := []calllog.UsageBy{
		calllog.ByNothing, calllog.ByGroup, calllog.ByProvider, calllog.ByModel, calllog.ByOutcome, calllog.ByAPIKey,
	}
	for i := range 100 {
		if i == 70 {
			foldAll(t, s)
		}
		q := calllog.UsageQuery{
			From:  epoch.Add(time.Duration(r.Int64N(int64(3 * time.Hour)))),
			To:    epoch.Add(time.Duration(r.Int64N(int64(7 * time.Hour)))),
			Group: maybe("g1", "g2", "nobody"), Provider: maybe("p1", "p2"), Model: maybe("m1", "m2"), Outcome: maybe("ok", "rate_limited"),
			By: dimensions[r.IntN(len(dimensions))], PerBucket: r.IntN(2) == 0,
		}
		if q.By != calllog.ByAPIKey && r.IntN(2) == 0 {
			q.Minutes = true
		} else {
			q.APIKey = maybe("k1", "nobody")
		}
		if q.By != calllog.ByNothing && r.IntN(3) == 0 {
			q.Values = []string{"", "g1", "p2", "m1", "ok", "k1", "nobody"}[r.IntN(4):]
		}
		wantUsage(t, s, q, calls)
	}
	long := usageQuery()
	long.From, long.To = epoch.AddDate(-1, 0, 0), epoch.AddDate(1, 0, 0) // several statements
	for range 2 {
		wantUsage(t, s, long, calls)
		long.PerBucket, long.Days = true, true
		wantUsage(t, s, long, calls)
		long.By, long.Values = calllog.ByProvider, []string{"p1", "p2"}
		wantUsage(t, s, long, calls)
		long.By, long.Values, long.Days = calllog.ByNothing, nil, false
		foldAll(t, s)
	}
	for _, q := range []calllog.UsageQuery{{By: "node"}, {By: calllog.ByAPIKey, Minutes: true}, {APIKey: "k1", Minutes: true}} {
		_, err := s.Usage(t.Context(), q)
		wantCode(t, err, errs.InvalidArgument)
	}
}

// usageSurvivesAbsurdCalls: what one broken node reports neither overflows a sum nor
// keeps others' calls from being stored.
func usageSurvivesAbsurdCalls(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := make([]*nodev1.Call, 40)
	for i := range calls {
		calls[i] = &nodev1.Call{
			Id: fmt.Sprintf("absurd-%02d", i), StartUs: epoch.UnixMicro(), Outcome: "ok", Status: math.MaxInt32,
			Provider: "p", UpstreamModel: "nul \x00 and long " + strings.Repeat("é", 300),
			Cost: math.MaxInt64, DurationUs: math.MaxInt64, FirstTokenUs: math.MaxInt64,
			Usage:    &nodev1.Usage{InputTokens: math.MaxInt64, CachedInputTokens: math.MinInt64, OutputTokens: math.MaxInt64},
			Attempts: []*nodev1.Attempt{{Provider: "p", Model: "nul \x00 and long " + strings.Repeat("é", 300), DurationUs: math.MaxInt64, FirstTokenUs: math.MinInt64}},
		}
	}
	insertAll(t, s, calls[:20])
	foldAll(t, s)
	insertAll(t, s, calls[20:])
	wantUsage(t, s, usageQuery(), calls)
	foldAll(t, s)
	wantUsage(t, s, usageQuery(), calls)
	wantAttempts(t, s, usageQuery(), calls)
	wantNoDrift(t, s)
	got, err := s.Usage(t.Context(), usageQuery())
	must(t, err)
	// 40 times 9223372.036854775807 USD is more than an int64 of pico-USD.
	if len(got) != 1 || got[0].Total.Cost.String() != "368934881.47419103228" {
		t.Errorf("sums %+v", got)
	}
}
