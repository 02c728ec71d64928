package dataplane

import (
	"fmt"
	"net/netip"
	"time"
)

// Limits is what a key may use; 0 is no limit.
type Limits struct {
	Requests    int64 // in any 60 seconds
	Tokens      int64 // in any 60 seconds, input and output
	Concurrency int64 // calls in flight
}

// Budget is what a key may spend in each period; without a period there is none.
type Budget struct {
	Amount PicoUSD
	Period Period
}

// Period is a stretch of the calendar, in UTC.
type Period uint8

// The periods.
const (
	NoPeriod Period = iota
	Day
	Week // from Monday
	Month
)

// String gives the period's name as the configuration writes it; empty for none.
func (p Period) String() string { return [...]string{"", "day", "week", "month"}[p] }

func parsePeriod(s string) (Period, error) {
	for p := NoPeriod; p <= Month; p++ {
		if p.String() == s {
			return p, nil
		}
	}
	return NoPeriod, fmt.Errorf("budget period %q is not known", s)
}

// Start is when the period that holds t began.
func (p Period) Start(t time.Time) time.Time {
	t = t.UTC()
	y, m, d := t.Date()
	switch p {
	case Week:
		d -= (int(t.Weekday()) + 6) % 7
	case Month:
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// End is when the period that holds t ends and the next one begins.
func (p Period) End(t time.Time) time.Time {
	start := p.Start(t)
	switch p {
	case Week:
		return start.AddDate(0, 0, 7)
	case Month:
		return start.AddDate(0, 1, 0)
	}
	return start.AddDate(0, 0, 1)
}

// Limited reports whether anything must be counted before the key may make a call.
func (k *APIKey) Limited() bool { return k.limited }

// MayComeFrom reports whether the key may be used from an address. IPv4 inside IPv6 is
// taken as IPv4; without an address only a key that anyone may use is let in.
func (k *APIKey) MayComeFrom(a netip.Addr) bool {
	if len(k.AllowedIPs) == 0 {
		return true
	}
	a = a.Unmap().WithZone("")
	for _, p := range k.AllowedIPs {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Estimate is what a call is expected to use, known before it is made.
type Estimate struct {
	Tokens int64
	Cost   PicoUSD
}

// Quota is how one limit of a key stands.
type Quota struct {
	Limit     int64 // 0: there is none, and the rest means nothing
	Remaining int64
	Reset     time.Duration // until all of it is there again
}

// Quotas is what clients are told about their key's limits.
type Quotas struct{ Requests, Tokens Quota }

// Limit names what a call was refused by.
type Limit uint8

// The limits, in the order in which they are judged.
const (
	LimitBudget   Limit = iota + 1
	LimitReserved       // what is left of the budget is reserved by calls in flight
	LimitConcurrency
	LimitRequests
	LimitTokens
)

// String gives the limit's name for people and metrics.
func (l Limit) String() string {
	return [...]string{"", "budget", "budget_reserved", "concurrency", "requests", "tokens"}[l]
}

// Denial says why a call may not be made now.
type Denial struct {
	Limit Limit
	Max   int64         // of a limit, not of a budget
	Want  int64         // tokens this call asked for
	Wait  time.Duration // until it may be tried again; above zero
}

// Lease is the permission to make one call. Settle ends it, once, with what the call
// really used: the tokens and the cost of all its attempts.
type Lease interface {
	Settle(tokens int64, cost PicoUSD)
}

// Origins are the web origins whose pages may read answers. The zero value allows none.
type Origins struct {
	any  bool
	list map[string]bool
}

// Allows reports whether pages of the origin may read answers; everyone that all may.
func (o Origins) Allows(origin string) (allowed, everyone bool) {
	return o.any || o.list[origin], o.any
}

// None reports whether no origin is allowed.
func (o Origins) None() bool { return !o.any && len(o.list) == 0 }

func compileOrigins(in []string) Origins {
	o := Origins{list: make(map[string]bool, len(in))}
	for _, origin := range in {
		o.any = o.any || origin == "*"
		o.list[origin] = true
	}
	return o
}
