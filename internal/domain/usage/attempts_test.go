package usage_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestAttemptsAreCounted(t *testing.T) {
	t.Parallel()
	var u usage.Attempts
	for _, a := range []*nodev1.Attempt{
		{Outcome: "ok", DurationUs: 7, FirstTokenUs: 3},
		{Outcome: "rate_limited", Blame: "credential", DurationUs: 2},
		{Outcome: "server_error", Blame: "target"}, {Outcome: "unreachable", Blame: "provider"},
		{Outcome: "bad_request", Blame: "caller"}, {Outcome: "target_busy", Blame: "gateway"}, {Outcome: "unknown"},
	} {
		u.Count(a)
	}
	if u.Attempts != 7 || u.Size() != 7 || u.OK != 1 || u.Counted != 3 || u.DurationUS != 9 || u.Latency.Total() != 7 || u.FirstToken.Total() != 1 {
		t.Errorf("%+v", u)
	}
}

// TestSubtractAttempts: what is added and taken off again leaves no trace.
func TestSubtractAttempts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	sum := func(n int) *usage.Attempts {
		s := &usage.Attempts{}
		for range n {
			s.Count(&nodev1.Attempt{
				Outcome: []string{"ok", "timeout"}[r.IntN(2)], Blame: []string{"target", "caller"}[r.IntN(2)],
				DurationUs: r.Int64N(1 << r.IntN(40)), FirstTokenUs: r.Int64N(1000) * int64(r.IntN(2)),
			})
		}
		return s
	}
	for range 200 {
		kept, gone := sum(r.IntN(20)), sum(r.IntN(20))
		both := &usage.Attempts{}
		both.Add(gone)
		both.Add(kept)
		both.Subtract(gone)
		if !both.Equal(kept) {
			t.Fatalf("%+v is left of %+v", both, kept)
		}
	}
}

func TestParsePico(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"0": 0, "1": 1e12, "0.000000000001": 1, "12.5": 125e11, "007": 7e12, "9223372.036854775807": math.MaxInt64, "999999999.999999999999": math.MaxInt64,
	} {
		if got, err := usage.ParsePico(in); got != want || err != nil {
			t.Errorf("%q is %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", ".", ".5", "5.", "-1", "+1", "1e3", " 1", "1.0000000000000", "1234567890", "1,5"} {
		if got, err := usage.ParsePico(in); err == nil {
			t.Errorf("%q is %d, want an error", in, got)
		}
	}
}
