package dataplane

import (
	"testing"
	"time"
)

// A provider that is down by its models keeps the others of its models from being tried
// first, but takes no probe from those that have cooldowns of their own.
func TestAProviderThatIsDownByItsModels(t *testing.T) {
	t.Parallel()
	until := time.Unix(1000, 0)
	provider := &Provider{Name: "p", Scope: Scope{Kind: ScopeProvider, Provider: "p"}}
	target := &Target{Provider: provider, Model: "m", Scope: Scope{Kind: ScopeTarget, Provider: "p", Name: "m"}}
	tests := map[string]struct {
		own, provider Condition
		want          State
	}{
		"well, provider well":             {Condition{}, Condition{}, Closed},
		"well, provider down":             {Condition{}, Condition{State: Open, Until: until, Derived: true}, Open},
		"due for a probe, provider down":  {Condition{State: HalfOpen}, Condition{State: Open, Until: until, Derived: true}, HalfOpen},
		"cooling, provider down":          {Condition{State: Open}, Condition{State: Open, Until: until, Derived: true}, Open},
		"due for a probe, provider open":  {Condition{State: HalfOpen}, Condition{State: Open, Until: until}, Open},
		"well, provider due for a probe":  {Condition{}, Condition{State: HalfOpen}, HalfOpen},
		"cooling, provider due for probe": {Condition{State: Open}, Condition{State: HalfOpen}, Open},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := target.Condition(func(s Scope) Condition {
				if s == provider.Scope {
					return tt.provider
				}
				return tt.own
			})
			if got.State != tt.want {
				t.Errorf("%s, want %s", got.State, tt.want)
			}
		})
	}
}
