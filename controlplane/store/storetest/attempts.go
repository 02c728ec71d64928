package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// property is the value that a key of attempts has of a property.
func property(k usage.Key, by calllog.UsageBy) string {
	return map[calllog.UsageBy]string{
		calllog.ByGroup: k.Group, calllog.ByProvider: k.Provider, calllog.ByModel: k.Model, calllog.ByOutcome: k.Outcome,
	}[by]
}

// wantAttempts compares an answer with what a loop over the attempts finds.
func wantAttempts(t testing.TB, s Store, q calllog.UsageQuery, calls []*nodev1.Call) {
	t.Helper()
	type place struct {
		Bucket      int64
		Value, Part string
	}
	type line struct {
		Bucket               int64
		Value, Part, Numbers string
	}
	show := func(at place, u *usage.Attempts) line {
		return line{at.Bucket, at.Value, at.Part, fmt.Sprint(u.Attempts, u.OK, u.Counted, u.DurationUS, fmt.Sprintf("%x %x", u.Latency.Encode(), u.FirstToken.Encode()))}
	}
	got, err := s.AttemptUsage(context.Background(), q)
	must(t, err)
	lines, want := []line{}, []line{}
	for _, sum := range got {
		at := place{Value: sum.Value, Part: sum.Part}
		if !sum.Bucket.IsZero() {
			at.Bucket = sum.Bucket.UnixMicro()
		}
		lines = append(lines, show(at, &sum.Total))
	}
	width := time.Hour
	if q.Minutes {
		width = time.Minute
	}
	expected := map[place]*usage.Attempts{}
	for _, c := range calls {
		at := time.UnixMicro(c.GetStartUs()).Truncate(width)
		if at.Before(q.From.Truncate(width)) || !at.Before(q.To.Truncate(width)) {
			continue
		}
		for _, a := range c.GetAttempts() {
			k := usage.AttemptKeyOf(c, a)
			if q.Group != "" && q.Group != k.Group || q.Provider != "" && q.Provider != k.Provider || q.Model != "" && q.Model != k.Model ||
				q.Outcome != "" && q.Outcome != k.Outcome || len(q.Values) > 0 && !slices.Contains(q.Values, property(k, q.By)) {
				continue
			}
			to := place{Value: property(k, q.By), Part: property(k, q.ThenBy)}
			if q.PerBucket {
				to.Bucket = bucketOf(q, at)
			}
			if expected[to] == nil {
				expected[to] = &usage.Attempts{}
			}
			expected[to].Count(a)
		}
	}
	for to, u := range expected {
		want = append(want, show(to, u))
	}
	for _, l := range [][]line{lines, want} {
		slices.SortFunc(l, func(a, b line) int {
			return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Part, b.Part))
		})
	}
	wantEqual(t, fmt.Sprintf("attempts of %+v", q), lines, want)
}

// attemptSums is how many sums per minute and per hour the attempts of a call are in.
func attemptSums(c *nodev1.Call) int {
	together, parts := map[usage.Key]bool{}, map[string]bool{}
	for _, a := range c.GetAttempts() {
		k := usage.AttemptKeyOf(c, a)
		together[k] = true
		for _, by := range []calllog.UsageBy{
			calllog.ByNothing, calllog.ByGroup, calllog.ByProvider, calllog.ByModel,
		} {
			parts[fmt.Sprint(by, "=", property(k, by), k.Outcome)] = true
		}
	}
	return 2*len(together) + len(parts)
}

// attemptQueries compares answers with what a loop over the attempts finds, for questions by
// chance about four days; the calls are sent twice, which counts once.
func attemptQueries(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeUsage(600)
	r := rand.New(rand.NewPCG(23, 24))
	for _, c := range calls {
		c.StartUs = epoch.Add(time.Duration(r.Int64N(int64(96 * time.Hour)))).UnixMicro()
	}
	insertAll(t, s, calls[:400])
	foldAll(t, s)
	insertAll(t, s, calls[400:])
	if n, _, err := s.InsertCalls(t.Context(), "node-2", calls); n != 0 || err != nil {
		t.Fatalf("sent again: %d stored, %v", n, err)
	}
	maybe := func(of ...string) string {
		if r.IntN(3) > 0 {
			return ""
		}
		return of[r.IntN(len(of))]
	}
	dimensions := []calllog.UsageBy{
		calllog.ByNothing, calllog.ByGroup, calllog.ByProvider, calllog.ByModel, calllog.ByOutcome,
	}
	for i := range 150 {
		if i == 100 {
			foldAll(t, s)
		}
		q := calllog.UsageQuery{
			From:  epoch.Add(time.Duration(r.Int64N(int64(48 * time.Hour)))),
			To:    epoch.Add(time.Duration(r.Int64N(int64(100 * time.Hour)))),
			Group: maybe("g1", "g2", "nobody"), Provider: maybe("p1", "p2"), Model: maybe("m1", "m2"), Outcome: maybe("ok", "rate_limited"),
			By: dimensions[r.IntN(len(dimensions))], ThenBy: dimensions[max(r.IntN(10)-5, 0)], PerBucket: r.IntN(2) == 0, Days: r.IntN(2) == 0, Minutes: r.IntN(3) == 0,
		}
		if q.By != calllog.ByNothing && r.IntN(3) == 0 {
			q.Values = []string{"", "g1", "p2", "m1", "ok", "nobody"}[r.IntN(4):]
		}
		wantAttempts(t, s, q, calls)
	}
	day := epoch.Truncate(24 * time.Hour)
	for hour := range 5 * 24 {
		drifts, err := s.VerifyUsage(t.Context(), day.Add(time.Duration(hour)*time.Hour))
		must(t, err)
		for _, d := range drifts {
			t.Errorf("%s at %s, %+v: stored %d attempts, counted %d", d.Table, d.Bucket, d.Key, d.Stored.Attempts, d.Counted.Attempts)
		}
	}
	for _, q := range []calllog.UsageQuery{{By: "node"}, {ThenBy: "node"}, {By: calllog.ByAPIKey}, {ThenBy: calllog.ByAPIKey}, {APIKey: "k1"}} {
		_, err := s.AttemptUsage(t.Context(), q)
		wantCode(t, err, errs.InvalidArgument)
	}
	_, err := s.Usage(t.Context(), calllog.UsageQuery{By: calllog.ByGroup, ThenBy: calllog.ByOutcome})
	wantCode(t, err, errs.InvalidArgument)
}
