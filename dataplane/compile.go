package dataplane

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unique"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	"github.com/trunkline-ai/trunkline/internal/outbound"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// microPerCall turns micro-USD per call into pico-USD.
const microPerCall = 1_000_000

// Compile turns a received snapshot into the form that serves requests. It trusts
// nothing: a snapshot that refers to what it does not hold, or lacks what serving needs,
// is refused whole and the node keeps the one it has. A group or a key that still names
// required features is one that this build cannot serve: it is known, and refused.
func Compile(in *nodev1.Snapshot) (*Snapshot, error) { return CompileAfter(nil, in, nil) }

// CompileAfter is Compile for a node that serves another snapshot, or none yet: what is counted in that one, which
// counts on meanwhile, goes on.
func CompileAfter(before *Snapshot, in *nodev1.Snapshot, p *pace.Pace) (*Snapshot, error) {
	s, err := compileRest(in)
	if err != nil {
		return nil, err
	}
	if before == nil {
		s.held = newHeld(len(in.GetApiKeys()))
	} else {
		s.keepTargets(before)
		s.held = before.held
	}
	if s.keys, err = s.withKeys(s.keys, in.GetApiKeys(), nil, p); err != nil {
		return nil, err
	}
	if s.keys.Len() != len(in.GetApiKeys()) {
		return nil, fmt.Errorf("%d API keys have the same secret as another one", len(in.GetApiKeys())-s.keys.Len())
	}
	s.held.bound(s, p)
	return s, nil
}

// compileRest is everything but the API keys.
func compileRest(in *nodev1.Snapshot) (*Snapshot, error) {
	s := &Snapshot{
		Revision:  in.GetRevision(),
		Providers: make(map[string]*Provider, len(in.GetProviders())),
		pepper:    in.GetKeyPepper(),
		hop:       []string{hopOf(in.GetKeyPepper())},
		ids:       newResponseIDs(in.GetKeyPepper()),
		byName:    make(map[unique.Handle[string]]*Group, len(in.GetGroups())),
	}
	s.CORS = compileOrigins(in.GetCorsOrigins())
	s.Sockets = int(in.GetWebsocket().GetMaxConnectionsPerKey())
	targets := map[Scope]*Target{}
	s.targets = targets
	for _, p := range in.GetProviders() {
		if err := s.addProvider(p, targets); err != nil {
			return nil, fmt.Errorf("provider %q: %w", p.GetName(), err)
		}
	}
	keywords := make([]filteredKeyword, 0, len(in.GetFailureKeywords()))
	for _, k := range in.GetFailureKeywords() {
		compiled, err := compileKeyword(k)
		if err != nil {
			return nil, fmt.Errorf("failure keyword %q: %w", k.GetName(), err)
		}
		keywords = append(keywords, compiled)
	}
	taken := make(map[string]bool, len(in.GetGroups()))
	for _, g := range in.GetGroups() {
		group, err := compileGroup(g, targets, newKeywordsOf(g.GetName(), keywords))
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", g.GetName(), err)
		}
		for _, name := range append([]string{group.Name}, group.Aliases...) {
			if taken[name] || name == "" {
				return nil, fmt.Errorf("group %q: name or alias %q is empty or already used", g.GetName(), name)
			}
			taken[name] = true
		}
		s.groups.AddName(group.Name, group)
		for _, name := range group.Aliases {
			s.groups.AddAlias(name, group)
		}
		group.handle = unique.Make(group.Name)
		s.byName[group.handle] = group
	}
	s.ids.index(s)
	return s, nil
}

