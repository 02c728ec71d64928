package secrets

import (
	"context"
	"log/slog"
	"time"
)

const (
	// Kept is for how long the secret of a credential that was deleted or replaced stays in the
	// database: so far back a rollback brings it back.
	Kept = 7 * 24 * time.Hour
	// retireEvery is how often those whose time is over are removed.
	retireEvery = time.Hour
)

// RetireStore removes secrets that no document refers to.
type RetireStore interface {
	// RetireSecrets removes those that no document has referred to since before t.
	RetireSecrets(ctx context.Context, t time.Time) (removed int, err error)
}

// Retirer removes the secrets of credentials that were deleted or replaced.
type Retirer struct {
	Store  RetireStore
	Logger *slog.Logger
}

// Run removes what is due until ctx ends. While the database is away it tries again later.
func (r Retirer) Run(ctx context.Context) error {
	tick := time.NewTicker(retireEvery)
	defer tick.Stop()
	for {
		_, err := r.Store.RetireSecrets(ctx, time.Now().Add(-Kept))
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			r.Logger.Warn("failed to delete unused secrets; retrying", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
