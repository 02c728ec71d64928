package controlplane

import (
	"math/big"
	"strconv"
	"strings"
)

// maxNumber bounds the numbers that others write, in characters.
const maxNumber = 40

// PriceFrom reads a price that somebody else wrote, such as 1.5e-07 or 0.15, times unit
// (1,000,000 for a price per token), as the decimal of a Price: rounded to 6 digits after
// the point. It is false for what is no price: text, below zero, more than a price may be.
func PriceFrom(text string, unit int64) (string, bool) { return Rates[0].From(text, unit) }

// From is PriceFrom for an amount, with as many digits as it may have. A unit below zero
// divides.
func (r *Rate) From(text string, unit int64) (string, bool) {
	amount, ok := boundedNumber(text)
	if !ok || amount.Sign() < 0 {
		return "", false
	}
	if unit < 0 {
		amount.Quo(amount, new(big.Rat).SetInt64(-unit))
	} else {
		amount.Mul(amount, new(big.Rat).SetInt64(unit))
	}
	if amount.Cmp(new(big.Rat).SetInt64(r.inMost())) > 0 {
		return "", false
	}
	digits := microDigits
	if r.pico {
		digits *= 2
	}
	decimal := amount.FloatString(digits)
	decimal = strings.TrimRight(strings.TrimRight(decimal, "0"), ".")
	if decimal == "0" && amount.Sign() > 0 {
		return "", false // less than can be said is not free
	}
	return decimal, true
}

// boundedNumber reads a JSON number. Its exponent is bounded: 1e999999999 would fill memory.
func boundedNumber(text string) (*big.Rat, bool) {
	if text == "" || len(text) > maxNumber || strings.Trim(text, "0123456789+-.eE") != "" {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if n, err := strconv.Atoi(text[i+1:]); err != nil || n < -30 || n > 30 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}
