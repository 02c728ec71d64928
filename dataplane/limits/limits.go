// Package limits keeps what each API key may use in a minute, at once, and spend in a day,
// week or month. A call reserves what it is expected to use before it is made and settles
// what it really used afterwards; nothing on that way waits for I/O.
//
// On one node the limits are exact. In any 60 seconds a key makes at most its requests, and
// uses at most its tokens as far as calls can be estimated before they are made: what a call
// used beyond its estimate counts from the moment it ends. Use is counted by the second, so
// it is given back after 60 to 61 seconds. A call is let in while what is spent and what
// calls in flight have reserved is below the budget; a key can overspend by what calls in
// flight cost more than was reserved for them, and by the last of them.
//
// With Redis the nodes keep the limits together, and still nothing waits for it. Every 75 ms,
// and within 5 ms of a call that uses a good part of what is left, a node tells what its calls
// used and hears which keys others used, in one pipeline beside the request path; so it knows
// how a key stands before that key's first call here. Until the others have heard, a node lets
// in no more than its even share of what was left: a limit of 6 on two nodes lets 3 calls in on
// each within a moment, and all 6 on one when they come one after the other. So in a minute nodes
// let in the limit, and at worst one share (the limit by the number of nodes, rounded up) more for
// each node beyond the first, when those let in their shares while the others use up what is left.
// This holds while Redis answers. Without it, and while it is away, every node keeps the limits
// alone; how much the others used a minute ago fades out over that minute.
//
// What a key has spent survives a restart: it is read back from Redis, and from a file in
// the node's data directory that is at most three seconds old.
package limits

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/redis"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Config is complete when every field without a default is set.
type Config struct {
	// Redis shares the limits with other nodes; nil: this node keeps them alone.
	Redis *redis.Client
	// File remembers what was spent over a restart; empty: nothing is remembered.
	File    string
	Logger  *slog.Logger          // required
	Metrics prometheus.Registerer // nil: none
	Now     func() time.Time      // default time.Now
}

// Limiter keeps the limits of all keys. It is safe for concurrent use.
type Limiter struct {
	cfg     Config
	started time.Time // seconds count from here, so that a clock set back does not matter
	node    string    // of this process, among those that share
	metrics metrics
	sharing sharing

	accounts sync.Map // name of the key -> *account
	known    known

	mu     sync.Mutex
	active []*account // to be exchanged with the other nodes; guarded by mu

	// Of the file; only New and Run touch them.
	saved   string // what it holds
	unsaved bool   // the last attempt to write it failed, and that was said
}

// New returns a limiter that remembers what its file says. Run shares and saves.
func New(cfg Config) *Limiter {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Limiter{cfg: cfg, node: rand.Text(), started: cfg.Now()}
	l.sharing.heard, l.sharing.kick = "0", make(chan struct{}, 1)
	l.metrics = newMetrics(cfg.Metrics, l.Shared)
	if cfg.Redis != nil {
		l.addSelfTests()
	}
	l.loadSpent()
	return l
}

// Begin asks to make one call of the key, of which nothing is read yet: the budget, calls in
// flight and requests are judged. It gives a lease, or the reason why not and how the limits stand
// then. It never waits.
func (l *Limiter) Begin(key *dataplane.APIKey) (dataplane.Lease, dataplane.Quotas, *dataplane.Denial) {
	a := l.account(key.Name)
	now := l.cfg.Now()
	at := l.moment(now)
	lease, quotas, denial, hurry := a.begin(key, l.nodes(at), at, now)
	l.activate(a)
	if hurry {
		l.kick()
	}
	if denial != nil {
		l.metrics.denied(denial.Limit)
		return nil, quotas, denial
	}
	lease.limiter = l
	return lease, quotas, nil
}

// Resume counts a call as in flight that began in an earlier run and goes on, with the cost that was
// reserved for it then. Nothing is judged.
func (l *Limiter) Resume(key *dataplane.APIKey, cost dataplane.PicoUSD) dataplane.Lease {
	a := l.account(key.Name)
	now := l.cfg.Now()
	ls := a.resume(key, max(cost, 0), l.moment(now), now)
	l.activate(a)
	ls.limiter = l
	return ls
}

// Reserve asks for what the call is expected to use: the budget is judged again, for the body
// may have taken its time, and the tokens.
func (ls *lease) Reserve(want dataplane.Estimate) (dataplane.Quotas, *dataplane.Denial) {
	l := ls.limiter
	now := l.cfg.Now()
	at := l.moment(now)
	quotas, denial, hurry := ls.account.reserve(ls, want, l.nodes(at), at, now)
	l.activate(ls.account)
	if hurry {
		l.kick()
	}
	if denial != nil {
		l.metrics.denied(denial.Limit)
	}
	return quotas, denial
}

// Look tells how the limits of a key stand.
func (l *Limiter) Look(key *dataplane.APIKey) dataplane.Quotas {
	now := l.cfg.Now()
	return l.account(key.Name).look(key, l.moment(now), now)
}

// Run shares and saves until ctx ends, and once more then.
func (l *Limiter) Run(ctx context.Context) error {
	exchange := time.NewTicker(exchangeEvery)
	defer exchange.Stop()
	var next <-chan time.Time // for an exchange that calls asked for
	share := func() {
		began := time.Now()
		l.share(ctx)
		// A slow Redis is asked no more often than it can take.
		l.sharing.pause, l.sharing.ended = max(shortestPause, 2*time.Since(began)), time.Now()
	}
	save := time.NewTicker(saveEvery)
	defer save.Stop()
	for {
		select {
		case <-exchange.C:
			share()
		case <-l.sharing.kick:
			if next == nil {
				next = time.After(l.sharing.pause - time.Since(l.sharing.ended))
			}
		case <-next:
			next = nil
			share()
		case <-save.C:
			l.save()
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastExchange)
			l.share(last)
			cancel()
			l.save()
			return nil
		}
	}
}

// lastExchange bounds how long the exchange at the end may take.
const lastExchange = time.Second

func (l *Limiter) account(name string) *account {
	if a, ok := l.accounts.Load(name); ok {
		return a.(*account)
	}
	a, _ := l.accounts.LoadOrStore(name, &account{name: name})
	return a.(*account)
}

// moment is now by the monotonic clock.
func (l *Limiter) moment(now time.Time) moment {
	return moment(now.Sub(l.started))
}