func (s *Snapshot) addProvider(in *nodev1.Provider, targets map[Scope]*Target) error {
	if _, taken := s.Providers[in.GetName()]; taken || in.GetName() == "" {
		return fmt.Errorf("name is empty or already used")
	}
	base, err := dialect.ParseBase(in.GetBaseUrl())
	if err != nil {
		return fmt.Errorf("base_url: %w", err)
	}
	base.RawQuery = withQuery(base.RawQuery, in.GetSecretQuery())
	endpoints, err := compileEndpoints(in)
	if err != nil {
		return err
	}
	policy, err := compilePolicy(in.GetPolicy())
	if err != nil {
		return err
	}
	p := &Provider{
		Name:                in.GetName(),
		BaseURL:             base,
		Dialect:             cmp.Or(in.GetDialect(), dialect.Default),
		Endpoints:           endpoints,
		AllowPrivateNetwork: in.GetAllowPrivateNetwork(),
		MaxInFlight:         int(in.GetMaxInFlight()),
		Outbound: outbound.Config{
			Authorities: in.GetCaCertificates(), Certificate: in.GetClientCertificate(), ClientKey: in.GetClientKey(),
			Proxy: in.GetProxy().GetUrl(), ProxyUsername: in.GetProxy().GetUsername(), ProxyPassword: in.GetProxy().GetPassword(),
			ProxyPrivate: in.GetProxy().GetAllowPrivateNetwork(),
		},
		Policy: policy,
		Scope:  Scope{Kind: ScopeProvider, Provider: in.GetName()},
		Load:   &Load{},
	}
	if err := p.Outbound.Check(); err != nil {
		return err
	}
	for _, h := range in.GetHeaders() {
		p.Headers = append(p.Headers, Header{h.GetName(), h.GetValue(), h.GetSecret()})
	}
	for _, name := range in.GetForwardHeaders() {
		switch name = http.CanonicalHeaderKey(name); name {
		case TraceParentHeader:
			p.ForwardTrace = true
		case TraceStateHeader:
			p.ForwardTraceState = true
		default:
			p.Forward = append(p.Forward, name)
		}
	}
	p.compileCredentials(in.GetCredentials())
	p.compileAPIs()
	p.compileSecrets(in.GetSecretQuery())
	rules, err := readRules(in.GetFieldRules())
	if err != nil {
		return err
	}
	shared := rulesByEndpoint(rules)
	for _, m := range in.GetModels() {
		t := &Target{
			Provider:      p,
			Model:         m.GetId(),
			Price:         compilePrice(m.GetPrice()),
			ContextWindow: m.GetContextWindow(),
			MaxOutput:     max(m.GetMaxOutputTokens(), 0),
			Scope:         Scope{Kind: ScopeTarget, Provider: p.Name, Name: m.GetId()},
			Place:         routing.TargetPlace(p.Name, m.GetId()),
			Load:          &Load{},
		}
		if t.ModelJSON, err = json.Marshal(t.Model); err != nil || t.Model == "" {
			return fmt.Errorf("model %q: not a usable id", t.Model)
		}
		if t.Rules, err = compileRules(rules, shared, m.GetFieldRules()); err != nil {
			return fmt.Errorf("model %q: %w", t.Model, err)
		}
		targets[t.Scope] = t
		p.Models = append(p.Models, t.Model)
	}
	s.Providers[p.Name] = p
	return nil
}

// compileEndpoints reads how APIs of a provider are reached. The secrets of its query belong to each base URL.
func compileEndpoints(in *nodev1.Provider) (all []dialect.Endpoint, err error) {
	for _, e := range in.GetEndpoints() {
		out := dialect.Endpoint{API: e.GetApi(), Path: e.GetPath(), Query: e.GetQuery(), Auth: e.GetAuth(), Format: e.GetFormat()}
		if dialect.FindAPI(out.API) == nil || out.Auth != "" && dialect.FindAuth(out.Auth) == nil {
			return nil, fmt.Errorf("endpoint %q: the API, or its way of authentication %q, is not known", out.API, out.Auth)
		}
		if out.Format != "" && dialect.FindFormat(out.API, out.Format) == nil {
			return nil, fmt.Errorf("endpoint %q: format %q is not known", out.API, out.Format)
		}
		if e.GetBaseUrl() != "" {
			if out.Base, err = dialect.ParseBase(e.GetBaseUrl()); err != nil {
				return nil, fmt.Errorf("endpoint %q: base_url: %w", out.API, err)
			}
			out.Base.RawQuery = withQuery(out.Base.RawQuery, in.GetSecretQuery())
		}
		all = append(all, out)
	}
	return all, nil
}

