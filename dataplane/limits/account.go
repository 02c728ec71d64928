package limits

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// account is what is known of one key.
type account struct {
	name   string
	active atomic.Bool // in the limiter's list of those to exchange

	mu       sync.Mutex // held for nanoseconds, never over I/O; guards what follows
	requests *window    // nil until a limit asks for it
	tokens   *window    // nil until a limit asks for it
	inFlight int64
	reserved dataplane.PicoUSD // by calls in flight
	spending spending
	others   others
	changed  bool   // since the last exchange
	told     use    // at the last exchange
	toldAt   moment // when that was
}

// use is what one node uses of a key's limits.
type use struct{ requests, tokens, inFlight int64 }

// others is what the other nodes together use, as it was some time ago.
type others struct {
	use
	at moment
}

const (
	// stale is when numbers of other nodes are no longer fresh: the exchange is broken.
	stale = moment(2 * time.Second)
	// forgotten is when calls in flight elsewhere are no longer believed.
	forgotten = moment(5 * time.Second)
)

// now gives the others' use. Without fresh numbers it fades: of what was used within a
// minute, half has gone half a minute later.
func (o *others) now(now moment) use {
	age := now - o.at
	if age <= stale {
		return o.use
	}
	left := max(span-age.second(), 0)
	u := use{requests: fade(o.requests, left), tokens: fade(o.tokens, left)}
	if age <= forgotten {
		u.inFlight = o.inFlight
	}
	return u
}

func fade(n, left int64) int64 { return (n*left + span - 1) / span }

// begin judges, in order of how long they last, the limits that need nothing of the call but
// that it is there, and counts it.
func (a *account) begin(key *dataplane.APIKey, at moment, now time.Time) (*lease, dataplane.Quotas, *dataplane.Denial) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(key, at, now)
	others, limits := a.others.now(at), key.Limits
	d := a.judgeBudget(key, now)
	if d == nil {
		d = a.judgeCalls(limits, others, at)
	}
	if d != nil {
		return nil, a.quotas(limits, others, at), d
	}
	ls := &lease{account: a, key: key}
	if limits.Requests > 0 {
		ls.began = a.requests.add(at, 1)
	}
	a.inFlight++
	a.changed = true
	return ls, a.quotas(limits, others, at), nil
}

// reserve judges the limits that need to know what the call is expected to use, and reserves.
func (a *account) reserve(ls *lease, want dataplane.Estimate, at moment, now time.Time) (dataplane.Quotas, *dataplane.Denial) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(ls.key, at, now)
	others, limits := a.others.now(at), ls.key.Limits
	// A call that is expected to use more than the whole limit gets in when the limit is
	// free: estimates are rough, and it could never be made otherwise.
	tokens := min(max(want.Tokens, 0), limits.Tokens)
	d := a.judgeBudget(ls.key, now)
	if d == nil {
		d = a.judgeTokens(limits, others, tokens, at)
	}
	if d != nil {
		d.Want = want.Tokens
		return a.quotas(limits, others, at), d
	}
	ls.cost = max(want.Cost, 0)
	if limits.Tokens > 0 {
		ls.tokens, ls.counted, ls.second = tokens, true, a.tokens.add(at, tokens)
	}
	a.reserved += ls.cost
	a.changed = true
	return a.quotas(limits, others, at), nil
}

func (a *account) judgeBudget(key *dataplane.APIKey, now time.Time) *dataplane.Denial {
	if key.Budget.Period == dataplane.NoPeriod {
		return nil
	}
	switch spent := a.spending.total(); {
	case spent >= key.Budget.Amount:
		return &dataplane.Denial{Limit: dataplane.LimitBudget, Wait: max(a.spending.end.Sub(now), time.Millisecond)}
	case spent+a.reserved >= key.Budget.Amount:
		return &dataplane.Denial{Limit: dataplane.LimitReserved, Wait: time.Second}
	}
	return nil
}

func (a *account) judgeCalls(limits dataplane.Limits, others use, at moment) *dataplane.Denial {
	if limits.Concurrency > 0 && a.inFlight+others.inFlight >= limits.Concurrency {
		return &dataplane.Denial{Limit: dataplane.LimitConcurrency, Max: limits.Concurrency, Wait: time.Second}
	}
	if limits.Requests > 0 {
		if over := a.requests.sum + others.requests + 1 - limits.Requests; over > 0 {
			return &dataplane.Denial{Limit: dataplane.LimitRequests, Max: limits.Requests, Wait: a.requests.wait(at, over, others.requests)}
		}
	}
	return nil
}

