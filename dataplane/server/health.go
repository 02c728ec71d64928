package server

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
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
	redis func() string // off, up or down
	runs  []func(context.Context) error
	// revoke tells other nodes of revoked keys; without Redis it does nothing.
	revoke func([]dataplane.Revocation)
}

// openHealth makes the health, with the cooldowns of the last run. onChange is called when
// the status is worth sending; talk is how revoked keys come and go through Redis.
func openHealth(cfg *Config, onChange func(), talk gossip) (*nodeHealth, error) {
	h := &nodeHealth{redis: func() string { return "off" }, revoke: func([]dataplane.Revocation) {}}
	changed := onChange
	hc := health.Config{Logger: cfg.Logger, Metrics: cfg.Metrics, OnChange: func() { changed() }}
	var memory *health.Memory
	if cfg.RedisURL == "" {
		memory = health.NewMemory(hc)
		h.healthStore = memory
	} else {
		shared, err := health.NewShared(health.SharedConfig{
			Config: hc, URL: cfg.RedisURL, Environment: cfg.Environment, Revoked: talk.learn, Revocations: talk.known,
		})
		if err != nil {
			return nil, err
		}
		memory, h.healthStore, h.redis, h.revoke = shared.Memory, shared, shared.State, shared.Revoke
		h.runs = append(h.runs, shared.Run)
	}
	path := cfg.HealthFile
	if path == "" && cfg.DataDir != "" {
		path = filepath.Join(cfg.DataDir, "health.json")
	}
	if path != "" {
		keeper := health.NewKeeper(path, memory, cfg.Logger)
		keeper.Load()
		changed = func() {
			keeper.Changed()
			onChange()
		}
		h.runs = append(h.runs, keeper.Run)
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
// the provider when both are empty.
func (s *Server) resetCooldown(provider, model, credential string) {
	snapshot := s.snapshot.Load()
	if snapshot == nil {
		return
	}
	p := snapshot.Providers[provider]
	if p == nil {
		return
	}
	all := model == "" && credential == ""
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
