// Package redis is a node's one connection to Redis. Health, limits and revocations share it,
// and so agree on whether Redis is there: a breaker leaves it alone after 5 errors in a row,
// or when more than half of at least 4 uses within 2 s failed, and it is tried again every 5 s.
// While it is away every use fails at once. A server that is there and refuses the node counts as
// away too, and is told apart. One key that does not hold what it should is no reason to leave Redis alone.
//
// Nothing but scripts is run: each is one round trip and atomic. Before Redis counts as up
// every script was run once, on keys of nobody's.
package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
	"golang.org/x/time/rate"
)

const (
	dialTimeout = 200 * time.Millisecond
	callTimeout = 100 * time.Millisecond // of a read, a write, a wait for a connection
	testTimeout = 300 * time.Millisecond // of all self-tests together
	retryEvery  = 5 * time.Second        // while Redis is away; 20 % more or less
)

// ErrAway is what every use of Redis gets while the breaker is open.
var ErrAway = errors.New("redis is unreachable")

// The states of a client.
const (
	untried int32 = iota
	up
	away
)

// Config is what a Client needs.
type Config struct {
	// URL names Redis: redis://[user:password@]host:port/db, rediss:// for TLS. Required.
	URL string
	// Again reads the URL again for each connection, of which user and password count; default: they never change.
	Again func() (string, error)
	// Environment keeps apart several Trunklines on one Redis; default "default".
	Environment string
	// OnChange is called when Redis went or came. It must not block. Default: nothing.
	OnChange func()
	Logger   *slog.Logger          // required
	Metrics  prometheus.Registerer // nil: none
	// RetryEvery is the time between two tries while Redis is away, 20 % more or less; default 5s.
	RetryEvery time.Duration
}

// Client is the connection to Redis, behind a breaker. It is safe for concurrent use.
type Client struct {
	cfg      Config
	options  *redis.Options
	redis    atomic.Pointer[redis.Client] // a new one whenever Redis comes back
	log      *slog.Logger
	start    time.Time
	breaker  breaker
	tests    []selfTest
	trying   sync.Mutex // held by the one that tries whether Redis is there
	state    atomic.Int32
	retryAt  atomic.Int64 // time since start; meaningful while away
	evalOnly atomic.Bool  // the server knows EVAL but not EVALSHA
	cause    atomic.Pointer[cause]
	faults   atomic.Uint64  // see KeyFault
	faulty   rate.Sometimes // how often they are logged
}

// cause is why Redis is not used.
type cause struct {
	denied bool
	text   string
}

type selfTest struct {
	name string
	call func(key string) Call
}

// New reads the URL and connects to nobody yet.
func New(cfg Config) (*Client, error) {
	if cfg.Logger == nil {
		return nil, errors.New("redis: Logger is required")
	}
	cfg.Environment = cmp.Or(cfg.Environment, "default")
	cfg.RetryEvery = cmp.Or(cfg.RetryEvery, retryEvery)
	if cfg.OnChange == nil {
		cfg.OnChange = func() {}
	}
	options, err := redis.ParseURL(cfg.URL)
	if err != nil || strings.Contains(options.Addr, ",") {
		// The error may quote the URL, and that may hold a password.
		return nil, errors.New("the Redis URL must have the form redis://[user:password@]host:port/db, or rediss:// for TLS; " +
			"Sentinel and Cluster are not supported: give an address that leads to the primary")
	}
	// The library logs to a logger of its own, for the whole process, and once per failed
	// connection; we log once per change.
	logging.Disable()
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = dialTimeout, callTimeout, callTimeout, callTimeout
	options.MaxRetries, options.DialerRetries, options.ContextTimeoutEnabled = -1, 1, true
	options.PoolSize, options.MinIdleConns = 8, 0
	options.Protocol, options.DisableIdentity = 2, true
	if cfg.Again != nil {
		options.CredentialsProvider = func() (user, password string) { return credentials(cfg.Again, options) }
	}
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c := &Client{
		cfg: cfg, options: options, log: cfg.Logger.With("redis", options.Addr), start: time.Now(),
		faulty: rate.Sometimes{First: 1, Interval: time.Minute},
	}
	c.redis.Store(redis.NewClient(options))
	if cfg.Metrics != nil {
		c.register(cfg.Metrics)
	}
	return c, nil
}

// credentials are those of the URL as it is now. One that cannot be read leaves those of the start: the
// server says whether they are still good.
func credentials(again func() (string, error), start *redis.Options) (user, password string) {
	if url, err := again(); err == nil {
		if now, err := redis.ParseURL(url); err == nil {
			return now.Username, now.Password
		}
	}
	return start.Username, start.Password
}

func (c *Client) register(metrics prometheus.Registerer) {
	gauge := func(name, help string, is func() bool) {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if is() {
				return 1
			}
			return 0
		}))
	}
	gauge("trunkline_redis_state", "1 while health, limits and revoked keys are shared through Redis, 0 while this node goes by its own.", c.Up)
	gauge("trunkline_redis_denied", "1 while Redis is there and refuses this node: its password or its permissions are wrong.", func() bool {
		return c.State() == "denied"
	})
	metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "trunkline_redis_key_faults_total",
		Help: "Errors of Redis because a key has the wrong type; what belongs to that key is not shared.",
	}, func() float64 { return float64(c.faults.Load()) }))
}

