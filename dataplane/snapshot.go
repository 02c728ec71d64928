package dataplane

import (
	"iter"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
	"unique"

	"github.com/trunkline-ai/trunkline/internal/domain/alias"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	"github.com/trunkline-ai/trunkline/internal/outbound"
)

// Snapshot is the configuration at one revision, compiled for serving. It is immutable
// and shared by all requests.
type Snapshot struct {
	Revision  uint64
	Providers map[string]*Provider
	CORS      Origins
	// Sockets are the WebSockets that an API key may have open; 0: they are refused.
	Sockets int

	pepper []byte
	hop    []string // the installation's name in HopHeader; never changed
	keys   hashtrie.Map[*APIKey]
	groups alias.Index[*Group]
	byName map[unique.Handle[string]]*Group
	// revoked are secrets among keys that were revoked since.
	revoked RevokedKeys
	held    *held

	targets map[Scope]*Target
	ids     responseIDs
}

// Key finds the API key a client sent. Expiry is the caller's to check.
func (s *Snapshot) Key(secret string) (*APIKey, bool) {
	hash := apikey.Hash(s.pepper, secret)
	k, ok := s.keys.Get(hash)
	if !ok || k.unsupported != nil {
		return nil, false
	}
	if _, gone := s.revoked[hash]; gone {
		return nil, false
	}
	return k, true
}

// Unsupported lists the features that this build lacks to serve the API key a client sent;
// nil when that is not why it is not known.
func (s *Snapshot) Unsupported(secret string) []string {
	if k, ok := s.keys.Get(apikey.Hash(s.pepper, secret)); ok {
		return k.unsupported
	}
	return nil
}

// KeyOf finds the API key that has a secret; nil: none has, or it cannot be served.
func (s *Snapshot) KeyOf(hash KeyHash) *APIKey {
	if k, ok := s.keys.Get(hash); ok && k.unsupported == nil {
		return k
	}
	return nil
}

// KeyName is the name of the API key that has a secret; ok is false when none has it.
func (s *Snapshot) KeyName(hash KeyHash) (name string, ok bool) {
	k, ok := s.keys.Get(hash)
	if !ok {
		return "", false
	}
	return k.Name, true
}

// Target finds a model of a provider; nil: there is none.
func (s *Snapshot) Target(provider, model string) *Target {
	return s.targets[Scope{Kind: ScopeTarget, Provider: provider, Name: model}]
}

// Keys gives every API key that can be served, in no order.
func (s *Snapshot) Keys() iter.Seq[*APIKey] {
	return func(yield func(*APIKey) bool) {
		for _, k := range s.keys.All() {
			if k.unsupported == nil && !yield(k) {
				return
			}
		}
	}
}

// GroupsOf gives the groups that an API key may use, sorted by name.
func (s *Snapshot) GroupsOf(k *APIKey) iter.Seq[*Group] {
	return func(yield func(*Group) bool) {
		for _, name := range k.groups {
			if g := s.byName[name]; g != nil && !yield(g) {
				return
			}
		}
	}
}

// Group finds the group that a client means by a model: by its name or an alias as they are
// written, else in another letter case, else by an alias with a star.
func (s *Snapshot) Group(model string) (*Group, bool) { return s.groups.Find(model) }

// Has reports whether the snapshot still holds what a scope names.
func (s *Snapshot) Has(scope Scope) bool {
	p, ok := s.Providers[scope.Provider]
	if !ok {
		return false
	}
	switch scope.Kind {
	case ScopeTarget:
		return slices.Contains(p.Models, scope.Name)
	case ScopeCredential:
		return slices.ContainsFunc(p.Credentials, func(c *Credential) bool { return c.Name == scope.Name })
	}
	return true
}

// Provider is an upstream account.
type Provider struct {
	Name                string
	BaseURL             *url.URL
	Dialect             string
	Endpoints           []dialect.Endpoint // APIs that it has in another way than its dialect has them
	Credentials         []*Credential
	Models              []string // their ids
	Headers             []Header
	Forward             []string // headers of clients that go on to it, in canonical form
	ForwardTrace        bool     // it is told which trace a request is part of,
	ForwardTraceState   bool     // with what the client's systems keep of it
	AllowPrivateNetwork bool
	Outbound            outbound.Config
	MaxInFlight         int // 0 is no limit
	Policy              *Policy
	Scope               Scope
	Load                *Load
	// Secrets are what no answer of the provider may show: its credentials and the values of
	// configured headers that may be secret, as they are and as JSON writes them, longest first.
	Secrets []Secret
	Echoes  Echoes // those of the headers; each credential has them with its own

	apis map[string]spoken
	ref  reference
}

// Speaks says whether the provider has an API, such as chat: whether calls in it may be sent to it as
// they are. Where that is not certain, some of its kind have the API and others not: it is asked for
// natively until an answer teaches that it is missing, which is remembered by target for a while.
func (p *Provider) Speaks(api string) (speaks, certain bool) {
	s, known := p.apis[api]
	return s.speaks || !known, s.certain
}

// Format is the vendor's own way to say what an API says; empty: as clients say it.
func (p *Provider) Format(api string) string {
	for i := range p.Endpoints {
		if p.Endpoints[i].API == api {
			return p.Endpoints[i].Format
		}
	}
	return ""
}

