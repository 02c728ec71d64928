package minting

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Condition says how a credential stands that is minted: open, for token_unavailable, while it has no
// valid token; closed otherwise. ok is false where it is no such credential's scope. It takes no lock.
func (k *Keeper) Condition(s dataplane.Scope) (c dataplane.Condition, ok bool) {
	scopes := *k.scopes.Load()
	if len(scopes) == 0 || s.Kind != dataplane.ScopeCredential {
		return c, false
	}
	r := scopes[s]
	if r == nil {
		return c, false
	}
	return r.condition(time.Now()), true
}

func (r *renewal) condition(now time.Time) dataplane.Condition {
	if r.token.Load().valid(now) {
		return dataplane.Condition{}
	}
	c := dataplane.Condition{State: dataplane.Open, Reason: dataplane.TokenUnavailable, Until: now}
	if f := r.failure.Load(); f != nil {
		c.Until = f.next
	}
	return c
}

// Outages lists the credentials that have no valid token, and why.
func (k *Keeper) Outages() (out []dataplane.ScopeHealth) {
	now := time.Now()
	for s, r := range *k.scopes.Load() {
		c := r.condition(now)
		if c.State == dataplane.Closed {
			continue
		}
		line := dataplane.ScopeHealth{Scope: s, Condition: c, Detail: "no token has been got yet"}
		if f := r.failure.Load(); f != nil {
			line.Detail = f.why
		}
		out = append(out, line)
	}
	return out
}
