package health

import (
	"context"
	"hash/maphash"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Config is what a Memory needs.
type Config struct {
	Logger *slog.Logger // required
	// Now reads the clock; default time.Now.
	Now func() time.Time
	// Rand gives the share, 0 to 1, of the 10 % that cooldowns are made longer by. It must
	// be safe for concurrent use; default rand.Float64.
	Rand func() float64
	// OnChange, if set, is called after a scope opened, closed or cools longer, but not when
	// a deadline passes. It may be called from several goroutines at once and must not block.
	OnChange func()
	// Metrics, if set, gets the number of cooldowns and of scopes that are not closed.
	Metrics prometheus.Registerer
}

// Memory keeps the health of scopes in this process. It is safe for concurrent use. A
// scope costs about 1 KB while it is used and at most 40 KB with many callers and
// policies; one that is simply healthy is dropped by the next Snapshot.
type Memory struct {
	cfg    Config
	start  time.Time // windows count from here, on the monotonic clock
	seed   maphash.Seed
	shards [shardCount]shard
	tokens atomic.Uint64 // given to probes so far

	// table is replaced as a whole, so that the request path reads it without a lock.
	table   atomic.Pointer[table]
	tableMu sync.Mutex // held to replace table

	// epoch is that of the Redis whose view of the fleet the trackers have; nil: none yet.
	epoch atomic.Pointer[string]

	metrics metrics
}

const (
	shardCount = 64
	shardSize  = 1024 // scopes a shard holds at most, far above what a configuration has
)

// shard is a part of the scopes, so that calls on different targets rarely meet.
type shard struct {
	mu     sync.Mutex // guards scopes and the trackers in it
	scopes map[dataplane.Scope]*tracker
}

// NewMemory makes a store in which every scope is closed.
func NewMemory(cfg Config) *Memory {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func() {}
	}
	m := &Memory{cfg: cfg, start: cfg.Now(), seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].scopes = make(map[dataplane.Scope]*tracker)
	}
	m.table.Store(&table{})
	m.metrics = newMetrics(cfg.Metrics, func() int { return len(m.table.Load().open) })
	return m
}

func (m *Memory) shard(s dataplane.Scope) *shard {
	return &m.shards[maphash.Comparable(m.seed, s)%shardCount]
}

// Condition says how a scope stands now. It takes no lock, and next to no time while
// every scope is closed. For a closed scope it is the zero Condition: how many failures
// such a scope has is in Snapshot.
func (m *Memory) Condition(s dataplane.Scope) dataplane.Condition {
	table := m.table.Load()
	if len(table.open) == 0 {
		return dataplane.Condition{}
	}
	return table.condition(s, m.cfg.Now())
}

// Probe asks to be the one attempt that tries a half-open scope. It grants that to one
// caller at a time, who must say in Report.Probe how the attempt ended; after the lease
// another may try. It never waits; the context is for stores that must ask others.
func (m *Memory) Probe(_ context.Context, s dataplane.Scope, lease time.Duration) (token string, ok bool) {
	if _, open := m.table.Load().open[s]; !open {
		return "", false
	}
	now := m.cfg.Now()
	token = strconv.FormatUint(m.tokens.Add(1), 36)
	sh := m.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.scopes[s]
	if t == nil || !t.mayProbe(now) {
		return "", false
	}
	t.grant(now, token, lease)
	m.adjust(s, t)
	return token, true
}

// Report takes what an attempt says about a scope. A report without a scope says nothing,
// and neither does a success or a failure without a policy to judge it by.
func (m *Memory) Report(r dataplane.Report) { m.take(&r) }

// take is Report; tell means that other nodes should learn of the delivery.
func (m *Memory) take(r *dataplane.Report) (d delivery, tell bool) {
	if r.Scope.Kind == dataplane.ScopeNone || r.Policy == nil && r.Result != dataplane.Neutral {
		return delivery{}, false
	}
	if r.Result == dataplane.Neutral && r.Probe == "" {
		return delivery{}, false
	}
	now := m.cfg.Now()
	var o opening
	c := m.with(r.Scope, now, func(t *tracker) change {
		var c change
		c, tell = t.report(now, m.start, r, m.cfg.Rand)
		if tell {
			d = t.delivery(now, r)
		}
		o = t.opening()
		return c
	})
	m.announce(c, r.Scope, o, now)
	return d, tell
}

// with changes the tracker of a scope, which is made if need be and there is room, and
// then, if change made any, the table.
func (m *Memory) with(s dataplane.Scope, now time.Time, change func(*tracker) change) change {
	sh := m.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.scopes[s]
	if t == nil {
		if t = sh.add(s, now, now.Sub(m.start)); t == nil {
			return unchanged
		}
	}
	c := change(t)
	if c != unchanged {
		m.publish(s, t)
	}
	return c
}

// adjust publishes a scope of which early probes depend. The scope's shard is locked.
func (m *Memory) adjust(s dataplane.Scope, t *tracker) {
	if t.early {
		m.publish(s, t)
	}
}

// publish makes a scope's state known to the request path. The scope's shard is locked.
func (m *Memory) publish(s dataplane.Scope, t *tracker) {
	m.tableMu.Lock()
	defer m.tableMu.Unlock()
	m.table.Store(m.table.Load().with(s, t))
}

// add makes room for a scope and starts to track it; nil means that all the room is
// taken by scopes that are open.
func (sh *shard) add(s dataplane.Scope, now time.Time, age time.Duration) *tracker {
	if len(sh.scopes) >= shardSize {
		sh.makeRoom(now, age)
	}
	if len(sh.scopes) >= shardSize {
		return nil
	}
	t := &tracker{}
	sh.scopes[s] = t
	return t
}

// makeRoom drops the scopes with nothing to remember and then, until an eighth of the
// room is free, scopes that are closed. That much at a time makes it cheap per scope.
func (sh *shard) makeRoom(now time.Time, age time.Duration) {
	maps.DeleteFunc(sh.scopes, func(_ dataplane.Scope, t *tracker) bool { return t.idle(now, age) })
	maps.DeleteFunc(sh.scopes, func(_ dataplane.Scope, t *tracker) bool {
		return !t.open && len(sh.scopes) > shardSize*7/8
	})
}

// idle reports whether forgetting the tracker would change nothing.
func (t *tracker) idle(now time.Time, age time.Duration) bool {
	return !t.open && !now.Before(t.fades) && !now.Before(t.doubt.until) && t.windows.idle(age)
}
