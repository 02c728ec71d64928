package controlplane

import (
	"errors"
	"strconv"
	"strings"
)

// The largest prices, in micro-USD. A call that reads and writes 100 million tokens each
// at the highest price still costs less than an int64 of pico-USD holds.
const (
	MaxTokenPrice int64 = 10_000_000_000    // 10,000 USD per million tokens
	MaxCallPrice  int64 = 1_000_000_000_000 // 1,000,000 USD per call
)

const microDigits = 6

var errNotDecimal = errors.New("must be a decimal number with at most 9 digits before and 6 after the point")

// ParseDecimal reads an exact decimal of USD as micro-USD: "0.15" is 150000. It takes 1 to
// 9 digits and, after a point, 1 to 6 more; no sign, no exponent, no spaces.
func ParseDecimal(s string) (int64, error) {
	whole, fraction, point := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 9 || !digits(whole) {
		return 0, errNotDecimal
	}
	if point && (len(fraction) == 0 || len(fraction) > microDigits || !digits(fraction)) {
		return 0, errNotDecimal
	}
	return strconv.ParseInt(whole+fraction+strings.Repeat("0", microDigits-len(fraction)), 10, 64)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
