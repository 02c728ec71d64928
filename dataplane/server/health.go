package server

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
)

// healthStore is what a node needs of its health, shared or not.
type healthStore interface {
	engine.Health
	Snapshot() []dataplane.ScopeHealth
	Reset(s dataplane.Scope)
	Forget(keep func(dataplane.Scope) bool)
}

// nodeHealth is the node's health: shared with other nodes if it has Redis, kept over a
// restart if it has a data folder.
type nodeHealth struct {
	healthStore
	runs []func(context.Context) error
}

// openHealth makes the health, with the cooldowns of the last run. onChange is called when
// the status is worth sending; shared is nil when there is no Redis.
func openHealth(cfg *Config, onChange func(), shared *redis.Client) (*nodeHealth, error) {
	h := &nodeHealth{}
	changed := onChange
	hc := health.Config{Logger: cfg.Logger, Metrics: cfg.Metrics, OnChange: func() { changed() }}
	var memory *health.Memory
	if shared == nil {
		memory = health.NewMemory(hc)
		h.healthStore = memory
	} else {
		withOthers, err := health.NewShared(health.SharedConfig{Config: hc, Redis: shared})
		if err != nil {
			return nil, err
		}
		memory, h.healthStore = withOthers.Memory, withOthers
		h.runs = append(h.runs, withOthers.Run)
	}
	path := cfg.HealthFile
	if path == "" && cfg.DataDir != "" {
		path = filepath.Join(cfg.DataDir, "health.json")
	}
	if path != "" {
		persistence := health.NewPersistence(path, memory, cfg.Logger)
		persistence.Load()
		changed = func() {
			persistence.Changed()
			onChange()
		}
		h.runs = append(h.runs, persistence.Run)
	}
	return h, nil
}

// start does what goes on in the background; stop ends it and waits.
func (h *nodeHealth) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, run := range h.runs {
		wg.Go(func() { _ = run(ctx) }) // they end with ctx, and without an error
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// resetCooldown ends the cooldowns of a model, of a credential, or of all that belongs to
// the provider when both are empty, and forgets what was learned of the models that are meant.
func (s *Server) resetCooldown(provider, model, credential string) {
	snapshot := s.overlay.Snapshot()
	if snapshot == nil {
		return
	}
	p := snapshot.Providers[provider]
	if p == nil {
		return
	}
	all := model == "" && credential == ""
	if all || model != "" {
		s.proxy.Engine().Learned().Forget(func(t dataplane.Scope) bool { return t.Provider == provider && (all || t.Name == model) })
	}
	if all {
		s.health.Reset(p.Scope)
	}
	for _, id := range p.Models {
		if all || id == model {
			s.health.Reset(dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: provider, Name: id})
		}
	}
	for _, c := range p.Credentials {
		if all || c.Name == credential {
			s.health.Reset(c.Scope)
		}
	}
}
