// Package learned remembers for a while what the answers of targets taught: endpoints that they lack,
// parameters that they refuse, and in what they differ from others of their dialect. Whoever puts
// something in has proved it by another answer, since a caller can make an error say anything.
package learned

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Memory is all that a node has learned. It is safe for concurrent use, bounded, and empty at first.
type Memory struct {
	Endpoints Endpoints
	Refusals  Refusals
	NoUsage   Facts[dataplane.Scope] // targets that do not take stream_options
	Habits    Habits
}

// All lists what targets lack or refuse at present, also what is said to them in another way when a request
// is translated.
func (m *Memory) All(now time.Time) []dataplane.Refusal {
	out := m.Refusals.All(now)
	for k, until := range m.Endpoints.missing.All(now) {
		out = append(out, dataplane.Refusal{Target: k.target, Endpoint: k.endpoint.Path, Since: until.Add(-Remembered), Until: until})
	}
	for t, until := range m.NoUsage.All(now) {
		out = append(out, dataplane.Refusal{Target: t, Parameter: "stream_options", Since: until.Add(-Remembered), Until: until})
	}
	for h, until := range m.Habits.shown.All(now) {
		out = append(out, dataplane.Refusal{Target: h.target, Endpoint: habits[h.habit].Endpoint, Parameter: habits[h.habit].Parameter, Since: until.Add(-Remembered), Until: until})
	}
	return out
}

// Forget drops all that was learned of targets.
func (m *Memory) Forget(is func(dataplane.Scope) bool) {
	m.Refusals.Forget(is)
	m.Endpoints.missing.Forget(func(k missing) bool { return is(k.target) })
	m.NoUsage.Forget(is)
	m.Habits.shown.Forget(func(h habitOf) bool { return is(h.target) })
}
