package server

import (
	"context"
	"os"
	"path/filepath"

	"github.com/trunkline-ai/trunkline/dataplane/limits"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

// nodeLimits keeps the limits of API keys: shared with other nodes if it has Redis, and what
// was spent kept over a restart if it has a data folder.
type nodeLimits struct{ *limits.Limiter }

func openLimits(cfg *Config, shared *redis.Client) *nodeLimits {
	lc := limits.Config{Redis: shared, Logger: cfg.Logger, Metrics: cfg.Metrics, File: cfg.BudgetFile}
	if lc.File == "" && cfg.DataDir != "" {
		lc.File = filepath.Join(cfg.DataDir, "budgets.json")
	}
	if lc.File != "" {
		if err := os.MkdirAll(filepath.Dir(lc.File), 0o700); err != nil {
			cfg.Logger.Error("failed to create the data folder", "error", err) // saving will fail too
		}
	}
	return &nodeLimits{limits.New(lc)}
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
	}
}
