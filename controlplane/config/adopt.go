package config

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/validation"
)

// Adopt declares the database to be the right one although nodes, or this replica, know a
// newer revision or another database. others are lineages that nodes follow.
func (l *Live) Adopt(ctx context.Context, actor string, others []string) (*controlplane.Config, error) {
	c, err := l.cfg.Store.Adopt(ctx, actor, others)
	if err != nil {
		return nil, err
	}
	if err := validation.Check(c); err != nil {
		l.cfg.Logger.Warn("the adopted configuration violates current validation rules: changes are refused until it is fixed", "error", err)
	}
	l.install(c)
	l.loaded.Store(true)
	return c, nil
}
