package secrets

import (
	"context"
	"errors"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
)

const (
	// rewrapJob is the name under which one replica re-wraps for all.
	rewrapJob = "re-wrap secrets"
	// rewrapBatch is how many secrets one transaction holds.
	rewrapBatch = 50
)

// Run follows which key is in use and which are given, and re-wraps what is sealed under others, until ctx ends. What a
// crash interrupts goes on with the next round, of whichever replica: each secret is under one key or
// the other. While the database is away it tries again later.
func (m *MasterKeys) Run(ctx context.Context) error {
	follow, round, look := time.NewTicker(m.cfg.Follow), time.NewTicker(m.cfg.Round), time.NewTicker(m.cfg.Look)
	defer follow.Stop()
	defer round.Stop()
	defer look.Stop()
	var trouble, fileTrouble string
	for due := true; ; {
		changed, err := m.follow(ctx)
		if err == nil && (due || changed) {
			err = m.round(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		due = err != nil
		if err != nil && err.Error() != trouble {
			m.cfg.Logger.Error("failed to follow the master key rotation or to re-wrap secrets; retrying", "error", err)
		}
		if trouble = ""; err != nil {
			trouble = err.Error()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-follow.C:
		case <-m.wake:
			due = true
		case <-round.C:
			due = true
		case <-look.C:
			fileTrouble = m.look(ctx, fileTrouble)
		}
	}
}

// follow takes the key that another replica has chosen. What is read must not be older than what this
// one chooses, so that waits.
func (m *MasterKeys) follow(ctx context.Context) (changed bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	present, err := m.cfg.Store.MasterKey(ctx)
	if err != nil || present.ID == m.cfg.Ring.InUse() {
		return false, err
	}
	if err := m.cfg.Ring.Use(present.ID); err != nil {
		return false, err
	}
	m.cfg.Logger.Info("master key rotated by another replica", "to", present.ID, "by", present.By)
	return true, nil
}

// round re-wraps all that is sealed under other keys, unless another replica does.
func (m *MasterKeys) round(ctx context.Context) error {
	_, err := m.cfg.Lock.Exclusive(ctx, rewrapJob, func(ctx context.Context) error {
		if len(m.cfg.Lost) > 0 {
			if err := m.forget(ctx); err != nil {
				return err
			}
		}
		return m.rewrap(ctx)
	})
	return err
}

func (m *MasterKeys) rewrap(ctx context.Context) error {
	total, left := 0, 0
	keyID := m.cfg.Ring.InUse()
	for after := ""; ; {
		batch, err := m.cfg.Store.SealedElsewhere(ctx, keyID, after, rewrapBatch)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			break
		}
		after = batch[len(batch)-1].Ref
		fresh := make([]Resealed, 0, len(batch))
		for _, s := range batch {
			sealed, err := m.cfg.Ring.Rewrap(s.Ciphertext)
			if _, unknown := errors.AsType[*controlplane.UnknownKeyError](err); unknown {
				left++
				continue
			}
			if err != nil {
				m.cfg.Logger.Error("a secret is damaged and cannot be re-wrapped", "ref", s.Ref, "error", err)
				left++
				continue
			}
			fresh = append(fresh, Resealed{Ref: s.Ref, Before: s.Ciphertext, After: sealed})
		}
		if err := m.cfg.Store.Reseal(ctx, fresh); err != nil {
			return err
		}
		total += len(fresh)
	}
	if total > 0 {
		m.cfg.Logger.Info("secrets re-wrapped", "master_key", keyID, "count", total, "left", left)
	}
	return nil
}
