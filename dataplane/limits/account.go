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
	held     int64             // tokens, likewise
	spending spending
	others   others
	changed  bool   // since the last exchange
	asks     bool   // for what others used, which they have announced
	told     use    // at the last exchange
	toldAt   moment // when that was
	untold   untold
}

// use is what one node uses of a key's limits.
type use struct {
	requests, tokens, inFlight int64
	reserved                   int64 // nano-USD, by calls in flight
}

// untold is what this node has let in since it told the others last.
type untold struct {
	requests, tokens int64
	cost             dataplane.PicoUSD
}

// subtract takes away what the others have been told. A call that was cancelled meanwhile is
// in it still.
func (u *untold) subtract(told untold) {
	u.requests, u.tokens, u.cost = max(u.requests-told.requests, 0), max(u.tokens-told.tokens, 0), max(u.cost-told.cost, 0)
}

// fits reports whether a call fits into the share of this node: the part of what was free at the
// last exchange that a node may let in before it has told the others, so that nodes that do the
// same at the same moment stay at the limit together. One call may always be made: want may be
// more than the share.
func fits(free, untold, want, nodes int64) bool {
	return nodes <= 1 || untold == 0 || untold+want <= (free+untold+nodes-1)/nodes
}

// urgent reports whether so much of the share is used that the others should hear of it soon.
func urgent(free, untold, nodes int64) bool {
	return nodes > 1 && 4*untold*nodes >= free+untold
}

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
		u.inFlight, u.reserved = o.inFlight, o.reserved
	}
	return u
}

func fade(n, left int64) int64 { return (n*left + span - 1) / span }

// begin judges, in order of how long they last, the limits that need nothing of the call but
// that it is there, and counts it; how the limits stand is told with a denial only. nodes is how
// many keep the limits together; hurry says that the others should hear of it soon.
func (a *account) begin(key *dataplane.APIKey, nodes int64, at moment, now time.Time) (_ *lease, _ dataplane.Quotas, _ *dataplane.Denial, hurry bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(key, at, now)
	others, limits := a.others.now(at), key.Limits
	d := a.judgeBudget(key, others, 0, nodes, now)
	if d == nil {
		d = a.judgeCalls(limits, others, nodes, at)
	}
	if d != nil {
		return nil, a.quotas(limits, others, at), d, nodes > 1
	}
	ls := &lease{account: a, key: key}
	if limits.Requests > 0 {
		ls.began = a.requests.add(at, 1)
		a.untold.requests++
		hurry = urgent(limits.Requests-a.requests.sum-others.requests, a.untold.requests, nodes)
	}
	a.inFlight++
	if limits.Concurrency > 0 {
		hurry = hurry || urgent(limits.Concurrency-a.inFlight-others.inFlight, a.untoldInFlight(), nodes)
	}
	a.changed = true
	return ls, dataplane.Quotas{}, nil, hurry
}

// resume counts a call of an earlier run.
func (a *account) resume(key *dataplane.APIKey, cost dataplane.PicoUSD, at moment, now time.Time) *lease {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(key, at, now)
	a.inFlight++
	a.reserved += cost
	a.changed = true
	return &lease{account: a, key: key, cost: cost}
}

// reserve judges the limits that need to know what the call is expected to use, and reserves.
func (a *account) reserve(ls *lease, want dataplane.Estimate, nodes int64, at moment, now time.Time) (_ dataplane.Quotas, _ *dataplane.Denial, hurry bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.advance(ls.key, at, now)
	others, limits := a.others.now(at), ls.key.Limits
	// A call that is expected to use more than the whole limit gets in when the limit is
	// free: estimates are rough, and it could never be made otherwise.
	least, cost := min(max(want.Least, 0), limits.Tokens), max(want.Cost, 0)
	d := a.judgeBudget(ls.key, others, cost, nodes, now)
	if d == nil {
		d = a.judgeTokens(limits, others, least, nodes, at)
	}
	if d != nil {
		d.Want = want.Least
		return a.quotas(limits, others, at), d, nodes > 1
	}
	ls.cost = cost
	if limits.Tokens > 0 {
		tokens := max(least, min(want.Tokens, limits.Tokens-a.tokens.sum-others.tokens))
		ls.tokens, ls.counted, ls.second = tokens, true, a.tokens.add(at, tokens)
		a.held += tokens
		a.untold.tokens += tokens
		hurry = urgent(limits.Tokens-a.tokens.sum-others.tokens, a.untold.tokens, nodes)
	}
	a.reserved += cost
	if ls.key.Budget.Period != dataplane.NoPeriod {
		a.untold.cost += cost
		hurry = hurry || urgent(int64(ls.key.Budget.Amount-a.spending.total()-a.reserved-others.money()), int64(a.untold.cost), nodes)
	}
	a.changed = true
	return a.quotas(limits, others, at), nil, hurry
}