// spoken is what is known of one API of a provider.
type spoken struct{ speaks, certain bool }

// compileAPIs works out which APIs the provider has. A dialect that this node does not know is
// refused elsewhere.
func (p *Provider) compileAPIs() {
	kind, ok := dialect.Find(p.Dialect)
	if !ok {
		return
	}
	reach := dialect.NewReach(kind, p.BaseURL, p.Endpoints)
	p.apis = map[string]spoken{}
	for _, api := range dialect.APIs() {
		speaks, certain := reach.Speaks(api)
		p.apis[api] = spoken{speaks, certain}
	}
}

// Header is one header that is added to upstream requests.
type Header struct {
	Name, Value string
	Secret      bool // whether the value must not be shown
}

// Target is one model of one provider: the thing that is healthy, cooling or disabled.
type Target struct {
	Provider      *Provider
	Model         string
	ModelJSON     []byte // Model as a JSON string, to splice into bodies
	Rules         Rules
	Price         *Price // nil: unpriced
	ContextWindow int64  // tokens; 0 is unknown
	MaxOutput     int64  // tokens of one answer; 0 is unknown
	Scope         Scope
	Place         routing.Place
	Load          *Load

	ref reference
}

// Rules are what is done to fields of requests, by the path of the endpoint; nil: nothing.
type Rules map[string][]*fieldrule.Rule

// Member is a target's place inside a group.
type Member struct {
	*Target
	Priority int
	Weight   int
	Policy   *Policy
	Keywords *Keywords // never nil
}

// Group is what a client names in `model`.
type Group struct {
	Name    string
	Aliases []string
	// DisplayName is what lists show for people; empty: the name.
	DisplayName string
	// ContextWindow is the smallest that a member declares, in tokens; 0: none does.
	ContextWindow int64

	Members   []*Member // in routing order: priority, then price where the selection minds it
	CreatedAt int64     // Unix seconds
	Selection Selection
	BodyLog   *BodyLog // nil: bodies are not kept
	// Unsupported are the features that this build lacks to serve the group, which then has
	// no members.
	Unsupported []string

	ties   bool // some members share a rank
	ref    reference
	handle unique.Handle[string] // the name, as keys refer to it
}

// APIKey is what a client sends.
type APIKey struct {
	Name string
	// Caller is who is behind the key where failures are counted by caller: its owner where one
	// is set, so that many keys are no more than one, else the key.
	Caller    string
	ExpiresAt time.Time
	Limits    Limits
	Budget    Budget
	// AllowedIPs are the addresses that may use the key; any when empty.
	AllowedIPs []netip.Prefix
	// RequestOptions: its calls may carry x-trunkline-* headers that change routing.
	RequestOptions bool
	// Debug: error answers tell which providers were tried and how that ended.
	Debug bool
	// Held counts the bytes of bodies that the key's requests hold on this node; snapshots that
	// follow go on with it, and so do all secrets of one key.
	Held *atomic.Int64

	limited bool
	hash    KeyHash
	// groups are the names of those it may use, sorted: a key need not be compiled again because a group
	// has changed.
	groups []unique.Handle[string]
	// unsupported are the features that this build lacks to serve the key, which then is nothing but its
	// name and its hash; nil: it can be served.
	unsupported []string
}

// Allows reports whether the key may use the group.
func (k *APIKey) Allows(g *Group) bool {
	return slices.Contains(k.groups, g.handle)
}

// Policy says when a target is skipped and how long an attempt may take; every field is set.
type Policy struct {
	FailureThreshold   int
	FailureWindow      time.Duration
	MinRatio           float64
	Cooldown           time.Duration
	CooldownMax        time.Duration
	MaxAttempts        int
	ConnectTimeout     time.Duration
	FirstTokenTimeout  time.Duration
	ResponseTimeout    time.Duration
	StreamIdleTimeout  time.Duration
	AttemptTimeout     time.Duration // of a plain answer while candidates are left
	TotalTimeout       time.Duration
	StreamTotalTimeout time.Duration
	ProbeEarly         bool          // a target that failed fast is tried before its cooldown ends
	RetrySameTarget    bool          // a target whose failure passes is asked once more
	RetryWait          time.Duration // longest named wait that is waited out; 0: none is
	RetryWaitAtHome    time.Duration // the same where a conversation belongs
	FailOverOnContent  bool          // a content-policy refusal moves on
	StreamKeepAlive    bool
	HoldWhole          bool            // streams go to the client when they are complete
	KeywordHold        time.Duration   // how long streams are held for failure keywords; 0: for their first meaningful event
	HedgeAfter         time.Duration   // without an answer the next candidate is started beside an attempt; 0: never
	Translation        TranslationMode // whether candidates may get the request in another dialect
	EmptyMovesOn       bool            // a good answer in which nothing is said moves on while a candidate is left
	AffinityHold       time.Duration   // how long a conversation of a sticky group stays where a failover took it; 0: not at all
	// FirstTokenTimeoutMax is FirstTokenTimeout for a model that tells that it works; never shorter than that.
	FirstTokenTimeoutMax time.Duration
}
