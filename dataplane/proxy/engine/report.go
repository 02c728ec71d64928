package engine

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// trial is what health must know of an attempt: what is tried, for whom and since when.
type trial struct {
	candidate
	health   Health
	caller   string // APIKey.Caller
	started  time.Time
	number   int  // of the endpoint
	giant    bool // the prompt is so long that a timeout is the caller's doing
	reported bool // that the target answers
}

// kinds are what an attempt may be held against.
var kinds = [...]dataplane.ScopeKind{dataplane.ScopeTarget, dataplane.ScopeProvider, dataplane.ScopeCredential}

// report tells health how the attempt failed: the scope to blame gets the failure, and
// whoever lent a probe learns that it is over.
func (t *trial) report(v dataplane.Verdict) {
	rule, scope := v.Outcome.Rule(), t.heldAgainst(v)
	for _, kind := range kinds {
		r := t.about(kind)
		r.Outcome = v.Outcome
		switch {
		case kind == scope:
			r.Result = dataplane.Failure
			r.AnyCaller, r.Unconfirmed = rule.AnyCaller && !v.Unconfirmed, v.Unconfirmed
			r.Hold, r.HoldDoubles, r.HoldMax = rule.Hold, rule.HoldDoubles, rule.HoldMax
			if v.Wait > 0 {
				r.Hold, r.HoldDoubles, r.HoldMax, r.Named = v.Wait, false, v.Wait, true
			}
		case r.Probe != "":
			r.Result = dataplane.Neutral
		default:
			continue
		}
		if r.Scope.Kind != dataplane.ScopeNone {
			t.health.Report(r)
		}
	}
}

// succeeded tells health that the target answers, as soon as it does.
func (t *trial) succeeded(endpoint int, now time.Time) {
	if t.reported {
		return
	}
	t.reported = true
	t.Load.Answered(endpoint, now)
	for _, kind := range kinds {
		if r := t.about(kind); r.Scope.Kind != dataplane.ScopeNone {
			r.Result = dataplane.Success
			t.health.Report(r)
		}
	}
	t.probes = [3]probe{}
}

// about begins a report about what the attempt could be held against.
func (t *trial) about(kind dataplane.ScopeKind) dataplane.Report {
	r := dataplane.Report{Scope: t.scope(kind), Policy: t.Policy, StartedAt: t.started, Caller: t.caller, LastResort: t.lastResort}
	for _, p := range t.probes {
		if p.token != "" && p.scope == r.Scope {
			r.Probe = p.token
		}
	}
	return r
}

// scope names what the attempt could be held against; the zero scope when it had none.
func (t *trial) scope(kind dataplane.ScopeKind) dataplane.Scope {
	switch kind {
	case dataplane.ScopeTarget:
		return t.Scope
	case dataplane.ScopeProvider:
		return t.Provider.Scope
	case dataplane.ScopeCredential:
		if t.credential != nil {
			return t.credential.Scope
		}
	}
	return dataplane.Scope{}
}

// against is what a failure is held against: what the answer was about, if it said so.
func (t *trial) against(v dataplane.Verdict) dataplane.ScopeKind {
	switch {
	case v.Uncounted, !t.counts(v.Outcome):
		return dataplane.ScopeNone
	case v.Scope != dataplane.ScopeNone:
		return v.Scope
	}
	return v.Outcome.Rule().Scope
}

// heldAgainst is what health is told of: the least that explains the failure. A refusal that does not
// say that it is the credential's may be the model's alone, unless another credential was served
// there lately; and who asks for a model that a credential may not use must not take the others away.
func (t *trial) heldAgainst(v dataplane.Verdict) dataplane.ScopeKind {
	scope := t.against(v)
	if scope != dataplane.ScopeCredential || !v.Unconfirmed {
		return scope
	}
	if len(t.Provider.Credentials) > 1 && t.Load.LastAnswer(t.number).After(t.started.Add(-t.Policy.FailureWindow)) {
		return scope
	}
	return dataplane.ScopeTarget
}

// blame says for the record who is at fault.
func (t *trial) blame(v dataplane.Verdict) string {
	switch scope := t.against(v); {
	case v.Outcome == dataplane.OK:
		return ""
	case v.Uncounted, !t.counts(v.Outcome):
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
func (t *trial) counts(o dataplane.Outcome) bool {
	return !t.giant || o != dataplane.FirstTokenTimeout && o != dataplane.ResponseTimeout
}
