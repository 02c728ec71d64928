// Package healthtest is what every store of health must do, as tests. Each of them opens a
// store of its own, so that they can run side by side on a shared server.
package healthtest

import (
	"context"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Store is what the suite exercises.
type Store interface {
	Condition(s dataplane.Scope) dataplane.Condition
	Probe(ctx context.Context, s dataplane.Scope, lease time.Duration) (token string, ok bool)
	Report(r dataplane.Report)
	Snapshot() []dataplane.ScopeHealth
	Reset(s dataplane.Scope)
	Forget(keep func(dataplane.Scope) bool)
}

// Fixture is a store under test with its clock.
type Fixture struct {
	Store Store
	// Now reads the clock that the store goes by.
	Now func() time.Time
	// Advance lets that much time pass, and lets the store learn what happened meanwhile.
	Advance func(d time.Duration)
	// Changes is how often the store has called OnChange.
	Changes func() int
	// Slack is how far deadlines may be off because real time passes; 0 with a set clock.
	Slack time.Duration
}

// Run runs the suite. open makes a new, empty store; onChange is for its configuration.
// Cooldowns may have any jitter from 0 to 10 %.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	for _, group := range [][]property{windowProperties, cooldownProperties, probeProperties, callerProperties, lastResortProperties, earlyProperties, providerProperties, upkeepProperties} {
		for _, p := range group {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.check(&story{T: t, Fixture: open(t), policy: Policy()})
			})
		}
	}
}

// property is one thing that must hold.
type property struct {
	name  string
	check func(s *story)
}

// Policy is the one the suite uses: five failures in a second, at least a fifth of all
// attempts, cool for 300 ms times the level, at most 3 s.
func Policy() *dataplane.Policy {
	return &dataplane.Policy{
		FailureThreshold: 5,
		FailureWindow:    time.Second,
		MinRatio:         0.2,
		Cooldown:         300 * time.Millisecond,
		CooldownMax:      3 * time.Second,
	}
}
