package usage_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestCost(t *testing.T) {
	t.Parallel()
	for pico, want := range map[int64]string{
		0: "0", 1: "0.000000000001", -1: "-0.000000000001", 150_000_000: "0.00015", 1e12: "1", -1e12: "-1", -1_500_000_000_000: "-1.5",
		999_999_999_999: "0.999999999999", -1_000_000: "-0.000001", math.MaxInt64: "9223372.036854775807", math.MinInt64: "-9223372.036854775808",
	} {
		if got := usage.CostOfPico(pico).String(); got != want {
			t.Errorf("%d pico-USD are %q, want %q", pico, got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var sum usage.Cost
	exact := new(big.Int)
	for range 10_000 {
		pico := r.Int64() - r.Int64()
		sum = sum.Plus(usage.CostOfPico(pico))
		exact.Add(exact, big.NewInt(pico))
		got := new(big.Int).Add(new(big.Int).Mul(big.NewInt(sum.Micro), big.NewInt(1_000_000)), big.NewInt(sum.Pico))
		if got.Cmp(exact) != 0 || sum.Pico < 0 || sum.Pico > 999_999 {
			t.Fatalf("sum is %+v, want %s pico-USD", sum, exact)
		}
	}
}

// TestQuantiles compares with the sorted durations, from microseconds to days.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 3, 10, 1000, 20_000} {
		for range 20 {
			scale := math.Pow(10, 1+9*r.Float64())
			var h usage.Histogram
			all := make([]int64, n)
			for i := range all {
				all[i] = int64(scale * math.Exp(r.NormFloat64()))
				h.Count(all[i])
			}
			slices.Sort(all)
			for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
				exact := float64(all[min(int(q*float64(n)), n-1)])
				got := float64(h.Quantile(q))
				if math.Abs(got-exact) > max(0.063*exact, 1) {
					t.Errorf("%d durations around %.0f µs: quantile %.2f is %.0f, want %.0f within 6.3 %%", n, scale, q, got, exact)
				}
			}
			if h.Total() != int64(n) {
				t.Errorf("%d durations counted, want %d", h.Total(), n)
			}
		}
	}
	var h usage.Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
	for _, us := range []int64{math.MinInt64, -1, 0, 1 << 42, math.MaxInt64} {
		h.Count(us)
	}
	if h.Total() != 5 || h.Quantile(0) != 0 || h.Quantile(1) < 1<<41 {
		t.Errorf("beyond both ends: %d, %d, %d", h.Total(), h.Quantile(0), h.Quantile(1))
	}
}

func TestHistogramsAddUpInEveryForm(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	var all, added, decoded usage.Histogram
	var row []byte
	for range 50 {
		var part usage.Histogram
		for range r.IntN(20) {
			us := r.Int64N(1 << (1 + r.IntN(45)))
			part.Count(us)
			all.Count(us)
		}
		added.Add(part)
		row = append(row, part.Encode()...)
	}
	if err := decoded.AddEncoded(row); err != nil {
		t.Fatal(err)
	}
	if !added.Equal(all) || !decoded.Equal(all) {
		t.Errorf("counted %d, added %d, decoded %d", all.Total(), added.Total(), decoded.Total())
	}
	for _, damaged := range [][]byte{{1}, {1, 0x80}, {0xff, 0xff, 0xff, 0x7f}, {1, 0xff, 0xff, 0x7f, 1}, {2, 1, 1}, row[:len(row)-1]} {
		var h usage.Histogram
		if err := h.AddEncoded(damaged); err == nil {
			t.Errorf("%x was taken", damaged[:min(len(damaged), 8)])
		}
	}
}

func FuzzHistogram(f *testing.F) {
	f.Add([]byte{1, 3, 2})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h, again usage.Histogram
		if h.AddEncoded(raw) != nil {
			return
		}
		if err := again.AddEncoded(h.Encode()); err != nil || again.Total() != h.Total() {
			t.Errorf("%x comes back with %d, want %d: %v", raw, again.Total(), h.Total(), err)
		}
	})
}

func TestUsageCountsACall(t *testing.T) {
	t.Parallel()
	var u, sum usage.Sum
	u.Count(&nodev1.Call{
		Outcome: "ok", Attempts: []*nodev1.Attempt{{}, {}, {}}, Cost: 7, DurationUs: 100, FirstTokenUs: 50,
		Usage: &nodev1.Usage{InputTokens: 5, CachedInputTokens: 3, OutputTokens: 2},
	})
	u.Count(&nodev1.Call{Outcome: "rate_limited", Attempts: []*nodev1.Attempt{{}, {}}})
	u.Count(&nodev1.Call{Outcome: "no_candidate"})
	u.Count(&nodev1.Call{Outcome: "ok", Attempts: []*nodev1.Attempt{{}}})
	sum.Add(&u)
	sum.Add(&u)
	for _, tt := range []struct {
		name string
		u    usage.Sum
		n    int64
	}{{"counted", u, 1}, {"added", sum, 2}} {
		got := []int64{tt.u.Calls, tt.u.OK, tt.u.Attempts, tt.u.Failovers, tt.u.Saved, tt.u.InputTokens, tt.u.CachedInputTokens, tt.u.OutputTokens, tt.u.Cost.Pico, tt.u.DurationUS, tt.u.Latency.Total(), tt.u.FirstToken.Total()}
		want := []int64{4, 2, 6, 2, 1, 5, 3, 2, 7, 100, 4, 1}
		for i := range want {
			want[i] *= tt.n
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", tt.name, got, want)
		}
	}
}

// BenchmarkAddEncoded reads what a question about a month reads: some hundred thousand
// histograms in one piece.
func BenchmarkAddEncoded(b *testing.B) {
	var one usage.Histogram
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		one.Count(int64(500_000 * math.Exp(r.NormFloat64())))
	}
	var row []byte
	for range 100_000 {
		row = append(row, one.Encode()...)
	}
	b.SetBytes(int64(len(row)))
	for b.Loop() {
		var h usage.Histogram
		if err := h.AddEncoded(row); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCostOfPico(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   int64
		want string
	}{
		{0, "0"},
		{1, "0.000000000001"},
		{150_000_000, "0.00015"},
		{1_000_000_000_000, "1"},
		{1_500_000_000_000, "1.5"},
		{10_000_000_000_000, "10"},
		{-150_000_000, "-0.00015"},
		{-1_000_000_000_000, "-1"},
		{math.MaxInt64, "9223372.036854775807"},
		{math.MinInt64, "-9223372.036854775808"},
	}
	for _, tt := range tests {
		if got := usage.CostOfPico(tt.in).String(); got != tt.want {
			t.Errorf("CostOfPico(%d) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzCostOfPicoLosesNothing(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 150_000_000, math.MaxInt64, math.MinInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		r, ok := new(big.Rat).SetString(usage.CostOfPico(n).String())
		if !ok {
			t.Fatalf("CostOfPico(%d) = %q is no number", n, usage.CostOfPico(n).String())
		}
		r.Mul(r, big.NewRat(1_000_000_000_000, 1))
		if !r.IsInt() || r.Num().Int64() != n {
			t.Fatalf("CostOfPico(%d) = %q means %s", n, usage.CostOfPico(n).String(), r)
		}
	})
}
