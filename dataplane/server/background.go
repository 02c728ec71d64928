package server

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/background"
)

// openBackground keeps calls whose responses go on, beside the calls that are not shipped yet.
func (s *Server) openBackground(cfg *Config) {
	dir := cfg.CallDir
	if dir == "" && cfg.DataDir != "" {
		dir = filepath.Join(cfg.DataDir, "calls")
	}
	if dir != "" {
		dir = filepath.Join(dir, "background")
	}
	s.background = background.New(background.Config{
		Dir: dir, Snapshot: s.overlay.Snapshot,
		Ask: func(ctx context.Context, id dataplane.ResponseID) background.Asked {
			response, gone := s.proxy.Look(ctx, id)
			return background.Asked{Response: response, Gone: gone}
		},
		Record: s.record,
		Late:   func(c dataplane.Call) { s.bodies.Record(c) }, // another node has counted it, if it is there
		Resume: s.limits.Resume, Now: time.Now, Logger: cfg.Logger, Metrics: cfg.Metrics,
	})
}

// startBackground asks how responses stand; stop ends it and waits, and may be called again.
func (s *Server) startBackground(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	asking.Go(func() { s.background.Run(ctx) })
	return func() {
		cancel()
		asking.Wait()
	}
}

// record counts and ships a call that is over.
func (s *Server) record(c dataplane.Call) {
	s.observe(&c)
	s.bodies.Record(c)
}