// untoldInFlight is how many more calls are in flight than the others know of.
func (a *account) untoldInFlight() int64 { return max(a.inFlight-a.told.inFlight, 0) }

// money is what is reserved of a budget.
func (u use) money() dataplane.PicoUSD { return dataplane.PicoUSD(u.reserved) * nanoUSD }

// soon is when to come again after a node has let in its share: the others have heard then.
const soon = exchangeEvery

func (a *account) judgeBudget(key *dataplane.APIKey, others use, want dataplane.PicoUSD, nodes int64, now time.Time) *dataplane.Denial {
	if key.Budget.Period == dataplane.NoPeriod {
		return nil
	}
	spent := a.spending.total()
	free := key.Budget.Amount - spent - a.reserved - others.money()
	switch {
	case spent >= key.Budget.Amount:
		return &dataplane.Denial{Limit: dataplane.LimitBudget, Wait: max(a.spending.end.Sub(now), time.Millisecond)}
	case free <= 0:
		return &dataplane.Denial{Limit: dataplane.LimitReserved, Wait: time.Second}
	case !fits(int64(free), int64(a.untold.cost), int64(want), nodes):
		return &dataplane.Denial{Limit: dataplane.LimitReserved, Wait: soon}
	}
	return nil
}

func (a *account) judgeCalls(limits dataplane.Limits, others use, nodes int64, at moment) *dataplane.Denial {
	if limits.Concurrency > 0 {
		d := &dataplane.Denial{Limit: dataplane.LimitConcurrency, Max: limits.Concurrency, Wait: time.Second}
		switch free := limits.Concurrency - a.inFlight - others.inFlight; {
		case free <= 0:
			return d
		case !fits(free, a.untoldInFlight(), 1, nodes):
			d.Wait = soon
			return d
		}
	}
	if limits.Requests > 0 {
		free := limits.Requests - a.requests.sum - others.requests
		return a.requests.judge(dataplane.LimitRequests, limits.Requests, free, others.requests, at, 1, a.untold.requests, nodes)
	}
	return nil
}

func (a *account) judgeTokens(limits dataplane.Limits, others use, tokens, nodes int64, at moment) *dataplane.Denial {
	if limits.Tokens == 0 {
		return nil
	}
	free := limits.Tokens - a.tokens.sum - others.tokens
	d := a.tokens.judge(dataplane.LimitTokens, limits.Tokens, free, others.tokens, at, tokens, a.untold.tokens, nodes)
	if d != nil && tokens-free <= a.held { // calls in flight may give it back at any time
		d.Wait = min(d.Wait, time.Second)
	}
	return d
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
	if !a.end(ls, at) {
		return
	}
	if ls.key.Limits.Requests > 0 {
		a.requests.giveBack(ls.began, 1)
		a.untold.requests = max(a.untold.requests-1, 0)
	}
	if ls.counted {
		a.tokens.giveBack(ls.second, ls.tokens)
	}
}

// settle replaces what was reserved. Tokens beyond the estimate count from now on; money
// counts in the period in which the call ended.
func (a *account) settle(ls *lease, tokens int64, cost dataplane.PicoUSD, at moment, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.end(ls, at) {
		return
	}
	if ls.counted {
		if more := tokens - ls.tokens; more > 0 {
			a.tokens.add(at, more)
			a.untold.tokens += more
		} else {
			a.tokens.giveBack(ls.second, -more)
		}
	}
	a.spending.spend(cost, now)
}

// end takes a call out of those in flight, with what it had reserved. It reports whether this is
// its first end. The caller holds mu.
func (a *account) end(ls *lease, at moment) (first bool) {
	if ls.settled {
		return false
	}
	ls.settled = true
	a.moveOn(at)
	a.inFlight--
	a.reserved -= ls.cost
	a.held -= ls.tokens
	a.changed = true
	return true
}