// SelfTest adds a call that must work before Redis counts as up, on a key of nobody's. It
// must be called before Connect. A server on which a script cannot run is so found at once,
// and not by losing what was to be told.
func (c *Client) SelfTest(name string, call func(key string) Call) {
	c.tests = append(c.tests, selfTest{name, call})
}

// Key is the name under which something is kept: all keys of an environment share one hash
// tag, so that they are in one slot.
func (c *Client) Key(name string) string { return "{trunkline:" + c.cfg.Environment + "}:" + name }

// TaggedKey is a key with a hash tag of its own, for what need not be in one slot with all the rest.
func (c *Client) TaggedKey(tag, name string) string {
	return "{trunkline:" + c.cfg.Environment + ":" + tag + "}:" + name
}

// Up reports whether Redis is there.
func (c *Client) Up() bool { return c.state.Load() == up }

// Tried reports whether it is known how Redis is: soon after the start it is, there or not.
func (c *Client) Tried() bool { return c.state.Load() != untried }

// State says whether Redis is up, down, or there and refuses the node: denied.
func (c *Client) State() string {
	if c.Up() {
		return "up"
	}
	if why := c.cause.Load(); why != nil && why.denied {
		return "denied"
	}
	return "down"
}

// Trouble says why Redis is not used; empty while it is, or was not tried yet.
func (c *Client) Trouble() string {
	if why := c.cause.Load(); why != nil && !c.Up() {
		return why.text
	}
	return ""
}

// Close ends the connections. From then on Redis is away.
func (c *Client) Close() {
	c.state.Store(away)
	if err := c.redis.Load().Close(); err != nil {
		c.log.Debug("close the connections to Redis", "error", err)
	}
}

// Use does something with Redis, unless it is away, and learns from how that went.
func (c *Client) Use(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	if !c.Up() {
		return ErrAway
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(limited)
	if errors.Is(ctx.Err(), context.Canceled) {
		return err // our side gave up: that says nothing about Redis
	}
	if KeyFault(err) {
		c.noteFault(err)
		c.breaker.note(time.Since(c.start), false)
		return err
	}
	if c.breaker.note(time.Since(c.start), err != nil) {
		c.setAway(err)
	}
	return err
}

func (c *Client) noteFault(err error) {
	c.faults.Add(1)
	c.faulty.Do(func() {
		c.log.Warn("a key in Redis has unexpected contents and is not shared; find out what writes it, and delete it", "error", OneLine(err))
	})
}

// Ping asks Redis for nothing. Call it within Use.
func (c *Client) Ping(ctx context.Context) error { return c.redis.Load().Ping(ctx).Err() }

// Connect tries Redis if it is not up and a try is due: a PING, then every self-test. It
// returns how long to leave Redis alone; 0 when it is up.
func (c *Client) Connect(ctx context.Context) (wait time.Duration) {
	if c.Up() {
		return 0
	}
	c.trying.Lock()
	defer c.trying.Unlock()
	if c.Up() {
		return 0
	}
	if wait := c.retryIn(); wait > 0 {
		return wait
	}
	if err := c.try(ctx); err != nil {
		if ctx.Err() == nil {
			c.setAway(err)
		}
		return max(c.retryIn(), time.Millisecond)
	}
	c.breaker.clear()
	c.cause.Store(nil)
	c.state.Store(up)
	c.log.Info("health, limits and revoked keys are shared through Redis")
	c.cfg.OnChange()
	return 0
}

// try asks over connections of its own. Those from before an outage may all be dead without anybody
// having noticed, and each would cost a try.
func (c *Client) try(ctx context.Context) (err error) {
	fresh := redis.NewClient(c.options)
	defer func() {
		if err != nil {
			_ = fresh.Close() // the first error says more
		}
	}()
	limited, cancel := context.WithTimeout(ctx, dialTimeout+callTimeout)
	defer cancel()
	if err := fresh.Ping(limited).Err(); err != nil {
		return err
	}
	limited, cancel = context.WithTimeout(ctx, testTimeout)
	defer cancel()
	key := "test:" + rand.Text()
	for _, test := range c.tests {
		err := c.run(limited, fresh, test.call(key)).Err()
		if KeyFault(err) {
			c.noteFault(err)
			continue
		}
		if err != nil {
			return fmt.Errorf("try the script %q: %w", test.name, err)
		}
	}
	if old := c.redis.Swap(fresh); old != nil {
		_ = old.Close() // whoever uses it still is answered with an error, as while Redis is away
	}
	return nil
}

// setAway leaves Redis alone for a while.
func (c *Client) setAway(err error) {
	wait := time.Duration(float64(c.cfg.RetryEvery) * (0.8 + 0.4*mathrand.Float64()))
	c.retryAt.Store(int64(time.Since(c.start) + wait))
	now := &cause{denied: Denied(err), text: c.explained(err)}
	before := c.cause.Swap(now)
	changed := c.state.Swap(away) != away
	if !changed && before != nil && before.denied == now.denied {
		return
	}
	if now.denied {
		c.log.Error("Redis refuses this node; it uses only its own health and limits until this is fixed", "error", now.text)
	} else {
		c.log.Warn("Redis is unreachable; this node uses only its own health and limits until it is back", "error", now.text)
	}
	c.cfg.OnChange()
}

// retryIn is how long to leave Redis alone; 0 when it may be tried.
func (c *Client) retryIn() time.Duration {
	if c.state.Load() != away {
		return 0
	}
	return max(time.Duration(c.retryAt.Load())-time.Since(c.start), 0)
}

// OneLine is for errors that servers and proxies made long.
func OneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text[:min(len(text), 200)]
}
