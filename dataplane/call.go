package dataplane

import "time"

// Call is the record of one client request. It is passed by value to the uplink.
type Call struct {
	ID            string // UUIDv7; the client sees it as x-request-id
	Start         time.Time
	Endpoint      string
	Model         string // what the client named
	Group         string
	APIKey        string
	Stream        bool
	Outcome       Outcome
	Status        int
	ErrorCode     string
	Provider      string
	UpstreamModel string
	// AnsweredModel is what the provider calls the model that answered; empty: it did not say, or nobody asked.
	AnsweredModel string
	FirstToken    time.Duration // from Start to the first meaningful event
	Duration      time.Duration
	Overhead      time.Duration // ours, before the answer began
	Usage         Usage         // of all attempts, also of those that failed
	Cost          PicoUSD       // likewise
	Attempts      []Attempt
	Skipped       []Skipped
	ClientRetry   int
	Said          Said
	KeywordLate   bool // a failure keyword was seen after the commit
	Affinity      Affinity
	Body          *Body
	Trace         Trace
	// ResponseID is the provider's own id of the answer, where it is stored; PreviousID that of the
	// stored response that the call goes on with.
	ResponseID string
	PreviousID string
	// Background: the response goes on behind the answer, and the call is over when that is.
	Background bool
}

// Affinity tells how a call of a sticky group found its place; never what the conversation is called.
type Affinity struct {
	Key  AffinityKey
	Held bool // it went where a failover had taken the conversation
}

// AffinityKey is what told which conversation a call belongs to.
type AffinityKey uint8

// The keys, in the order in which they count.
const (
	NotSticky      AffinityKey = iota // the group is not
	NoSession                         // nothing told: the call went anywhere
	SessionHeader                     // a header such as x-session-id
	PromptCacheKey                    // prompt_cache_key
	ClientMetadata                    // metadata.user_id, as Claude Code writes it
	ConversationID                    // conversation
	FirstMessage                      // the system prompt and the first message of the user
)

// String gives the key's name as calls record it.
func (k AffinityKey) String() string {
	return [...]string{"", "none", "session_header", "prompt_cache_key", "client_metadata", "conversation", "first_message"}[k]
}

// Said is what a client says of its call, for those who look for it later: bounded, and without
// what looks like a credential.
type Said struct {
	RequestID string // X-Client-Request-Id
	Incoming  string // X-Request-Id, of the client or of a proxy before us
	User      string
	Metadata  map[string]string
}

// Skipped is a member whose turn would have come, had it not been cooling, or that cannot be told what
// the request is about.
type Skipped struct {
	Provider string
	Model    string
	Reason   Outcome   // what opened the cooldown, or NotTranslatable
	Until    time.Time // the cooldown's end; zero: there was none
	// Parameter is what of the request the member could not be told, where it speaks another dialect.
	Parameter string
}

// Attempt is the record of one try on one target.
type Attempt struct {
	Provider    string
	Model       string
	Credential  string
	StartOffset time.Duration // from the call's start
	FirstFrame  time.Duration // from the attempt's start to any event; 0 when none came
	FirstToken  time.Duration // to the first meaningful event; 0 when none came
	Working     time.Duration // to the first event before that which told that the model works; 0 when none came
	Duration    time.Duration
	Status      int // upstream's; 0 when there was none
	Outcome     Outcome
	Reason      string
	Keyword     string // failure keyword that was seen in the answer
	Blame       string // provider, target, credential, caller or gateway; empty on success
	Retry       bool   // the target of the attempt before, tried once more
	MaybeBilled bool   // it failed, and the provider may charge for it: Usage holds what that may be
	LastResort  bool
	Span        SpanID       // its own in the call's trace; zero: it is not traced
	Chunks      int          // events of its stream that went to the client
	FieldRules  []string     // that changed its request
	Opaque      int          // items that were cut out of its request
	Translation *Translation // nil: request and answer went as they came
	Usage       Usage
	Cost        PicoUSD
	Rates       *Rates // what Cost was reckoned with; nil: there is no price
	ResponseID  string // that the provider gave its answer, where it is stored
	Answered    string // model that the provider says its answer comes from; looked for where the attempt is traced
	Pending     bool   // that response goes on in the background
}

// UsageSource says where token numbers come from.
type UsageSource uint8

// The sources.
const (
	UsageNone      UsageSource = iota // no answer, or nothing to count
	UsageUpstream                     // the upstream reported it
	UsageEstimated                    // at least in part, from the number of bytes of text
)

// String gives the source's name as calls record it.
func (s UsageSource) String() string { return [...]string{"none", "upstream", "estimated"}[s] }
