package health

import (
	"cmp"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// saved is what is worth keeping over a restart.
func (m *Memory) saved() savedFile {
	f := savedFile{Version: 1, SavedAt: m.cfg.Now(), Cooldowns: []savedCooldown{}}
	if epoch := m.epoch.Load(); epoch != nil {
		f.Epoch = *epoch
	}
	for s := range m.table.Load().open {
		sh := m.shard(s)
		sh.mu.Lock()
		if t := sh.scopes[s]; t != nil && t.open && f.SavedAt.Before(t.fades) {
			f.Cooldowns = append(f.Cooldowns, savedCooldown{
				Scope: scopeKey(s), Until: t.until, Fades: t.fades, EarlyAt: t.earlyAt,
				Level: t.level, Openings: t.openings, Threshold: t.threshold,
				ProbeFailed: t.probeFailed, Early: t.early, Shared: t.fleet.open, Reason: t.reason.String(),
			})
		}
		sh.mu.Unlock()
	}
	slices.SortFunc(f.Cooldowns, func(a, b savedCooldown) int { return cmp.Compare(a.Scope, b.Scope) })
	return f
}

// restore opens what was open, for the time that is left by the wall clock: never more than
// there was when it was saved, should the clock have been set back. It returns how many.
func (m *Memory) restore(f savedFile) (n int) {
	now := m.cfg.Now()
	at := func(t time.Time) time.Time { return now.Add(min(t.Sub(now), t.Sub(f.SavedAt))) }
	if f.Epoch != "" {
		m.epoch.Store(&f.Epoch)
	}
	for _, c := range f.Cooldowns {
		s, ok := parseScope(c.Scope)
		if !ok || !now.Before(at(c.Fades)) {
			continue
		}
		reason, ok := dataplane.OutcomeNamed(c.Reason)
		if !ok {
			reason = dataplane.ServerError
		}
		m.with(s, now, func(t *tracker) change {
			t.open, t.until, t.fades, t.reason = true, at(c.Until), at(c.Fades), reason
			t.level, t.openings, t.threshold = max(c.Level, 1), max(c.Openings, 1), c.Threshold
			t.probeFailed, t.early, t.earlyAt = c.ProbeFailed, c.Early, at(c.EarlyAt)
			t.fleet.open = c.Shared
			return adjusted
		})
		n++
	}
	return n
}
