package health

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

// SharedConfig is what a Shared needs.
type SharedConfig struct {
	// Config is that of the health in this process.
	Config
	// Redis is the connection. Required.
	Redis *redis.Client
}

// probeTimeout bounds how long a request waits for a probe.
const probeTimeout = 50 * time.Millisecond

// outboxSize is how many reports may wait to be told to the other nodes.
const outboxSize = 1024

// Shared is a Memory whose evidence and cooldowns all nodes with the same Redis share. What
// this node finds out acts at once; what others find out arrives within about 0.7 s.
// Reports and conditions never wait for Redis: a goroutine of Run's talks to it. Only Probe
// asks it, for at most 50 ms.
//
// While Redis is away the node goes by what it sees itself, exactly as a Memory does.
type Shared struct {
	*Memory
	cfg     SharedConfig
	redis   *redis.Client
	outbox  chan delivery
	syncs   chan chan struct{}
	dropped atomic.Uint64
	keep    atomic.Pointer[func(dataplane.Scope) bool]
	clock   func() time.Time // what the scripts go by; nil: Redis' own clock
}

// NewShared makes a store in which every scope is closed. It talks to nobody until Run.
func NewShared(cfg SharedConfig) (*Shared, error) {
	if cfg.Logger == nil || cfg.Redis == nil {
		return nil, errors.New("health: Logger and Redis are required")
	}
	s := &Shared{Memory: NewMemory(cfg.Config), redis: cfg.Redis, outbox: make(chan delivery, outboxSize), syncs: make(chan chan struct{})}
	cfg.Config = s.Memory.cfg // with its defaults
	s.cfg = cfg
	addSelfTests(s.redis)
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_health_report_dropped_total",
			Help: "Reports of failures, probes and resets that could not be shared with other nodes because Redis was slow or failed.",
		}, func() float64 { return float64(s.dropped.Load()) }))
	}
	return s, nil
}

// Report takes what an attempt says about a scope, as Memory.Report does, and leaves a note
// for the other nodes. It never waits: when too many notes wait, this one is dropped.
func (s *Shared) Report(r dataplane.Report) {
	if d, tell := s.take(&r); tell {
		s.post(d)
	}
}

func (s *Shared) post(d delivery) {
	if !s.redis.Up() {
		return
	}
	select {
	case s.outbox <- d:
	default:
		s.dropped.Add(1)
	}
}

// Probe asks to be the one attempt, of all nodes, that tries a scope. A scope that only
// this node has open is its own to probe, and so is every scope while Redis is away. When
// Redis does not answer within 50 ms, or at once if ctx ends, the answer is no.
func (s *Shared) Probe(ctx context.Context, scope dataplane.Scope, lease time.Duration) (token string, ok bool) {
	if !s.redis.Up() {
		return s.Memory.Probe(ctx, scope, lease)
	}
	shared, may := s.ask(scope)
	if !may {
		return "", false
	}
	if !shared {
		return s.Memory.Probe(ctx, scope, lease)
	}
	token = rand.Text()
	answer, wait, err := s.askRedis(ctx, scope, token, lease)
	switch {
	case redis.KeyFault(err):
		return s.Memory.Probe(ctx, scope, lease) // the fleet has no word on it, and would have none later
	case err != nil:
		return "", false
	case answer == "granted":
		s.granted(scope, token, lease)
		return token, true
	case answer == "closed":
		// Another node's probe went well, or Redis was flushed: the next refresh tells. A
		// probe of our own now could open again, on this node, what the fleet has just closed.
		wait = refreshEvery
	}
	s.denied(scope, wait)
	return "", false
}

func (s *Shared) askRedis(ctx context.Context, scope dataplane.Scope, token string, lease time.Duration) (answer string, wait time.Duration, err error) {
	key := scopeKey(scope)
	args := probeArgs{Now: s.scriptTime(), Scope: key, Token: token, Lease: ms(lease), EarlyEvery: ms(earlyEvery)}
	err = s.redis.Use(ctx, probeTimeout, func(ctx context.Context) error {
		reply, err := s.redis.Run(ctx, newCall(probeScript, []string{recordKey(s.redis, key), s.redis.Key("open"), s.redis.Key("clock")}, args)).Slice()
		if err != nil {
			return err
		}
		var left int64
		if answer, left, err = probeReply(reply); err == nil {
			wait = time.Duration(left) * time.Millisecond
		}
		return err
	})
	return answer, wait, err
}

// Reset closes a scope at once, as Memory.Reset does, here and on the other nodes.
func (s *Shared) Reset(scope dataplane.Scope) {
	s.Memory.Reset(scope)
	s.post(delivery{Report: dataplane.Report{Scope: scope}, reset: true})
}

// Forget drops every scope that is not to be kept, as Memory.Forget does, and from then on
// takes over none of these from other nodes. keep is called again whenever they tell of a
// scope, until the next Forget.
func (s *Shared) Forget(keep func(dataplane.Scope) bool) {
	s.keep.Store(&keep)
	s.Memory.Forget(keep)
}

// scriptTime is what tests set the clock of the scripts to; 0 is Redis' own.
func (s *Shared) scriptTime() int64 {
	if s.clock == nil {
		return 0
	}
	return s.clock().UnixMilli()
}
