package usage

import (
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
