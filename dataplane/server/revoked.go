package server

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/dataplane/revocation"
	"github.com/trunkline-ai/trunkline/internal/sealedfile"
)

// revocations is what the node knows of revoked keys: kept over a restart if it has a data
// folder, passed on to other nodes if it has Redis.
type revocations struct {
	*revocation.Store
	broadcast *revocation.Broadcast // nil: there is no Redis
}

// openRevocations makes the store. sealer is nil when nothing is kept.
func (s *Server) openRevocations(cfg *Config, sealer *sealedfile.Sealer, shared *redis.Client) (err error) {
	rc := revocation.Config{Apply: s.revoke, Logger: cfg.Logger}
	if sealer != nil {
		rc.File = revocation.NewFile(filepath.Join(cfg.DataDir, "revocations"), sealer)
	}
	if shared != nil {
		s.revocations.broadcast = revocation.NewBroadcast(revocation.BroadcastConfig{
			Redis: shared,
			Learn: func(list []revocation.Revocation) { s.revocations.Learn(list) },
			All:   func() []revocation.Revocation { return s.revocations.All() },
		})
		rc.Publish = s.revocations.broadcast.Publish
	}
	s.revocations.Store, err = revocation.New(rc)
	return err
}

// revoke replaces the revoked keys, and cuts streams where that was asked for.
func (s *Server) revoke(keys dataplane.RevokedKeys) {
	if s.overlay.Revoke(keys) {
		s.proxy.EndRevoked()
	}
}

// start loads what the last run knew and passes revocations on in the background; stop ends
// that and waits. Without Redis there is nothing to pass on.
func (r *revocations) start(ctx context.Context) (stop func()) {
	r.Load()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	if r.broadcast != nil {
		wg.Go(func() { _ = r.broadcast.Run(ctx) }) // ends with ctx, and without an error
	}
	return func() {
		cancel()
		wg.Wait()
	}
}
