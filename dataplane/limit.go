package dataplane

import (
	"net/netip"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/period"
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
type Period = period.Period

// The periods.
const (
	NoPeriod = period.None
	Day      = period.Day
	Week     = period.Week
	Month    = period.Month
)

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
	// Least is the part of Tokens without which the call may not be made. The rest is reserved
	// as far as it is there: the client did not ask for so much, the model might give it.
	Least int64
	Cost  PicoUSD
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

// Lease is the permission to make one call. Settle or Cancel ends it, once.
type Lease interface {
	// Reserve asks for what the call is expected to use, once that is known: how the limits
	// stand then, or why the call may not be made.
	Reserve(want Estimate) (Quotas, *Denial)
	// Settle ends the call with what it really used: the tokens and the cost of all its attempts.
	Settle(tokens int64, cost PicoUSD)
	// Cancel ends a call that is not made: it does not count.
	Cancel()
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