func (a *account) judgeTokens(limits dataplane.Limits, others use, tokens int64, at moment) *dataplane.Denial {
	if limits.Tokens > 0 {
		if over := a.tokens.sum + others.tokens + tokens - limits.Tokens; over > 0 {
			return &dataplane.Denial{Limit: dataplane.LimitTokens, Max: limits.Tokens, Wait: a.tokens.wait(at, over, others.tokens)}
		}
	}
	return nil
}

// advance brings everything up to now.
func (a *account) advance(key *dataplane.APIKey, at moment, now time.Time) {
	if key.Limits.Requests > 0 && a.requests == nil {
		a.requests = new(window)
	}
	if key.Limits.Tokens > 0 && a.tokens == nil {
		a.tokens = new(window)
	}
	a.moveOn(at)
	if key.Budget.Period != dataplane.NoPeriod {
		a.spending.enter(key.Budget.Period, now)
	}
}

func (a *account) moveOn(at moment) {
	if a.requests != nil {
		a.requests.advance(at)
	}
	if a.tokens != nil {
		a.tokens.advance(at)
	}
}

func (a *account) look(key *dataplane.APIKey, at moment, now time.Time) dataplane.Quotas {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(key, at, now)
	return a.quotas(key.Limits, a.others.now(at), at)
}

func (a *account) quotas(limits dataplane.Limits, others use, at moment) dataplane.Quotas {
	return dataplane.Quotas{
		Requests: a.requests.quota(limits.Requests, others.requests, at),
		Tokens:   a.tokens.quota(limits.Tokens, others.tokens, at),
	}
}

func (w *window) quota(limit, others int64, at moment) dataplane.Quota {
	if limit == 0 {
		return dataplane.Quota{}
	}
	q := dataplane.Quota{Limit: limit, Remaining: max(limit-w.sum-others, 0), Reset: w.empty(at)}
	if others > 0 {
		q.Reset = max(q.Reset, span*time.Second)
	}
	return q
}

// budget prepares for a budget over periods of this kind.
func (a *account) budget(period dataplane.Period, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.spending.enter(period, now)
}

// forgettable reports whether nothing would be lost with the account.
func (a *account) forgettable(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inFlight == 0 && (a.spending.total() == 0 || a.spending.over(now))
}

// lease is one call in flight.
type lease struct {
	limiter *Limiter
	account *account
	key     *dataplane.APIKey
	began   int64 // when the request was counted
	tokens  int64 // reserved
	second  int64 // when that was
	counted bool  // tokens are limited
	cost    dataplane.PicoUSD
	settled bool // guarded by account.mu
}

// Settle ends the call with what it used. Only the first time counts.
func (ls *lease) Settle(tokens int64, cost dataplane.PicoUSD) {
	now := ls.limiter.cfg.Now()
	ls.account.settle(ls, max(tokens, 0), max(cost, 0), ls.limiter.moment(now), now)
	ls.limiter.activate(ls.account)
}

// Cancel ends a call that is not made. Only the first end counts.
func (ls *lease) Cancel() {
	ls.account.cancel(ls, ls.limiter.moment(ls.limiter.cfg.Now()))
	ls.limiter.activate(ls.account)
}

// cancel takes back all that was counted.
func (a *account) cancel(ls *lease, at moment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ls.settled {
		return
	}
	ls.settled = true
	a.moveOn(at)
	if ls.key.Limits.Requests > 0 {
		a.requests.giveBack(ls.began, 1)
	}
	if ls.counted {
		a.tokens.giveBack(ls.second, ls.tokens)
	}
	a.inFlight--
	a.reserved -= ls.cost
	a.changed = true
}

// settle replaces what was reserved. Tokens beyond the estimate count from now on; money
// counts in the period in which the call ended.
func (a *account) settle(ls *lease, tokens int64, cost dataplane.PicoUSD, at moment, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ls.settled {
		return
	}
	ls.settled = true
	a.moveOn(at)
	if ls.counted {
		if more := tokens - ls.tokens; more > 0 {
			a.tokens.add(at, more)
		} else {
			a.tokens.giveBack(ls.second, -more)
		}
	}
	a.inFlight--
	a.reserved -= ls.cost
	a.spending.spend(cost, now)
	a.changed = true
}
