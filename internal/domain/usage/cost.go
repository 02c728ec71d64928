package usage

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// microInPico is how many pico-USD a micro-USD has.
const microInPico = 1_000_000

// Cost is an exact amount of USD that no sum of calls overflows: Micro micro-USD and
// Pico pico-USD, 0 to 999,999. The zero value is nothing.
type Cost struct{ Micro, Pico int64 }

// CostOfPico is an amount given in pico-USD.
func CostOfPico(pico int64) Cost {
	c := Cost{Micro: pico / microInPico, Pico: pico % microInPico}
	if c.Pico < 0 {
		c.Micro, c.Pico = c.Micro-1, c.Pico+microInPico
	}
	return c
}

// Plus is the sum of two amounts. The Pico of either may be a sum itself.
func (c Cost) Plus(d Cost) Cost {
	rest := CostOfPico(c.Pico + d.Pico)
	return Cost{Micro: c.Micro + d.Micro + rest.Micro, Pico: rest.Pico}
}

// String writes the amount as an exact decimal of USD without trailing zeros.
func (c Cost) String() string {
	micro, pico, sign := c.Micro, c.Pico, ""
	if micro < 0 {
		sign = "-"
		if pico > 0 {
			micro, pico = micro+1, microInPico-pico
		}
		micro = -micro
	}
	fraction := pad(micro%1_000_000) + pad(pico)
	whole := strconv.FormatInt(micro/1_000_000, 10)
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// pad writes n, 0 to 999,999, with six digits.
func pad(n int64) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", 6-len(s)) + s
}

// picoDigits is how many digits behind the point of USD there are.
const picoDigits = 12

// ParsePico reads an exact decimal of USD as pico-USD: 1 to 9 digits and, after a point, 1 to
// 12 more. What is more than an int64 holds is the most that it holds.
func ParsePico(s string) (int64, error) {
	whole, fraction, point := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 9 || point && (len(fraction) == 0 || len(fraction) > picoDigits) || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, errors.New("must be a decimal number with at most 9 digits before and 12 after the point")
	}
	pico, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", picoDigits-len(fraction)), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64, nil
	}
	return pico, err
}
