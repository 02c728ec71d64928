package controlplane_test

import (
	"math/big"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
)

func TestParseDecimalIsExact(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want int64
	}{
		{"0", 0},
		{"0.15", 150_000},
		{"0.075", 75_000},
		{"0.000001", 1},
		{"0.100000", 100_000},
		{"1", 1_000_000},
		{"007.5", 7_500_000},
		{"2.5", 2_500_000},
		{"999999999.999999", 999_999_999_999_999},
		// 0.29 and 1.1 are not exact as floating-point numbers.
		{"0.29", 290_000},
		{"1.1", 1_100_000},
	}
	for _, tt := range tests {
		got, err := controlplane.ParseDecimal(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("ParseDecimal(%q) = %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", ".", ".5", "5.", "-1", "+1", " 1", "1 ", "1e3", "1,5", "0x1", "1.0000001", "1234567890",
		"٣", "1_000", "NaN", "1.2.3", "1.-2",
	} {
		if got, err := controlplane.ParseDecimal(in); err == nil {
			t.Errorf("ParseDecimal(%q) = %d, want an error", in, got)
		}
	}
}

// The bound that MaxTokenPrice and MaxCallPrice promise.
func TestTheLargestPricesDoNotOverflow(t *testing.T) {
	t.Parallel()
	const tokens = 100_000_000
	cost := new(big.Int).Mul(big.NewInt(controlplane.MaxTokenPrice), big.NewInt(2*tokens))
	cost.Add(cost, new(big.Int).Mul(big.NewInt(controlplane.MaxCallPrice), big.NewInt(1_000_000)))
	if !cost.IsInt64() {
		t.Errorf("a call of %d tokens in and out may cost %s pico-USD, beyond an int64", tokens, cost)
	}
}
