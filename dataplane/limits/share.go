package limits

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

const (
	exchangeEvery = 75 * time.Millisecond
	refreshEvery  = moment(time.Second) // for keys that this node has no news of
	exchangeTime  = 250 * time.Millisecond
	batchSize     = 256 // keys in one pipeline
	keepBudget    = 24 * time.Hour
)

//go:embed window.lua
var windowText string

//go:embed budget.lua
var budgetText string

var (
	windowScript = redis.NewScript(windowText)
	budgetScript = redis.NewScript(budgetText)
)

// sharing is how the exchange with other nodes stands. Only Run's goroutine writes it, and
// reads what requests do not.
type sharing struct {
	state   state
	failing bool          // the last exchange failed
	next    time.Time     // not before; Redis is away
	heard   string        // number of the last announcement
	ended   time.Time     // when the last exchange did
	pause   time.Duration // at least, until one that calls ask for

	nodes atomic.Int64  // that share
	fresh atomic.Int64  // the moment of the last exchange that went well
	again atomic.Bool   // all announcements are to be heard again
	kick  chan struct{} // calls ask for an exchange; holds one
}

// offer is what one account tells, copied so that no lock is held while Redis answers.
type offer struct {
	account *account
	use     use
	untold  untold // that it tells
	news    bool   // others should hear of it
	asks    bool   // for the budget
	start   time.Time
	period  dataplane.Period
	own     dataplane.PicoUSD // floored to nano-USD
	within  dataplane.PicoUSD
	known   dataplane.PicoUSD
	keep    time.Duration

	window, budget *redis.Reply // nil: nothing was asked
}

// Shared reports whether limits are shared with other nodes just now.
func (l *Limiter) Shared() bool { return l.sharing.state.Load() == sharedState }

// activate puts an account on the list of those to exchange.
func (l *Limiter) activate(a *account) {
	if l.cfg.Redis == nil || a.active.Load() || !a.active.CompareAndSwap(false, true) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active = append(l.active, a)
}

// share exchanges with the other nodes what there is to tell and to hear.
func (l *Limiter) share(ctx context.Context) {
	if l.cfg.Redis == nil {
		return
	}
	now := l.cfg.Now()
	if now.Before(l.sharing.next) {
		return
	}
	if wait := l.cfg.Redis.Connect(ctx); wait > 0 {
		l.sharing.next = now.Add(wait)
	} else {
		l.sharing.failing = l.exchangeAll(ctx, now) != nil // the connection tells when Redis is away
	}
	l.note()
}

// note keeps in mind whether limits are shared.
func (l *Limiter) note() {
	shared := aloneState
	if l.cfg.Redis.Up() {
		shared = sharedState
	}
	if l.sharing.state.Swap(shared) != shared {
		l.save() // what is unshared has changed its meaning
	}
}

// exchangeAll tells and hears, and then asks at once for what others have announced.
func (l *Limiter) exchangeAll(ctx context.Context, now time.Time) error {
	for _, hear := range [...]bool{true, false} {
		offers := l.offers(now)
		for hear || len(offers) > 0 {
			n := min(len(offers), batchSize)
			if err := l.exchange(ctx, offers[:n], hear); err != nil && !redis.KeyFault(err) { // one key holds up no others
				for _, o := range offers[n:] {
					o.retry()
				}
				return err
			}
			offers, hear = offers[n:], false
		}
	}
	return nil
}

// offers lists what is due, and drops from the list what has nothing more to tell or hear.
func (l *Limiter) offers(now time.Time) []*offer {
	l.mu.Lock()
	accounts := l.active
	l.active = nil
	l.mu.Unlock()
	at := l.moment(now)
	var offers []*offer
	stay := accounts[:0]
	for _, a := range accounts {
		o, idle := a.offer(at, now)
		if idle {
			continue
		}
		stay = append(stay, a)
		if o != nil {
			offers = append(offers, o)
		}
	}
	l.mu.Lock()
	l.active = append(stay, l.active...)
	l.mu.Unlock()
	return offers
}

// offer says what the account has to tell, nil when nothing is due. idle means that it left
// the list; the next call brings it back.
func (a *account) offer(at moment, now time.Time) (o *offer, idle bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.moveOn(at)
	u := use{inFlight: a.inFlight, reserved: int64(a.reserved / nanoUSD)}
	if a.requests != nil {
		u.requests = a.requests.sum
	}
	if a.tokens != nil {
		u.tokens = a.tokens.sum
	}
	s := &a.spending
	if s.period != dataplane.NoPeriod && s.over(now) {
		s.enter(s.period, now)
	}
	pending := a.changed || a.asks || s.period != dataplane.NoPeriod && !s.asked
	if !pending && u == (use{}) && a.told == (use{}) && a.others.now(at) == (use{}) {
		// Whoever changes the account does so under mu and looks at active afterwards.
		a.active.Store(false)
		return nil, true
	}
	if !pending && at-a.toldAt < refreshEvery {
		return nil, false
	}
	o = &offer{account: a, use: u, untold: a.untold, news: a.changed}
	a.changed, a.asks = false, false
	if s.period != dataplane.NoPeriod {
		o.asks, o.start, o.period = true, s.start, s.period
		o.own, o.within, o.known = s.own/nanoUSD*nanoUSD, s.within, s.known
		o.keep = s.end.Sub(now) + keepBudget
	}
	return o, false
}

