package config

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Transaction changes documents in one transaction and makes the result current: decide sees
// the newest configuration and says what to change, in stored form, so that nothing written
// in between is lost. decide may run more than once: the last run counts. No ops change
// nothing.
func (l *Live) Transaction(ctx context.Context, actor string, decide func(*controlplane.Config) ([]controlplane.Op, error)) (*controlplane.Config, error) {
	if !l.loaded.Load() {
		return nil, errs.Newf(errs.Unavailable, "the configuration is not loaded yet")
	}
	next, err := l.cfg.Store.Update(ctx, actor, l.current.Load(), decide)
	if err != nil {
		return nil, err
	}
	l.install(next)
	return next, nil
}
