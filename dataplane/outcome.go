package dataplane

import (
	"fmt"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
)

// Outcome is the class of an attempt's result. What follows from each is in rules and, for
// what others must know too, in package outcome; nowhere else.
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
	Unsupported               // 405, 415, 501, or the target lacks what is asked for
	RateLimited               // 429 that names a wait
	Busy                      // 429 that names none
	ServerError               // 5xx
	Overloaded                // 529, 498, overloaded_error
	FailureKeyword            // a failure keyword in the answer
	BadBody                   // HTML, wrong type, malformed JSON
	Truncated                 // the body ended early, before the commit
	EmptyStream               // a stream without content
	EmptyAnswer               // a good answer in which nothing is said, where the policy wants another
	StreamCut                 // the stream ended early, after the commit
	StreamIdle                // silence inside a stream, after the commit
	StreamError               // an error event, after the commit
	TooLarge                  // the answer is over our bound
	ClientClosed              // the client left
	SlowClient                // the client stopped reading
	GatewayBusy               // draining, or a bound of ours was met
	TargetBusy                // the provider's max_in_flight was met
	Superseded                // another attempt of the call, under way beside it, had the last word
	NoCandidate               // the group has no enabled member
	Unauthorized              // no valid API key
	ModelUnknown              // no such group for this key
	InvalidRequest            // we refused the request itself
	KeyLimited                // a limit of the API key is met
	KeyBudget                 // the budget of the API key is spent
	KeyAddress                // the API key may not be used from there
	KeyRevoked                // the API key was revoked while a stream ran
	GatewayDraining           // this node stops and could not wait any longer
	LoopDetected              // the provider's address leads back to this gateway
	TokenUnavailable          // the credential is minted, and there is nothing valid
	NotTranslatable           // no candidate that is left can be told what the request is about
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

// Rule is what follows from an outcome. Scope, Blame, Permanent and NeedsHelp are those of
// package outcome.
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
	// OthersFine: it says nothing of the provider's other models.
	OthersFine bool
	// OnceMore: it may pass within moments, so the last candidate is tried once more.
	OnceMore bool
	// AtOnce: it passes so soon that its target is tried once more even while others are left.
	AtOnce bool
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
	Permanent   bool
	NeedsHelp   bool
}

// Rule returns what follows from the outcome.
func (o Outcome) Rule() *Rule { return &rules[o] }

// String gives the outcome's name as calls record it.
func (o Outcome) String() string { return rules[o].Name }

// MarshalText writes the outcome's name: its number is another one in another version.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads a name.
func (o *Outcome) UnmarshalText(name []byte) error {
	found, ok := OutcomeNamed(string(name))
	if !ok {
		return fmt.Errorf("outcome %q is not known", name)
	}
	*o = found
	return nil
}

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

