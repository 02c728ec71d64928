package proxy_test

import (
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// halfOpen lets a scope fail, and its cooldown pass.
func (r *rig) halfOpen(s dataplane.Scope) {
	r.t.Helper()
	r.health.Report(dataplane.Report{
		Scope: s, Policy: &dataplane.Policy{FailureThreshold: 5, FailureWindow: time.Minute, Cooldown: time.Second, CooldownMax: time.Minute},
		Result: dataplane.Failure, Outcome: dataplane.RateLimited, AnyCaller: true,
		StartedAt: time.Now(), Hold: time.Millisecond, HoldMax: time.Millisecond,
	})
	for deadline := time.Now().Add(20 * time.Second); r.health.Condition(s).State != dataplane.HalfOpen; {
		if time.Now().After(deadline) {
			r.t.Fatalf("%v is %s, want half_open", s, r.health.Condition(s).State)
		}
	}
}

// What is half-open, for whatever reason, is used by the one call that wins the probe; all
// others go on to the next candidate, and come back only when none is left.
func TestOnlyTheProbeUsesWhatIsHalfOpen(t *testing.T) {
	t.Parallel()
	target := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p1", Name: "ok"}
	provider := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "p1"}
	main := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p1", Name: "main"}
	second := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p1", Name: "second"}
	for name, tt := range map[string]struct {
		half  []dataplane.Scope
		taken []dataplane.Scope // whose probe another call has
		first string            // who answers while it is taken, with which credential
	}{
		"the target":              {[]dataplane.Scope{target}, []dataplane.Scope{target}, "p2 main"},
		"the provider":            {[]dataplane.Scope{provider}, []dataplane.Scope{provider}, "p2 main"},
		"both credentials":        {[]dataplane.Scope{main, second}, []dataplane.Scope{main, second}, "p2 main"},
		"one probe is free":       {[]dataplane.Scope{main, second}, []dataplane.Scope{main}, "p1 second"},
		"one credential is well":  {[]dataplane.Scope{main}, []dataplane.Scope{main}, "p1 second"},
		"target and credentials":  {[]dataplane.Scope{target, main, second}, []dataplane.Scope{main, second}, "p2 main"},
		"target, a credential is": {[]dataplane.Scope{target, main}, []dataplane.Scope{main}, "p1 second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) {
				s.Providers[0].Credentials = append(s.Providers[0].Credentials, &nodev1.Credential{Name: "second", Secret: "up-secret-second"})
			}})
			for _, s := range tt.half {
				r.halfOpen(s)
			}
			tokens := map[dataplane.Scope]string{}
			for _, s := range tt.taken {
				token, won := r.health.Probe(t.Context(), s, time.Minute)
				if !won {
					t.Fatalf("the probe of %v is not free", s)
				}
				tokens[s] = token
			}
			r.chat(false)
			call := r.call()
			if a := call.Attempts[0]; len(call.Attempts) != 1 || a.Provider+" "+a.Credential != tt.first || a.LastResort {
				t.Fatalf("while it is probed: attempts %s with %s, want one on %s", outcomes(call), a.Credential, tt.first)
			}
			for s, token := range tokens {
				r.health.Report(dataplane.Report{Scope: s, Policy: &dataplane.Policy{}, Result: dataplane.Neutral, Probe: token})
			}
			r.chat(false)
			if call := r.call(); outcomes(call) != "p1:ok" || call.Attempts[0].LastResort {
				t.Fatalf("when it is not: attempts %s, last resort %v", outcomes(call), call.Attempts[0].LastResort)
			}
		})
	}
}

// When nothing else is left, what another call probes is tried all the same.
func TestWhatIsProbedIsALastResort(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	credential := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p1", Name: "main"}
	r.halfOpen(credential)
	if _, won := r.health.Probe(t.Context(), credential, time.Minute); !won {
		t.Fatal("the probe is not free")
	}
	r.chat(false)
	if call := r.call(); outcomes(call) != "p1:ok" || !call.Attempts[0].LastResort {
		t.Fatalf("attempts %s, last resort %v", outcomes(call), call.Attempts[0].LastResort)
	}
}
