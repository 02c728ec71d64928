package learned_test

import (
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// Whatever was learned of a target concerns that model of that provider alone, is listed from when until when
// it counts, and counts for ten minutes.
func TestWhatIsLearnedIsScopedListedAndEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	scope := func(provider, model string) dataplane.Scope {
		return dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: provider, Name: model}
	}
	here := scope("p", "m")
	endpoint := api.Endpoints[0]
	target := func(s dataplane.Scope) *dataplane.Target {
		return &dataplane.Target{Scope: s, Load: &dataplane.Load{}}
	}
	effort := func(m *learned.Memory, s dataplane.Scope, at time.Time) bool {
		var to form.Target
		m.Habits.Apply(s, &to, at)
		return to.Adaptive
	}
	for name, tt := range map[string]struct {
		learn func(m *learned.Memory, at time.Time) (news bool)
		knows func(m *learned.Memory, s dataplane.Scope, at time.Time) bool
		want  dataplane.Refusal
	}{
		"an endpoint": {
			func(m *learned.Memory, at time.Time) bool { return m.Endpoints.Miss(target(here), endpoint, at) },
			func(m *learned.Memory, s dataplane.Scope, at time.Time) bool {
				return m.Endpoints.Lacks(target(s), endpoint, at)
			},
			dataplane.Refusal{Endpoint: endpoint.Path},
		},
		"a parameter": {
			func(m *learned.Memory, at time.Time) bool {
				return m.Refusals.Add(dataplane.Refusal{Target: here, Endpoint: endpoint.Path, Parameter: "tools", Caller: "key:app"}, at)
			},
			func(m *learned.Memory, s dataplane.Scope, at time.Time) bool { return len(m.Refusals.Of(s, at)) > 0 },
			dataplane.Refusal{Endpoint: endpoint.Path, Parameter: "tools", Caller: "key:app"},
		},
		"stream_options": {
			func(m *learned.Memory, at time.Time) bool { return m.NoUsage.Add(here, at) },
			func(m *learned.Memory, s dataplane.Scope, at time.Time) bool {
				_, known := m.NoUsage.Until(s, at)
				return known
			},
			dataplane.Refusal{Parameter: "stream_options"},
		},
		"a way of thinking": {
			func(m *learned.Memory, at time.Time) bool { return m.Habits.Note(here, 0, true, at) },
			effort,
			dataplane.Refusal{Endpoint: form.TakesEffort.Endpoint, Parameter: form.TakesEffort.Parameter},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m learned.Memory
			if !tt.learn(&m, now) || tt.learn(&m, now) {
				t.Error("it is not news once")
			}
			last, over := now.Add(10*time.Minute-time.Second), now.Add(10*time.Minute)
			if !tt.knows(&m, here, last) || tt.knows(&m, here, over) {
				t.Errorf("known just before ten minutes: %v, and then: %v", tt.knows(&m, here, last), tt.knows(&m, here, over))
			}
			for _, other := range []dataplane.Scope{scope("p", "other"), scope("other", "m")} {
				if tt.knows(&m, other, now) {
					t.Errorf("it concerns %+v", other)
				}
			}
			want := tt.want
			want.Target, want.Since, want.Until = here, now, over
			if got := m.All(last); !slices.Equal(got, []dataplane.Refusal{want}) {
				t.Errorf("listed %+v, want %+v", got, want)
			}
			if got := m.All(over); len(got) != 0 {
				t.Errorf("listed %+v after ten minutes", got)
			}
			if !tt.learn(&m, over) {
				t.Error("it is no news after ten minutes")
			}
			m.Forget(func(s dataplane.Scope) bool { return s == here })
			if got := m.All(over); len(got) != 0 {
				t.Errorf("listed %+v after it was forgotten", got)
			}
		})
	}
}