// rules is the whole failure policy in one table: what only nodes must know, next to what
// package outcome tells everyone.
var rules = withShared([numOutcomes]Rule{
	OK: {Name: "ok", Status: 200},

	Unreachable:     {Name: "unreachable", Move: Next, AnyCaller: true, NeverSent: true, Status: 502, Type: serverErr, Code: "upstream_unreachable"},
	DNSError:        {Name: "dns_error", Move: Next, AnyCaller: true, NeverSent: true, Status: 502, Type: serverErr, Code: "upstream_unreachable"},
	TLSError:        {Name: "tls_error", Move: Next, AnyCaller: true, NeverSent: true, Hold: time.Minute, HoldMax: time.Minute, Status: 502, Type: serverErr, Code: "upstream_tls"},
	BlockedAddress:  {Name: "blocked_address", Move: Next, NeverSent: true, Status: 502, Type: serverErr, Code: "upstream_unreachable"},
	ConnectTimeout:  {Name: "connect_timeout", Move: Next, AnyCaller: true, NeverSent: true, Status: 504, Type: serverErr, Code: "upstream_timeout"},
	ConnectionReset: {Name: "connection_reset", Move: NextIfSafe, OnceMore: true, AtOnce: true, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_unreachable"},
	WriteTimeout:    {Name: "write_timeout", Move: NextIfSafe, AnyCaller: true, Status: 504, Type: serverErr, Code: "upstream_timeout"},

	FirstTokenTimeout: {Name: "first_token_timeout", Move: NextIfSafe, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_timeout"},
	ResponseTimeout:   {Name: "response_timeout", Move: NextIfSafe, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_timeout"},
	DeadlineExceeded:  {Name: "deadline_exceeded", Move: Stay, MaybeBilled: true, Status: 504, Type: serverErr, Code: "deadline_exceeded"},
	CallerDeadline:    {Name: "caller_deadline", Move: Stay, MaybeBilled: true, Status: 504, Type: serverErr, Code: "caller_deadline"},

	BadRequest:       {Name: "bad_request", Move: Stay, PassThrough: true, Status: 400, Type: callerErr, Code: "bad_request"},
	ContextLength:    {Name: "context_length", Move: NextIfWide, PassThrough: true, Status: 400, Type: callerErr, Code: "context_length_exceeded"},
	ContentPolicy:    {Name: "content_policy", Move: NextIfSet, PassThrough: true, Status: 400, Type: callerErr, Code: "content_policy_violation"},
	AuthFailed:       {Name: "auth_failed", OthersFine: true, Move: Next, AnyCaller: true, NeverSent: true, Hold: 5 * time.Minute, HoldDoubles: true, HoldMax: time.Hour, Status: 502, Type: serverErr, Code: "provider_auth"},
	QuotaExhausted:   {Name: "quota_exhausted", OthersFine: true, Move: Next, AnyCaller: true, NeverSent: true, Hold: 10 * time.Minute, HoldDoubles: true, HoldMax: time.Hour, Status: 502, Type: serverErr, Code: "provider_quota"},
	ModelNotFound:    {Name: "model_not_found", OthersFine: true, Move: Next, AnyCaller: true, NeverSent: true, Hold: 10 * time.Minute, HoldMax: 10 * time.Minute, Status: 404, Type: callerErr, Code: "model_not_found"},
	NotFound:         {Name: "not_found", Move: Stay, PassThrough: true, Status: 404, Type: callerErr, Code: "not_found"},
	UpstreamTimeout:  {Name: "upstream_timeout", Move: NextIfSafe, OnceMore: true, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_timeout"},
	UpstreamConflict: {Name: "conflict", Move: NextIfSafe, PassThrough: true, Status: 409, Type: callerErr, Code: "conflict"},
	// Held against nothing: the proxy asks such a target last, for that endpoint alone.
	Unsupported: {Name: "unsupported", OthersFine: true, Move: Next, NeverSent: true, PassThrough: true, Status: 400, Type: callerErr, Code: "unsupported"},

	RateLimited: {Name: "rate_limited", OthersFine: true, Move: Next, AnyCaller: true, NeverSent: true, Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded"},
	Busy:        {Name: "busy", OthersFine: true, Move: Next, NeverSent: true, Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded"},
	ServerError: {Name: "server_error", Move: NextIfSafe, OnceMore: true, AtOnce: true, MaybeBilled: true, Status: 503, Type: serverErr, Code: "upstream_error"},
	Overloaded:  {Name: "overloaded", Move: NextIfSafe, OnceMore: true, Status: 503, Type: serverErr, Code: "upstream_overloaded"},

	FailureKeyword: {Name: "failure_keyword", OthersFine: true, Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "failure_keyword"},
	BadBody:        {Name: "bad_body", Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "bad_upstream_body"},
	Truncated:      {Name: "truncated", Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_truncated"},
	EmptyStream:    {Name: "empty_stream", Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "empty_stream"},
	EmptyAnswer:    {Name: "empty_answer", OthersFine: true, Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "empty_answer"},
	StreamCut:      {Name: "stream_cut", Move: Stay, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_stream_cut"},
	StreamIdle:     {Name: "stream_idle", Move: Stay, MaybeBilled: true, Status: 504, Type: serverErr, Code: "upstream_stream_idle"},
	// What it counts against is said by the class of the error inside.
	StreamError: {Name: "stream_error", Move: Stay, MaybeBilled: true, Status: 502, Type: serverErr, Code: "upstream_stream_error"},
	TooLarge:    {Name: "too_large", Move: NextIfSafe, MaybeBilled: true, Status: 502, Type: serverErr, Code: "too_large"},

	ClientClosed: {Name: "client_closed", Move: Stay, MaybeBilled: true, Status: 499, Type: callerErr, Code: "client_closed"},
	SlowClient:   {Name: "slow_client", Move: Stay, MaybeBilled: true, Status: 499, Type: callerErr, Code: "slow_client"},
	GatewayBusy:  {Name: "gateway_busy", Move: Stay, Status: 503, Type: serverErr, Code: "gateway_busy"},
	TargetBusy:   {Name: "target_busy", Move: Next, NeverSent: true, Status: 503, Type: serverErr, Code: "upstream_busy"},

	// A call never ends with it.
	Superseded: {Name: "superseded", Move: Stay, MaybeBilled: true, Status: 503, Type: serverErr, Code: "superseded"},

	NoCandidate:     {Name: "no_candidate", Move: Stay, Status: 503, Type: serverErr, Code: "no_provider"},
	Unauthorized:    {Name: "unauthorized", Move: Stay, Status: 401, Type: callerErr, Code: "invalid_api_key"},
	ModelUnknown:    {Name: "model_unknown", Move: Stay, Status: 404, Type: callerErr, Code: "model_not_found"},
	InvalidRequest:  {Name: "invalid_request", Move: Stay, Status: 400, Type: callerErr, Code: "invalid_request"},
	KeyLimited:      {Name: "key_limited", Move: Stay, NeverSent: true, Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded"},
	KeyBudget:       {Name: "key_budget", Move: Stay, NeverSent: true, Status: 429, Type: "insufficient_quota", Code: "insufficient_quota"},
	KeyRevoked:      {Name: "key_revoked", Move: Stay, MaybeBilled: true, Status: 401, Type: callerErr, Code: "invalid_api_key"},
	GatewayDraining: {Name: "gateway_draining", Move: Stay, MaybeBilled: true, Status: 503, Type: serverErr, Code: "gateway_draining"},
	// Held against nothing: a client can make another gateway say so by a header it sends.
	LoopDetected: {Name: "loop_detected", Move: Next, NeverSent: true, Status: 508, Type: serverErr, Code: "loop_detected"},
	// Held against nothing: each node knows by itself what it has, and skips such a credential.
	TokenUnavailable: {Name: "token_unavailable", OthersFine: true, Move: Next, NeverSent: true, Status: 502, Type: serverErr, Code: "provider_auth"},
	KeyAddress:       {Name: "key_address", Move: Stay, NeverSent: true, Status: 403, Type: callerErr, Code: "ip_not_allowed"},
	NotTranslatable:  {Name: "not_translatable", Move: Next, NeverSent: true, Status: 400, Type: callerErr, Code: "not_translatable"},
})

// scopeKinds are the scopes as package outcome names them.
var scopeKinds = map[string]ScopeKind{"none": ScopeNone, "target": ScopeTarget, "provider": ScopeProvider, "credential": ScopeCredential}

// withShared fills in the columns that everyone knows. A rule of an outcome that is not in the
// list is a mistake of ours, which no program may start with.
func withShared(rules [numOutcomes]Rule) [numOutcomes]Rule {
	for i := range rules {
		r := &rules[i]
		shared, ok := outcome.Named(r.Name)
		if !ok {
			panic("dataplane: outcome " + strconv.Quote(r.Name) + " is not in testdata/outcomes.yaml")
		}
		r.Scope, r.Blame, r.Permanent, r.NeedsHelp = scopeKinds[shared.CountsAgainst], shared.Blame, shared.Permanent, shared.NeedsHelp
	}
	return rules
}

// Verdict is the judgement of one answer.
type Verdict struct {
	Outcome Outcome
	// Wait is how long the upstream asked us to stay away; zero when it named nothing.
	Wait time.Duration
	// Scope replaces the rule's scope when the answer says what it is about; ScopeNone keeps it.
	Scope ScopeKind
	// Feature says of Unsupported that the target lacks what this request asks for, and not
	// the endpoint.
	Feature bool
	// Parameter names what of the request is refused then: a field, images, audio, files or
	// developer; empty when the answer does not tell. ByValue: another value may be taken.
	Parameter string
	ByValue   bool
	// Foreign: the request carries what only the provider that wrote it can read.
	Foreign bool
	// Unconfirmed says that a caller might have brought the refusal about: no code names the key,
	// the quota or the model. It opens nothing until a second caller, or a request of our own,
	// meets it too.
	Unconfirmed bool
	// Uncounted says that the refusal is about what this one request names or asks: it is held
	// against nobody, and its wait is the client's alone.
	Uncounted bool
	// Reason is one line for the call log, without secrets, at most 400 bytes.
	Reason string
}
