package health

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/trunkline-ai/trunkline/dataplane"
)

// SharedConfig is what a Shared needs.
type SharedConfig struct {
	// Config is that of the health in this process.
	Config
	// URL names Redis: redis://[user:password@]host:port/db, rediss:// for TLS. Required.
	URL string
	// Environment keeps apart several Trunklines on one Redis; default "default".
	Environment string
	// Revoked takes what other nodes say of revoked API keys; it is called from Run's
	// goroutine. Default: nobody does.
	Revoked func([]dataplane.Revocation)
	// Revocations is all that this node knows to be revoked: other nodes are told when Redis
	// is reached anew. Default: nothing.
	Revocations func() []dataplane.Revocation
}

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
	cfg      SharedConfig
	link     *link
	outbox   chan delivery
	syncs    chan chan struct{}
	bulletin bulletin
	dropped  atomic.Uint64
	keep     atomic.Pointer[func(dataplane.Scope) bool]
	clock    func() time.Time // what the scripts go by; nil: Redis' own clock
}

// NewShared makes a store in which every scope is closed. It talks to nobody until Run.
func NewShared(cfg SharedConfig) (*Shared, error) {
	if cfg.Environment == "" {
		cfg.Environment = "default"
	}
	if cfg.Logger == nil {
		return nil, errors.New("health: Logger is required")
	}
	s := &Shared{Memory: NewMemory(cfg.Config), outbox: make(chan delivery, outboxSize), syncs: make(chan chan struct{})}
	s.bulletin.wake = make(chan struct{}, 1)
	cfg.Config = s.Memory.cfg // with its defaults
	s.cfg = cfg
	var err error
	if s.link, err = newLink(cfg.URL, cfg.Environment, cfg.Logger, cfg.OnChange); err != nil {
		return nil, err
	}
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "trunkline_redis_state",
			Help: "1 while health is shared through Redis, 0 while this node goes by its own.",
		}, func() float64 {
			if s.link.up() {
				return 1
			}
			return 0
		}), prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_health_report_dropped_total",
			Help: "Reports of failures, probes and resets that the other nodes were not told, because Redis was slow or failed.",
		}, func() float64 { return float64(s.dropped.Load()) }))
	}
	return s, nil
}

// State says whether Redis is up or down.
func (s *Shared) State() string {
	if s.link.up() {
		return "up"
	}
	return "down"
}

// Report takes what an attempt says about a scope, as Memory.Report does, and leaves a note
// for the other nodes. It never waits: when too many notes wait, this one is dropped.
func (s *Shared) Report(r dataplane.Report) {
	if d, tell := s.take(&r); tell {
		s.post(d)
	}
}

func (s *Shared) post(d delivery) {
	if !s.link.up() {
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
	if !s.link.up() {
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
	err = s.link.use(ctx, callTimeout, func(ctx context.Context) error {
		reply, err := s.link.run(ctx, newCall(probeScript, []string{s.link.record(key), s.link.key("open"), s.link.key("clock")}, args)).Slice()
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
