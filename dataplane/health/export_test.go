package health

import (
	"context"
	"time"
)

// UseClock makes the scripts go by the clock of this process instead of Redis' own, so
// that tests can set it. It must be called before Run.
func (s *Shared) UseClock(now func() time.Time) { s.clock = now }

// Sync tells the fleet what waits and learns how it stands. Run must be running.
func (s *Shared) Sync(ctx context.Context) {
	done := make(chan struct{})
	select {
	case s.syncs <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}
