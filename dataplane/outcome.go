package dataplane

import "time"

// Outcome is the class of an attempt's result. What follows from each is in rules, and
// nowhere else.
type Outcome uint8

// The outcomes; the comments name rows of testdata/outcomes.yaml.
const (
	OK                Outcome = iota
	Unreachable               // connection refused, no route
	DNSError                  // the name does not resolve
	TLSError                  // certificate or handshake
	BlockedAddress            // the dialer refused the address
	ConnectTimeout            // DNS, TCP and TLS took too long
	ConnectionReset           // reset or EOF before the answer
	WriteTimeout              // the upstream did not take the request body
	FirstTokenTimeout         // no meaningful event in time
	ResponseTimeout           // no whole answer in time
	DeadlineExceeded          // the call's own total time is over
	CallerDeadline            // the client's own clock ran out
	BadRequest                // the caller's fault
	ContextLength             // prompt too long for this model
	ContentPolicy             // refused on content
	AuthFailed                // the credential is not accepted
	QuotaExhausted            // the account or key is spent
	ModelNotFound             // the upstream does not have the model
	NotFound                  // something else the request names is missing
	UpstreamTimeout           // 408, 425
	UpstreamConflict          // 409
	Unsupported               // 405, 415, 501
	RateLimited               // 429 that names a wait
	Busy                      // 429 that names none
	ServerError               // 5xx
	Overloaded                // 529, 498, overloaded_error
	FailureKeyword            // a failure keyword in the answer
	BadBody                   // HTML, wrong type, malformed JSON
	Truncated                 // the body ended early, before the commit
	EmptyStream               // a stream without content
	StreamCut                 // the stream ended early, after the commit
	StreamIdle                // silence inside a stream, after the commit
	StreamError               // an error event, after the commit
	TooLarge                  // the answer is over our bound
	ClientClosed              // the client left
	SlowClient                // the client stopped reading
	GatewayBusy               // draining, or a bound of ours was met
	TargetBusy                // the provider's max_in_flight was met
	NoCandidate               // the group has no enabled member
	Unauthorized              // no valid API key
	ModelUnknown              // no such group for this key
	InvalidRequest            // we refused the request itself
	KeyLimited                // a limit of the API key is met
	KeyBudget                 // the budget of the API key is spent
	KeyAddress                // the API key may not be used from there
	KeyRevoked                // the API key was revoked while a stream ran
	GatewayDraining           // this node stops and could not wait any longer
	numOutcomes
)

// Move says whether the next candidate may be tried.
type Move uint8

// The moves.
const (
	Stay       Move = iota // the call ends here
	Next                   // try the next candidate
	NextIfSafe             // only on endpoints that may be repeated
	NextIfWide             // only a candidate with a larger or undeclared context window
	NextIfSet              // only where the group's policy says so
)

// Rule is what follows from an outcome.
type Rule struct {
	Name  string
	Move  Move
	Scope ScopeKind // what a failure is held against; ScopeNone counts nothing
	// Hold opens the scope at once; zero means the failure window decides.
	Hold        time.Duration
	HoldDoubles bool
	HoldMax     time.Duration
	// AnyCaller: no caller can cause it, so one caller's failures suffice.
	AnyCaller bool
	// OnceMore: it may pass within moments, so the last candidate is tried once more.
	OnceMore bool
	// NeverSent: the request provably never reached the upstream.
	NeverSent bool
	// MaybeBilled: the upstream may charge for it although nothing was used.
	MaybeBilled bool
	// PassThrough: as last word the client sees the upstream's own status and error.
	PassThrough bool
	Status      int    // else the client sees this status
	Type        string // and this error type
	Code        string // and this error code
	Blame       string // provider, target, credential, caller or gateway; empty for OK
	// Permanent: the same request sent again soon cannot do better.
	Permanent bool
	// NeedsHelp: a cooldown for it usually needs a person to end it. Among targets that are
	// cooling, those that time alone will heal go first.
	NeedsHelp bool
}

// Rule returns what follows from the outcome.
func (o Outcome) Rule() *Rule { return &rules[o] }

// String gives the outcome's name as calls record it.
func (o Outcome) String() string { return rules[o].Name }

// OutcomeNamed finds an outcome by its name.
func OutcomeNamed(name string) (Outcome, bool) {
	for o := range numOutcomes {
		if rules[o].Name == name {
			return o, true
		}
	}
	return 0, false
}

const (
	serverErr = "server_error"
	callerErr = "invalid_request_error"
)

