package dataplane

import "time"

// ScopeKind says what a failure is held against.
type ScopeKind uint8

// The kinds of scope.
const (
	ScopeNone ScopeKind = iota
	ScopeTarget
	ScopeProvider
	ScopeCredential
)

// Scope names what has a failure window and a cooldown: a target, a whole provider or
// one of its credentials. It is comparable.
type Scope struct {
	Kind     ScopeKind
	Provider string
	Name     string // model id or credential name; empty for a provider
}

// State is how a scope stands.
type State uint8

// The states; see docs for the transitions.
const (
	Closed   State = iota // may be tried
	HalfOpen              // one probe decides: its cooldown is over, or an early probe is due
	Open                  // cooling
)

// String gives the state's name.
func (s State) String() string {
	return [...]string{"closed", "half_open", "open"}[s]
}

// Condition is how a scope stands at one moment.
type Condition struct {
	State    State
	Until    time.Time // end of the cooldown
	Level    int       // cooldowns in a row
	Reason   Outcome   // what opened it
	Failures int       // within the window
	// Derived marks a provider that is open only because several of its models are. It says
	// nothing about a model that has a condition of its own.
	Derived bool
}

// Result is what an attempt says about a scope.
type Result uint8

// The results.
const (
	Neutral Result = iota // says nothing: the caller caused it, or it was cancelled
	Success
	Failure
)

// Report tells how an attempt ended for one scope.
type Report struct {
	Scope   Scope
	Policy  *Policy
	Result  Result
	Outcome Outcome
	// Hold above zero opens the scope at once for that long; HoldDoubles doubles it with
	// each cooldown in a row, up to HoldMax.
	Hold        time.Duration
	HoldDoubles bool
	HoldMax     time.Duration
	// Named says that Hold is the upstream's own wait: a failed probe is held for no longer.
	Named bool
	// Unconfirmed says that a caller might have brought the failure about: a hold waits until a
	// second caller meets it with no success between them, and one caller is never enough for
	// the window.
	Unconfirmed bool
	// StartedAt is when the attempt began: a failure that began before the scope was
	// closed last is stale.
	StartedAt time.Time
	// Caller is who is behind the API key: APIKey.Caller. Failures open a scope only when two
	// callers failed, unless one carries nearly all of its traffic and no other had a success;
	// AnyCaller is for failures no caller can cause.
	Caller    string
	AnyCaller bool
	// Probe is the token of the half-open probe this attempt was, if it was one.
	Probe string
	// LastResort marks an attempt made although the scope was cooling.
	LastResort bool
}

// ScopeHealth is one line of what a node reports about its scopes.
type ScopeHealth struct {
	Scope     Scope
	Condition Condition
	Threshold int
	Detail    string // what more is known of the reason, in words
}
