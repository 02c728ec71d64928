package health

import (
	"cmp"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Snapshot lists every scope that is not simply healthy: open, half-open, or closed with
// failures in its window. It is sorted by kind, provider and name.
func (m *Memory) Snapshot() []dataplane.ScopeHealth {
	now := m.cfg.Now()
	var out []dataplane.ScopeHealth
	for i := range m.shards {
		out = m.shardSnapshot(out, &m.shards[i], now)
	}
	out = m.table.Load().addDown(out, now)
	slices.SortFunc(out, func(a, b dataplane.ScopeHealth) int {
		return cmp.Or(cmp.Compare(a.Scope.Kind, b.Scope.Kind),
			cmp.Compare(a.Scope.Provider, b.Scope.Provider), cmp.Compare(a.Scope.Name, b.Scope.Name))
	})
	return out
}

// shardSnapshot adds a shard's part, and drops from the shard what is simply healthy.
func (m *Memory) shardSnapshot(out []dataplane.ScopeHealth, sh *shard, now time.Time) []dataplane.ScopeHealth {
	age := now.Sub(m.start)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for s, t := range sh.scopes {
		if t.fade(now) {
			m.publish(s, t)
		}
		if t.idle(now, age) {
			delete(sh.scopes, s)
			continue
		}
		line := dataplane.ScopeHealth{Scope: s, Threshold: t.threshold}
		switch failures := t.windows.failures(age); {
		case t.open:
			line.Condition = t.opening().condition(now)
		case failures > 0:
			line.Condition = dataplane.Condition{Level: t.level, Failures: failures}
		default:
			continue
		}
		out = append(out, line)
	}
	return out
}

// Reset closes a scope at once and forgets its level, because a person says that it is
// well. Failures of attempts that are in flight no longer count.
func (m *Memory) Reset(s dataplane.Scope) {
	now := m.cfg.Now()
	if m.reset(s, now) {
		m.announce(closed, s, opening{}, now)
	}
}

func (m *Memory) reset(s dataplane.Scope, now time.Time) (wasOpen bool) {
	sh := m.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.scopes[s]
	if t == nil {
		return false
	}
	wasOpen = t.reset(now)
	if wasOpen {
		m.publish(s, t)
	}
	return wasOpen
}

// Forget drops every scope that is not to be kept, because the configuration no longer
// has it. A late report of such a scope starts it again. keep must not call the Memory.
func (m *Memory) Forget(keep func(dataplane.Scope) bool) {
	changed := false
	for i := range m.shards {
		changed = m.forget(&m.shards[i], keep) || changed
	}
	if changed {
		m.cfg.OnChange()
	}
}

func (m *Memory) forget(sh *shard, keep func(dataplane.Scope) bool) (changed bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for s, t := range sh.scopes {
		if keep(s) {
			continue
		}
		delete(sh.scopes, s)
		if t.open {
			m.publish(s, nil)
			changed = true
		}
	}
	return changed
}

// announce tells the log, the metrics and the owner of a change. No lock is held.
func (m *Memory) announce(c change, s dataplane.Scope, o opening, now time.Time) {
	if c == unchanged || c == adjusted {
		return
	}
	log := m.cfg.Logger.With("scope", scopeKind(s.Kind), "provider", s.Provider, "name", s.Name)
	switch c {
	case opened, reopened:
		m.metrics.opened(s, o)
		log.Warn("cooldown started", "reason", o.reason.String(), "level", o.level,
			"cooldown", o.until.Sub(now), "failed_probe", c == reopened)
	case extended:
		log.Info("cooldown extended", "reason", o.reason.String(), "cooldown", o.until.Sub(now))
	case closed:
		log.Info("cooldown ended")
	}
	m.cfg.OnChange()
}
