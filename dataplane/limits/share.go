package limits

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
)

const (
	exchangeEvery = 75 * time.Millisecond
	refreshEvery  = moment(time.Second) // for keys that this node has no news of
	exchangeTime  = 250 * time.Millisecond
	batchSize     = 256         // keys in one pipeline
	retryAfter    = time.Second // after an exchange failed, with up to half of it more
	failuresAway  = 3           // in a row, until Redis counts as away
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

// sharing is how the exchange with other nodes stands. Only Run's goroutine writes it.
type sharing struct {
	state    state
	failures int       // in a row
	next     time.Time // not before
	last     time.Time // that Redis answered
}

// offer is what one account tells, copied so that no lock is held while Redis answers.
type offer struct {
	account *account
	use     use
	asks    bool // for the budget
	start   time.Time
	period  dataplane.Period
	own     dataplane.PicoUSD // floored to nano-USD
	within  dataplane.PicoUSD
	known   dataplane.PicoUSD
	keep    time.Duration

	window, budget *redis.Cmd
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
	err := l.exchangeAll(ctx, now)
	if l.heard(err, now) {
		l.save() // what is unshared has changed its meaning
	}
}

func (l *Limiter) exchangeAll(ctx context.Context, now time.Time) error {
	if l.sharing.state.Load() != sharedState {
		if err := l.ping(ctx); err != nil { // one small question while it is away
			return err
		}
	}
	offers := l.offers(now)
	if len(offers) == 0 && now.Sub(l.sharing.last) >= time.Duration(refreshEvery) {
		return l.ping(ctx) // to notice that it is away before it is needed
	}
	for len(offers) > 0 {
		n := min(len(offers), batchSize)
		if err := l.exchange(ctx, offers[:n]); err != nil {
			for _, o := range offers[n:] {
				o.account.retry()
			}
			return err
		}
		offers = offers[n:]
	}
	return nil
}

func (l *Limiter) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	err := l.cfg.Redis.Ping(ctx).Err()
	if err == nil {
		l.sharing.last = l.cfg.Now()
	}
	return err
}

// heard notes how an exchange ended, and says it once when that is news.
func (l *Limiter) heard(err error, now time.Time) (news bool) {
	s := &l.sharing
	if err == nil {
		s.failures, s.next = 0, time.Time{}
		if news = s.state.Swap(sharedState) != sharedState; news {
			l.cfg.Logger.Info("limits of API keys are shared between nodes through Redis")
		}
		return news
	}
	s.failures++
	if s.failures < failuresAway && s.state.Load() == sharedState {
		return false
	}
	s.next = now.Add(retryAfter + rand.N(retryAfter/2))
	if news = s.state.Swap(awayState) != awayState; news {
		l.cfg.Logger.Warn("limits of API keys are kept by this node alone: Redis is away", "error", err)
	}
	return news
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
	u := use{inFlight: a.inFlight}
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
	pending := a.changed || s.period != dataplane.NoPeriod && !s.asked
	if !pending && u == (use{}) && a.told == (use{}) && a.others.now(at) == (use{}) {
		// Whoever changes the account does so under mu and looks at active afterwards.
		a.active.Store(false)
		return nil, true
	}
	if !pending && at-a.toldAt < refreshEvery {
		return nil, false
	}
	a.changed = false
	o = &offer{account: a, use: u}
	if s.period != dataplane.NoPeriod {
		o.asks, o.start, o.period = true, s.start, s.period
		o.own, o.within, o.known = s.own/nanoUSD*nanoUSD, s.within, s.known
		o.keep = s.end.Sub(now) + keepBudget
	}
	return o, false
}

// exchange sends a batch in one pipeline and takes in what comes back. What fails is told
// again with the next exchange; telling twice changes nothing.
func (l *Limiter) exchange(ctx context.Context, offers []*offer) error {
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	err := l.pipe(ctx, offers, (*redis.Script).EvalSha)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		err = l.pipe(ctx, offers, (*redis.Script).Eval)
	}
	at := l.moment(l.cfg.Now())
	for _, o := range offers {
		if e := o.take(at); e != nil {
			err = errors.Join(err, e)
			o.account.retry()
		}
	}
	if err != nil {
		return fmt.Errorf("exchange limits with Redis: %w", firstOf(err))
	}
	l.sharing.last = l.cfg.Now()
	return nil
}

type evaluate func(s *redis.Script, ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

func (l *Limiter) pipe(ctx context.Context, offers []*offer, run evaluate) error {
	pipe := l.cfg.Redis.Pipeline()
	for _, o := range offers {
		base := "{trunkline:" + l.cfg.Environment + ":limits:" + o.account.name + "}:"
		o.window = run(windowScript, ctx, pipe, []string{base + "w"}, l.node,
			o.use.requests, o.use.tokens, o.use.inFlight, (span+1)*1000, time.Duration(forgotten).Milliseconds())
		if o.asks {
			o.budget = run(budgetScript, ctx, pipe, []string{base + o.period.String() + ":" + o.start.Format(time.DateOnly)}, l.node,
				int64(o.own/nanoUSD), int64(o.within/nanoUSD), int64(o.known/nanoUSD), o.keep.Milliseconds())
		}
	}
	_, err := pipe.Exec(ctx)
	return err
}

// take brings the answers into the account.
func (o *offer) take(at moment) error {
	u, err := o.window.Int64Slice()
	if err != nil {
		return err
	}
	if len(u) != 3 {
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
	a.others = others{use{requests: u[0], tokens: u[1], inFlight: u[2]}, at}
	a.told, a.toldAt = o.use, at
	if s := &a.spending; o.asks && s.period == o.period && s.start.Equal(o.start) {
		s.heard(dataplane.PicoUSD(total)*nanoUSD, o.own)
	}
	return nil
}

// retry makes the account due again.
func (a *account) retry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed = true
}

// firstOf keeps a log line short: a broken connection fails every key of a batch alike.
func firstOf(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0]
	}
	return err
}
