package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/trunkline-ai/trunkline/dataplane/limits"
)

// nodeLimits keeps the limits of API keys: shared with other nodes if it has Redis, and what
// was spent kept over a restart if it has a data folder.
type nodeLimits struct {
	*limits.Limiter
	redis *redis.Client // nil: there is none
}

func openLimits(cfg *Config) (*nodeLimits, error) {
	lc := limits.Config{Environment: cfg.Environment, Logger: cfg.Logger, Metrics: cfg.Metrics, File: cfg.BudgetFile}
	if lc.File == "" && cfg.DataDir != "" {
		lc.File = filepath.Join(cfg.DataDir, "budgets.json")
	}
	if lc.File != "" {
		if err := os.MkdirAll(filepath.Dir(lc.File), 0o700); err != nil {
			cfg.Logger.Error("data folder could not be made", "error", err) // saving will fail too
		}
	}
	if cfg.RedisURL == "" {
		return &nodeLimits{Limiter: limits.New(lc)}, nil
	}
	o, err := redis.ParseURL(cfg.RedisURL)
	if err != nil { // never quoted: the URL may hold a password
		return nil, errors.New("REDIS_URL is not of the form redis://[user:password@]host:port/db, or rediss:// for TLS")
	}
	// One goroutine uses it, which must not hang on what does not answer.
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = 200*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
	o.PoolSize, o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = 2, -1, 1, true
	o.Protocol, o.DisableIdentity = 2, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	client := redis.NewClient(o)
	lc.Redis = client
	return &nodeLimits{limits.New(lc), client}, nil
}

// start shares and saves in the background; stop does both once more and waits.
func (l *nodeLimits) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Run(ctx) // ends with ctx, and without an error
	}()
	return func() {
		cancel()
		<-done
		if l.redis != nil {
			_ = l.redis.Close() // nothing is lost with the connections
		}
	}
}