func compileGroup(in *nodev1.Group, targets map[Scope]*Target, keywords *keywordsOf) (*Group, error) {
	g := &Group{Name: in.GetName(), DisplayName: in.GetDisplayName(), Aliases: in.GetAliases(), CreatedAt: in.GetCreateTime()}
	if g.Unsupported = in.GetRequiredFeatures(); len(g.Unsupported) > 0 {
		return g, nil // without members nobody is called
	}
	var err error
	if g.Selection, err = compileSelection(in.GetSelection()); err != nil {
		return nil, err
	}
	if g.BodyLog, err = compileBodyLog(in.GetBodyLog()); err != nil {
		return nil, err
	}
	seen := map[*Target]bool{}
	for _, m := range in.GetMembers() {
		t, ok := targets[Scope{Kind: ScopeTarget, Provider: m.GetProvider(), Name: m.GetModel()}]
		if !ok {
			return nil, fmt.Errorf("member %q of %q does not exist", m.GetModel(), m.GetProvider())
		}
		if seen[t] {
			return nil, fmt.Errorf("member %q of %q is listed twice", m.GetModel(), m.GetProvider())
		}
		seen[t] = true
		if t.ContextWindow > 0 && (g.ContextWindow == 0 || t.ContextWindow < g.ContextWindow) {
			g.ContextWindow = t.ContextWindow
		}
		policy, err := compilePolicy(m.GetPolicy())
		if err != nil {
			return nil, fmt.Errorf("member %q of %q: %w", m.GetModel(), m.GetProvider(), err)
		}
		g.Members = append(g.Members, &Member{
			Target: t, Priority: int(m.GetPriority()), Weight: max(int(m.GetWeight()), 1), Policy: policy,
			Keywords: keywords.provider(m.GetProvider()),
		})
	}
	slices.SortStableFunc(g.Members, g.Selection.rank)
	g.ties = slices.ContainsFunc(pairs(g.Members), func(p [2]*Member) bool { return g.Selection.rank(p[0], p[1]) == 0 })
	return g, nil
}

func pairs(members []*Member) (out [][2]*Member) {
	for i := 1; i < len(members); i++ {
		out = append(out, [2]*Member{members[i-1], members[i]})
	}
	return out
}

func compilePrice(in *nodev1.Price) *Price {
	if in == nil {
		return nil
	}
	p := &Price{Rates: compileRates(in)}
	for _, t := range in.GetTiers() {
		p.Tiers = append(p.Tiers, PriceTier{ServiceTier: t.GetServiceTier(), Above: t.GetAboveInputTokens(), Rates: compileRates(t.GetPrice())})
	}
	return p
}

func compileRates(in *nodev1.Price) Rates {
	return Rates{
		Input:         PicoUSD(in.GetInput()),
		CachedInput:   PicoUSD(in.GetCachedInput()),
		CacheWrite:    PicoUSD(in.GetCacheWrite()),
		CacheWrite1hr: PicoUSD(in.GetCacheWrite_1Hr()),
		Output:        PicoUSD(in.GetOutput()),
		Reasoning:     PicoUSD(in.GetReasoning()),
		AudioInput:    PicoUSD(in.GetAudioInput()),
		CachedAudio:   PicoUSD(in.GetCachedAudioInput()),
		AudioOutput:   PicoUSD(in.GetAudioOutput()),
		ImageInput:    PicoUSD(in.GetImageInput()),
		CachedImage:   PicoUSD(in.GetCachedImageInput()),
		ImageOutput:   PicoUSD(in.GetImageOutput()),
		PerImage:      PicoUSD(in.GetPerImage()),
		PerCharacter:  PicoUSD(in.GetPerCharacter()),
		PerSecond:     PicoUSD(in.GetPerSecond()),
		PerCall:       PicoUSD(in.GetPerCall()) * microPerCall,
	}
}

