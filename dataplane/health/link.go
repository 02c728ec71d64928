package health

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout = 200 * time.Millisecond
	callTimeout = 50 * time.Millisecond  // of a read, a write, a wait for a connection
	taskTimeout = 300 * time.Millisecond // of all that the courier does at once
	retryEvery  = 5 * time.Second        // while Redis is away; 20 % more or less
)

// errAway is what every use of Redis gets while the breaker is open.
var errAway = errors.New("redis is away")

// The states of a link.
const (
	linkNew int32 = iota // nothing was tried yet
	linkUp
	linkDown
)

// link is the connection to Redis, behind a breaker. It is safe for concurrent use.
type link struct {
	client   *redis.Client
	prefix   string // of every key: one hash tag, so that a cluster keeps them in one slot
	log      *slog.Logger
	onChange func()
	start    time.Time
	breaker  breaker
	retry    time.Duration // between two tries while down, 20 % more or less
	state    atomic.Int32
	retryAt  atomic.Int64 // time since start; meaningful while down
	evalOnly atomic.Bool  // the server knows EVAL but not EVALSHA
}

// newLink reads the URL and connects to nobody yet.
func newLink(rawURL, environment string, log *slog.Logger, onChange func()) (*link, error) {
	options, err := redis.ParseURL(rawURL)
	if err != nil || strings.Contains(options.Addr, ",") {
		// The error may quote the URL, and that may hold a password.
		return nil, errors.New("the Redis URL must have the form redis://[user:password@]host:port/db, or rediss:// for TLS; " +
			"Sentinel and Cluster are not spoken here: give an address that leads to the primary")
	}
	// The library logs to a logger of its own, for the whole process, and once per failed
	// connection; we log once per change.
	logging.Disable()
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = dialTimeout, callTimeout, callTimeout, callTimeout
	options.MaxRetries, options.DialerRetries, options.ContextTimeoutEnabled = -1, 1, true
	options.PoolSize, options.MinIdleConns = 8, 0
	options.Protocol, options.DisableIdentity = 2, true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &link{
		client: redis.NewClient(options), prefix: "{trunkline:" + environment + "}:",
		log: log.With("redis", options.Addr), onChange: onChange, start: time.Now(), retry: retryEvery,
	}, nil
}

func (l *link) up() bool { return l.state.Load() == linkUp }

func (l *link) close() {
	l.state.Store(linkDown)
	if err := l.client.Close(); err != nil {
		l.log.Debug("close the connections to Redis", "error", err)
	}
}

// use does something with Redis, unless it is away, and learns from how that went.
func (l *link) use(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	if !l.up() {
		return errAway
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(limited)
	if errors.Is(ctx.Err(), context.Canceled) {
		return err // our side gave up: that says nothing about Redis
	}
	if l.breaker.note(time.Since(l.start), err != nil) {
		l.setDown(err)
	}
	return err
}

// connect tries Redis once: a PING, and then every script on a scope of nobody's.
func (l *link) connect(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, dialTimeout+callTimeout)
	defer cancel()
	err := l.client.Ping(limited).Err()
	if err == nil {
		err = l.selfTest(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			l.setDown(err)
		}
		return err
	}
	l.breaker.clear()
	if l.state.Swap(linkUp) != linkUp {
		l.log.Info("health is shared through Redis")
		l.onChange()
	}
	return nil
}

// setDown leaves Redis alone for a while.
func (l *link) setDown(err error) {
	wait := time.Duration(float64(l.retry) * (0.8 + 0.4*rand.Float64()))
	l.retryAt.Store(int64(time.Since(l.start) + wait))
	if l.state.Swap(linkDown) != linkDown {
		l.log.Warn("Redis is away: this node goes by its own health until it is back", "error", oneLine(err))
		l.onChange()
	}
}

// retryIn is how long to leave Redis alone; 0 when it may be tried.
func (l *link) retryIn() time.Duration {
	if l.state.Load() != linkDown {
		return 0
	}
	return max(time.Duration(l.retryAt.Load())-time.Since(l.start), 0)
}