// rules is the whole failure policy in one table. testdata/outcomes.yaml says the same for
// everyone who cannot import it; a test holds the two together.
var rules = [numOutcomes]Rule{
	OK: {Name: "ok", Status: 200},

	Unreachable:     {Name: "unreachable", Move: Next, Scope: ScopeProvider, AnyCaller: true, NeverSent: true, Status: 502, Type: serverErr, Code: "upstream_unreachable", Blame: "provider"},
	DNSError:        {Name: "dns_error", Move: Next, Scope: ScopeProvider, AnyCaller: true, NeverSent: true, Status: 502, Type: serverErr, Code: "upstream_unreachable", Blame: "provider"},
	TLSError:        {Name: "tls_error", Move: Next, Scope: ScopeProvider, AnyCaller: true, NeverSent: true, Hold: time.Minute, HoldMax: time.Minute, Status: 502, Type: serverErr, Code: "upstream_tls", Blame: "provider", NeedsHelp: true},
	BlockedAddress:  {Name: "blocked_address", Move: Next, NeverSent: true, Status: 502, Type: serverErr, Code: "upstream_unreachable", Blame: "gateway", Permanent: true, NeedsHelp: true},
	ConnectTimeout:  {Name: "connect_timeout", Move: Next, Scope: ScopeProvider, AnyCaller: true, NeverSent: true, Status: 504, Type: serverErr, Code: "upstream_timeout", Blame: "provider"},
	ConnectionReset: {Name: "connection_reset", Move: NextIfSafe, Scope: ScopeTarget, OnceMore: true, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_unreachable", Blame: "target"},
	WriteTimeout:    {Name: "write_timeout", Move: NextIfSafe, Scope: ScopeProvider, AnyCaller: true, Status: 504, Type: serverErr, Code: "upstream_timeout", Blame: "provider"},

	FirstTokenTimeout: {Name: "first_token_timeout", Move: NextIfSafe, Scope: ScopeTarget, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_timeout", Blame: "target"},
	ResponseTimeout:   {Name: "response_timeout", Move: NextIfSafe, Scope: ScopeTarget, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_timeout", Blame: "target"},
	DeadlineExceeded:  {Name: "deadline_exceeded", Move: Stay, MaybeBilled: true, Status: 504, Type: serverErr, Code: "deadline_exceeded", Blame: "gateway"},
	CallerDeadline:    {Name: "caller_deadline", Move: Stay, MaybeBilled: true, Status: 504, Type: serverErr, Code: "caller_deadline", Blame: "caller", Permanent: true},

	BadRequest:       {Name: "bad_request", Move: Stay, PassThrough: true, Status: 400, Type: callerErr, Code: "bad_request", Blame: "caller", Permanent: true},
	ContextLength:    {Name: "context_length", Move: NextIfWide, PassThrough: true, Status: 400, Type: callerErr, Code: "context_length_exceeded", Blame: "caller", Permanent: true},
	ContentPolicy:    {Name: "content_policy", Move: NextIfSet, PassThrough: true, Status: 400, Type: callerErr, Code: "content_policy_violation", Blame: "caller", Permanent: true},
	AuthFailed:       {Name: "auth_failed", Move: Next, Scope: ScopeCredential, AnyCaller: true, NeverSent: true, Hold: 5 * time.Minute, HoldDoubles: true, HoldMax: time.Hour, Status: 502, Type: serverErr, Code: "provider_auth", Blame: "credential", Permanent: true, NeedsHelp: true},
	QuotaExhausted:   {Name: "quota_exhausted", Move: Next, Scope: ScopeCredential, AnyCaller: true, NeverSent: true, Hold: 10 * time.Minute, HoldDoubles: true, HoldMax: time.Hour, Status: 502, Type: serverErr, Code: "provider_quota", Blame: "credential", Permanent: true, NeedsHelp: true},
	ModelNotFound:    {Name: "model_not_found", Move: Next, Scope: ScopeTarget, AnyCaller: true, NeverSent: true, Hold: 10 * time.Minute, HoldMax: 10 * time.Minute, Status: 404, Type: callerErr, Code: "model_not_found", Blame: "target", Permanent: true, NeedsHelp: true},
	NotFound:         {Name: "not_found", Move: Stay, PassThrough: true, Status: 404, Type: callerErr, Code: "not_found", Blame: "caller", Permanent: true},
	UpstreamTimeout:  {Name: "upstream_timeout", Move: NextIfSafe, Scope: ScopeTarget, OnceMore: true, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_timeout", Blame: "target"},
	UpstreamConflict: {Name: "conflict", Move: NextIfSafe, PassThrough: true, Status: 409, Type: callerErr, Code: "conflict", Blame: "caller", Permanent: true},
	// Held against nothing: the proxy asks such a target last, for that endpoint alone.
	Unsupported: {Name: "unsupported", Move: Next, NeverSent: true, PassThrough: true, Status: 400, Type: callerErr, Code: "unsupported", Blame: "target", Permanent: true, NeedsHelp: true},

	RateLimited: {Name: "rate_limited", Move: Next, Scope: ScopeCredential, AnyCaller: true, NeverSent: true, Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded", Blame: "credential"},
	Busy:        {Name: "busy", Move: Next, Scope: ScopeTarget, NeverSent: true, Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded", Blame: "target"},
	ServerError: {Name: "server_error", Move: NextIfSafe, Scope: ScopeTarget, OnceMore: true, MaybeBilled: true, Status: 503, Type: serverErr, Code: "upstream_error", Blame: "target"},
	Overloaded:  {Name: "overloaded", Move: NextIfSafe, Scope: ScopeTarget, OnceMore: true, Status: 503, Type: serverErr, Code: "upstream_overloaded", Blame: "target"},

	FailureKeyword: {Name: "failure_keyword", Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "failure_keyword", Blame: "target"},
	BadBody:        {Name: "bad_body", Move: NextIfSafe, Scope: ScopeTarget, MaybeBilled: true, Status: 502, Type: serverErr, Code: "bad_upstream_body", Blame: "target"},
	Truncated:      {Name: "truncated", Move: NextIfSafe, Scope: ScopeTarget, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_truncated", Blame: "target"},
	EmptyStream:    {Name: "empty_stream", Move: NextIfSafe, Scope: ScopeTarget, MaybeBilled: true, Status: 502, Type: serverErr, Code: "empty_stream", Blame: "target"},
	StreamCut:      {Name: "stream_cut", Move: Stay, Scope: ScopeTarget, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_stream_cut", Blame: "target"},
	StreamIdle:     {Name: "stream_idle", Move: Stay, Scope: ScopeTarget, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_stream_idle", Blame: "target"},
	// What it counts against is said by the class of the error inside.
	StreamError: {Name: "stream_error", Move: Stay, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_stream_error", Blame: "target"},
	TooLarge:    {Name: "too_large", Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "too_large", Blame: "caller"},

	ClientClosed: {Name: "client_closed", Move: Stay, MaybeBilled: true, Status: 499, Type: callerErr, Code: "client_closed", Blame: "caller"},
	SlowClient:   {Name: "slow_client", Move: Stay, MaybeBilled: true, Status: 499, Type: callerErr, Code: "slow_client", Blame: "caller"},
	GatewayBusy:  {Name: "gateway_busy", Move: Stay, Status: 503, Type: serverErr, Code: "gateway_busy", Blame: "gateway"},
	TargetBusy:   {Name: "target_busy", Move: Next, NeverSent: true, Status: 503, Type: serverErr, Code: "upstream_busy", Blame: "gateway"},

	NoCandidate:     {Name: "no_candidate", Move: Stay, Status: 503, Type: serverErr, Code: "no_provider", Blame: "gateway", Permanent: true},
	Unauthorized:    {Name: "unauthorized", Move: Stay, Status: 401, Type: callerErr, Code: "invalid_api_key", Blame: "caller", Permanent: true},
	ModelUnknown:    {Name: "model_unknown", Move: Stay, Status: 404, Type: callerErr, Code: "model_not_found", Blame: "caller", Permanent: true},
	InvalidRequest:  {Name: "invalid_request", Move: Stay, Status: 400, Type: callerErr, Code: "invalid_request", Blame: "caller", Permanent: true},
	KeyLimited:      {Name: "key_limited", Move: Stay, NeverSent: true, Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded", Blame: "caller"},
	KeyBudget:       {Name: "key_budget", Move: Stay, NeverSent: true, Status: 429, Type: "insufficient_quota", Code: "insufficient_quota", Blame: "caller", Permanent: true},
	KeyRevoked:      {Name: "key_revoked", Move: Stay, MaybeBilled: true, Status: 401, Type: callerErr, Code: "invalid_api_key", Blame: "caller", Permanent: true},
	GatewayDraining: {Name: "gateway_draining", Move: Stay, MaybeBilled: true, Status: 503, Type: serverErr, Code: "gateway_draining", Blame: "gateway"},
	KeyAddress:      {Name: "key_address", Move: Stay, NeverSent: true, Status: 403, Type: callerErr, Code: "ip_not_allowed", Blame: "caller", Permanent: true},
}

// Verdict is the judgement of one answer.
type Verdict struct {
	Outcome Outcome
	// Wait is how long the upstream asked us to stay away; zero when it named nothing.
	Wait time.Duration
	// Scope replaces the rule's scope when the answer says what it is about; ScopeNone keeps it.
	Scope ScopeKind
	// Reason is one line for the call log, without secrets, at most 400 bytes.
	Reason string
}