// maxAffinityHold is the longest that a conversation stays where a failover took it.
const maxAffinityHold = 24 * time.Hour

// maxRetryWait is the longest wait that a call waits out.
const maxRetryWait = 2 * time.Second

func retryWait(d *durationpb.Duration) time.Duration {
	return min(max(d.AsDuration(), 0), maxRetryWait)
}

func compilePolicy(in *nodev1.Policy) (*Policy, error) {
	p := &Policy{
		FailureThreshold:   int(in.GetFailureThreshold()),
		FailureWindow:      in.GetFailureWindow().AsDuration(),
		MinRatio:           in.GetMinRatio(),
		Cooldown:           in.GetCooldown().AsDuration(),
		CooldownMax:        in.GetCooldownMax().AsDuration(),
		MaxAttempts:        int(in.GetMaxAttempts()),
		ConnectTimeout:     in.GetConnectTimeout().AsDuration(),
		FirstTokenTimeout:  in.GetFirstTokenTimeout().AsDuration(),
		ResponseTimeout:    in.GetResponseTimeout().AsDuration(),
		StreamIdleTimeout:  in.GetStreamIdleTimeout().AsDuration(),
		TotalTimeout:       in.GetTotalTimeout().AsDuration(),
		StreamTotalTimeout: in.GetStreamTotalTimeout().AsDuration(),
		ProbeEarly:         in.GetProbeEarly(),
		RetrySameTarget:    in.GetRetrySameTarget(),
		RetryWait:          retryWait(in.GetRetryWait()),
		RetryWaitAtHome:    retryWait(in.GetRetryWaitAtHome()),
		FailOverOnContent:  in.GetFailoverOnContentPolicy(),
		StreamKeepAlive:    in.GetStreamKeepAlive(),
		HoldWhole:          in.GetStreamCommit() == "complete",
		KeywordHold:        keywordHold(in.GetKeywordHold()),
		HedgeAfter:         max(in.GetHedgeAfter().AsDuration(), 0),
		EmptyMovesOn:       in.GetEmptyAnswer() == "move_on",
		AffinityHold:       min(max(in.GetAffinityHold().AsDuration(), 0), maxAffinityHold),
	}
	var err error
	if p.Translation, err = compileTranslation(in.GetTranslation()); err != nil {
		return nil, err
	}
	p.FirstTokenTimeoutMax = max(in.GetFirstTokenTimeoutMax().AsDuration(), p.FirstTokenTimeout)
	// What is no number is in no range.
	if p.FailureThreshold < 1 || p.MaxAttempts < 1 || !(p.MinRatio >= 0 && p.MinRatio <= 1) {
		return nil, fmt.Errorf("policy: threshold, attempts or ratio out of range")
	}
	for _, d := range []time.Duration{
		p.FailureWindow, p.Cooldown, p.CooldownMax, p.ConnectTimeout, p.FirstTokenTimeout,
		p.ResponseTimeout, p.StreamIdleTimeout, p.TotalTimeout, p.StreamTotalTimeout,
	} {
		if d <= 0 {
			return nil, fmt.Errorf("policy: a duration is missing")
		}
	}
	if p.AttemptTimeout = in.GetAttemptTimeout().AsDuration(); p.AttemptTimeout <= 0 { // from before there was one
		p.AttemptTimeout = p.ResponseTimeout
	}
	return p, nil
}

// keywordHold is 1.5 s in snapshots from before there was a choice.
func keywordHold(d *durationpb.Duration) time.Duration {
	if d == nil {
		return 1500 * time.Millisecond
	}
	return max(d.AsDuration(), 0)
}