// exchange sends a batch in one pipeline and takes in what comes back. What fails is told
// again with the next exchange; telling twice changes nothing.
func (l *Limiter) exchange(ctx context.Context, offers []*offer, hear bool) error {
	var heard *redis.Reply
	err := l.cfg.Redis.Use(ctx, exchangeTime, func(ctx context.Context) (err error) {
		heard, err = l.pipe(ctx, offers, hear)
		return err
	})
	at := l.moment(l.cfg.Now())
	for _, o := range offers {
		if e := o.take(at); e != nil {
			err = errors.Join(err, e)
			o.retry()
		}
	}
	if hear {
		err = errors.Join(err, l.hear(heard))
	}
	if err == nil {
		l.sharing.fresh.Store(int64(at))
	}
	return err
}

// pipe hears, tells and asks in one round trip. What others announced before it is in the
// answers, and what it announces behind them can be asked for.
func (l *Limiter) pipe(ctx context.Context, offers []*offer, hear bool) (heard *redis.Reply, err error) {
	calls := make([]redis.Call, 0, 2*len(offers)+2)
	if hear {
		calls = append(calls, l.hearCall())
	}
	for _, o := range offers {
		calls = append(calls, redis.Call{
			Script: windowScript, Keys: []string{l.key(o.account.name, "w")},
			Args: []any{l.node, o.use.requests, o.use.tokens, o.use.inFlight, o.use.reserved, (span + 1) * 1000, time.Duration(forgotten).Milliseconds()},
		})
		if o.asks {
			calls = append(calls, redis.Call{
				Script: budgetScript, Keys: []string{l.key(o.account.name, o.period.String()+":"+o.start.Format(time.DateOnly))},
				Args: []any{l.node, int64(o.own / nanoUSD), int64(o.within / nanoUSD), int64(o.known / nanoUSD), o.keep.Milliseconds()},
			})
		}
	}
	if call, ok := l.announceCall(offers); ok {
		calls = append(calls, call)
	}
	replies, err := l.cfg.Redis.RunAll(ctx, calls)
	if hear {
		heard, replies = replies[0], replies[1:]
	}
	for _, o := range offers {
		o.window, replies = replies[0], replies[1:]
		if o.asks {
			o.budget, replies = replies[0], replies[1:]
		}
	}
	return heard, err
}

// key names what is kept of an API key.
func (l *Limiter) key(apiKey, name string) string {
	return l.cfg.Redis.TaggedKey("limits:"+apiKey, name)
}

// addSelfTests has the scripts tried on a key of nobody's.
func (l *Limiter) addSelfTests() {
	l.cfg.Redis.SelfTest("limits", func(key string) redis.Call {
		return redis.Call{Script: windowScript, Keys: []string{l.key(key, "w")}, Args: []any{l.node, 0, 0, 0, 0, 1, 1}}
	})
	l.cfg.Redis.SelfTest("hear", func(key string) redis.Call {
		return redis.Call{Script: hearScript, Keys: []string{l.key(key, "feed"), l.key(key, "nodes")}, Args: []any{l.node, "0", 1, 1}}
	})
	l.cfg.Redis.SelfTest("announce", func(key string) redis.Call {
		return redis.Call{Script: announceScript, Keys: []string{l.key(key, "feed")}, Args: []any{l.node, 1, 1, "k"}}
	})
	l.cfg.Redis.SelfTest("budget", func(key string) redis.Call {
		return redis.Call{Script: budgetScript, Keys: []string{l.key(key, "b")}, Args: []any{l.node, 1, 0, 0, 1}}
	})
}

// take brings the answers into the account.
func (o *offer) take(at moment) error {
	if o.window == nil {
		return redis.ErrAway
	}
	u, err := o.window.Int64Slice()
	if err != nil {
		return err
	}
	if len(u) != 4 {
		return fmt.Errorf("the window script gave %d numbers", len(u))
	}
	var total int64
	if o.asks {
		text, err := o.budget.Text()
		if err != nil {
			return err
		}
		if total, err = strconv.ParseInt(text, 10, 64); err != nil {
			return fmt.Errorf("the budget script gave %q", text)
		}
	}
	a := o.account
	a.mu.Lock()
	defer a.mu.Unlock()
	a.others = others{use{requests: u[0], tokens: u[1], inFlight: u[2], reserved: u[3]}, at}
	a.told, a.toldAt = o.use, at
	a.untold.subtract(o.untold)
	if s := &a.spending; o.asks && s.period == o.period && s.start.Equal(o.start) {
		s.heard(dataplane.PicoUSD(total)*nanoUSD, o.own)
	}
	return nil
}

// retry makes the account due again.
func (o *offer) retry() {
	o.account.mu.Lock()
	defer o.account.mu.Unlock()
	o.account.changed = o.account.changed || o.news
	o.account.asks = true
}
