package proxy

import "github.com/trunkline-ai/trunkline/dataplane"

// report tells health how the attempt ended: the scope to blame gets the failure, and
// whoever lent a probe learns that it is over.
func (a *attempt) report(v dataplane.Verdict) {
	rule, scope := v.Outcome.Rule(), a.against(v)
	if v.Outcome == dataplane.Unsupported {
		a.lacks()
	}
	for _, s := range [...]dataplane.ScopeKind{dataplane.ScopeTarget, dataplane.ScopeProvider, dataplane.ScopeCredential} {
		r := dataplane.Report{
			Scope: a.scope(s), Policy: a.Policy, Outcome: v.Outcome, StartedAt: a.started,
			Caller: a.call.key.Name, LastResort: a.lastResort,
		}
		for _, p := range a.probes {
			if p.token != "" && p.scope == r.Scope {
				r.Probe = p.token
			}
		}
		switch {
		case s == scope:
			r.Result = dataplane.Failure
			r.AnyCaller = rule.AnyCaller
			r.Hold, r.HoldDoubles, r.HoldMax = rule.Hold, rule.HoldDoubles, rule.HoldMax
			if v.Wait > 0 {
				r.Hold, r.HoldDoubles, r.HoldMax = v.Wait, false, v.Wait
			}
		case r.Probe != "":
			r.Result = dataplane.Neutral
		default:
			continue
		}
		if r.Scope.Kind != dataplane.ScopeNone {
			a.call.h.cfg.Health.Report(r)
		}
	}
}

// against is what a failure is held against: what the answer was about, if it said so.
func (a *attempt) against(v dataplane.Verdict) dataplane.ScopeKind {
	switch {
	case !a.counts(v.Outcome):
		return dataplane.ScopeNone
	case v.Scope != dataplane.ScopeNone:
		return v.Scope
	}
	return v.Outcome.Rule().Scope
}

// blame says for the record who is at fault.
func (a *attempt) blame(v dataplane.Verdict) string {
	switch scope := a.against(v); {
	case v.Outcome == dataplane.OK:
		return ""
	case !a.counts(v.Outcome):
		return "caller"
	case scope == dataplane.ScopeTarget:
		return "target"
	case scope == dataplane.ScopeProvider:
		return "provider"
	case scope == dataplane.ScopeCredential:
		return "credential"
	}
	return v.Outcome.Rule().Blame
}

// counts reports whether a failure may be held against anything: a timeout on a giant
// prompt is the caller's doing.
func (a *attempt) counts(o dataplane.Outcome) bool {
	if o == dataplane.FirstTokenTimeout || o == dataplane.ResponseTimeout {
		return a.promptTokens() <= giantPrompt
	}
	return true
}

// succeeded tells health that the target answers, as soon as it does.
func (a *attempt) succeeded() {
	if a.reported {
		return
	}
	a.reported = true
	a.Load.Answered(a.call.endpoint.Number, a.call.h.cfg.Now())
	for _, s := range [...]dataplane.ScopeKind{dataplane.ScopeTarget, dataplane.ScopeProvider, dataplane.ScopeCredential} {
		r := dataplane.Report{
			Scope: a.scope(s), Policy: a.Policy, Result: dataplane.Success, StartedAt: a.started,
			Caller: a.call.key.Name, LastResort: a.lastResort,
		}
		if r.Scope.Kind == dataplane.ScopeNone {
			continue
		}
		for _, p := range a.probes {
			if p.token != "" && p.scope == r.Scope {
				r.Probe = p.token
			}
		}
		a.call.h.cfg.Health.Report(r)
	}
	a.probes = [3]probe{}
}

// scope names what the attempt could be held against; the zero scope when it had none.
func (a *attempt) scope(k dataplane.ScopeKind) dataplane.Scope {
	switch k {
	case dataplane.ScopeTarget:
		return a.Scope
	case dataplane.ScopeProvider:
		return a.Provider.Scope
	case dataplane.ScopeCredential:
		if a.credential != nil {
			return a.credential.Scope
		}
	}
	return dataplane.Scope{}
}
