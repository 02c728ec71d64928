package controlplane_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
)

func TestPriceFrom(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	for _, tc := range []struct {
		text string
		unit int64
		want string // "" is no price
	}{
		{"0.00000015", million, "0.15"}, {"1.5e-07", million, "0.15"}, {"3E-5", million, "30"}, {"0", million, "0"}, {"0.0", million, "0"},
		{"2", 1, "2"}, {"0.2000000000000001", 1, "0.2"}, {"1.23456789", 1, "1.234568"}, {"100", 1, "100"}, {"10000", 1, "10000"}, {".5", 1, "0.5"},
		{"10000.1", 1, ""}, {"0.02", million, ""}, {"-1", million, ""}, {"-0", 1, "0"}, {"1e-30", 1, ""}, {"0.0000004", 1, ""},
		{"", 1, ""}, {"x", 1, ""}, {"1/3", 1, ""}, {"0x10", 1, ""}, {"NaN", 1, ""}, {"Inf", 1, ""}, {"1e999999999", 1, ""}, {"1e-999999999", 1, ""},
		{"1e", 1, ""}, {"1_000", 1, ""}, {"11111111111111111111111111111111111111111", 1, ""}, {"1 ", 1, ""},
	} {
		got, ok := controlplane.PriceFrom(tc.text, tc.unit)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("PriceFrom(%q, %d) is %q, %t; want %q", tc.text, tc.unit, got, ok, tc.want)
		}
		if ok {
			if _, err := controlplane.ParseDecimal(got); err != nil {
				t.Errorf("PriceFrom(%q, %d) gives %q, which is no price: %v", tc.text, tc.unit, got, err)
			}
		}
	}
}
