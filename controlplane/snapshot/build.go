// Package snapshot turns the configuration into what nodes receive, and keeps the newest
// one ready, encoded once for all of them.
package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// keyHashSize is the length of an API key's hash, HMAC-SHA256.
const keyHashSize = 32

// builder holds what building one snapshot needs.
type builder struct {
	cfg      *controlplane.Config
	sealer   controlplane.Sealer
	settings *adminv1.Settings
	// models gives each enabled provider's upstream model ids, by id and by alias; an empty one is disabled.
	models map[string]map[string]string
	// groups are the names of the groups that are served.
	groups map[string]bool
}

// Build resolves the configuration into a snapshot: what is disabled is left out,
// aliases, prices and policies are resolved, secrets opened. Lists are sorted by name,
// so equal configurations give equal snapshots; credentials and members keep the order
// in which people wrote them, because it means something. The result holds secrets in
// clear. Build changes nothing in cfg.
func Build(cfg *controlplane.Config, sealer controlplane.Sealer, pepper []byte) (*nodev1.Snapshot, error) {
	made, err := (*image)(nil).follow(cfg, sealer, pepper)
	if err != nil {
		return nil, err
	}
	s := &nodev1.Snapshot{}
	if err := proto.Unmarshal(made.set.Encode(), s); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	return s, nil
}

func newBuilder(cfg *controlplane.Config, sealer controlplane.Sealer) *builder {
	return &builder{cfg: cfg, sealer: sealer, settings: cfg.Settings(), models: map[string]map[string]string{}, groups: map[string]bool{}}
}

// rest resolves everything but API keys.
func (b *builder) rest(pepper []byte) (*nodev1.Snapshot, error) {
	s := &nodev1.Snapshot{KeyPepper: pepper}
	s.CorsOrigins = b.settings.GetCors().GetAllowedOrigins()
	if ws := controlplane.EffectiveWebSocket(b.settings); ws.GetEnabled() {
		s.Websocket = &nodev1.WebSocket{MaxConnectionsPerKey: ws.GetMaxConnectionsPerKey()}
	}
	for _, r := range b.cfg.List(controlplane.KindProvider) {
		spec := r.Spec.(*adminv1.Provider)
		if !controlplane.IsEnabled(spec.Enabled) {
			continue
		}
		p, err := b.provider(r.Name, spec)
		if err != nil {
			return nil, fmt.Errorf("provider %q: %w", r.Name, err)
		}
		if p == nil { // its secrets are lost
			delete(b.models, r.Name)
			continue
		}
		s.Providers = append(s.Providers, p)
	}
	for _, r := range b.cfg.List(controlplane.KindGroup) {
		spec := r.Spec.(*adminv1.Group)
		if !controlplane.IsEnabled(spec.Enabled) {
			continue
		}
		g, err := b.group(r, spec)
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", r.Name, err)
		}
		s.Groups = append(s.Groups, g)
	}
	for _, r := range b.cfg.List(controlplane.KindFailureKeyword) {
		spec := r.Spec.(*adminv1.FailureKeyword)
		if !controlplane.IsEnabled(spec.Enabled) {
			continue
		}
		s.FailureKeywords = append(s.FailureKeywords, &nodev1.FailureKeyword{
			Name: r.Name, Keyword: spec.GetKeyword(), Pattern: spec.GetPattern(),
			Count: spec.GetCount(), LogOnly: spec.GetLogOnly(),
			Scopes:    slices.Sorted(slices.Values(spec.GetScopes())),
			Providers: slices.Sorted(slices.Values(spec.GetProviders())),
			Groups:    slices.Sorted(slices.Values(spec.GetGroups())),
		})
	}
	return s, nil
}

// keys resolves an API key: none when it is disabled, two while its secret before the last rotation is
// accepted too. The groups that are served must be known.
func (b *builder) keys(r *controlplane.Resource) ([]*nodev1.ApiKey, error) {
	spec := r.Spec.(*adminv1.ApiKey)
	if !controlplane.IsEnabled(spec.Enabled) {
		return nil, nil
	}
	k, err := b.key(r.Name, spec)
	if err != nil {
		return nil, fmt.Errorf("api key %q: %w", r.Name, err)
	}
	k.RequiredFeatures = feature.Required(k)
	if old := oldSecret(k, spec); old != nil {
		return []*nodev1.ApiKey{k, old}, nil
	}
	return []*nodev1.ApiKey{k}, nil
}

// provider resolves one; nil when it cannot be called because the master key of its secrets is lost.
func (b *builder) provider(name string, in *adminv1.Provider) (*nodev1.Provider, error) {
	out := &nodev1.Provider{
		Name:                name,
		BaseUrl:             in.GetBaseUrl(),
		Dialect:             cmp.Or(in.GetDialect(), dialect.Default),
		AllowPrivateNetwork: in.GetAllowPrivateNetwork(),
		MaxInFlight:         in.GetMaxInFlight(),
		CaCertificates:      in.GetCaCertificates(),
		Policy:              controlplane.ResolvePolicy(b.settings, nil, in.GetTimeouts()),
		FieldRules:          fieldRules(in.GetFieldRules()),
	}
	for _, header := range slices.Sorted(maps.Keys(in.GetHeaders())) {
		out.Headers = append(out.Headers, &nodev1.Header{Name: header, Value: in.GetHeaders()[header]})
	}
	if readable, err := b.secrets(out, in); err != nil || !readable {
		return nil, err
	}
	for _, e := range in.GetEndpoints() {
		out.Endpoints = append(out.Endpoints, &nodev1.Endpoint{
			Api: e.GetApi(), BaseUrl: e.GetBaseUrl(), Path: e.GetPath(), Query: e.GetQuery(), Auth: e.GetAuth(), Format: e.GetFormat(),
		})
	}
	slices.SortFunc(out.Endpoints, func(x, y *nodev1.Endpoint) int { return strings.Compare(x.Api, y.Api) })
	out.ForwardHeaders = slices.Sorted(slices.Values(in.GetForwardHeaders()))
	ids := make(map[string]string, len(in.GetModels()))
	for _, m := range in.GetModels() {
		if !controlplane.IsEnabled(m.Enabled) {
			continue
		}
		price, err := controlplane.ResolvePrice(m.GetPrice())
		if err != nil {
			return nil, fmt.Errorf("model %q: %w", m.GetId(), err)
		}
		out.Models = append(out.Models, &nodev1.Model{
			Id: m.GetId(), Price: price, ContextWindow: m.GetContextWindow(), FieldRules: fieldRules(m.GetFieldRules()),
			MaxOutputTokens: m.GetMaxOutputTokens(),
		})
	}
	served := func(m *adminv1.Model) string {
		if controlplane.IsEnabled(m.Enabled) {
			return m.GetId()
		}
		return ""
	}
	for _, m := range in.GetModels() {
		if m.GetAlias() != "" {
			ids[m.GetAlias()] = served(m)
		}
	}
	for _, m := range in.GetModels() {
		ids[m.GetId()] = served(m) // an id wins over another model's alias
	}
	b.models[name] = ids
	slices.SortFunc(out.Models, func(x, y *nodev1.Model) int { return strings.Compare(x.Id, y.Id) })
	return out, nil
}

// fieldRules keeps the order in which people wrote them: of two that rename to the same name
// the first counts.
func fieldRules(in []*adminv1.FieldRule) (out []*nodev1.FieldRule) {
	for _, r := range in {
		out = append(out, &nodev1.FieldRule{
			Field: r.GetField(), Action: r.GetAction(), To: r.GetTo(), Value: r.GetValue(), Endpoints: r.GetEndpoints(),
		})
	}
	return out
}

func (b *builder) group(r *controlplane.Resource, in *adminv1.Group) (*nodev1.Group, error) {
	out := &nodev1.Group{
		Name:        r.Name,
		DisplayName: in.GetDisplayName(),
		Aliases:     slices.Sorted(slices.Values(in.GetAliases())),
		CreateTime:  r.CreatedAt.Unix(),
		Selection:   cmp.Or(in.GetSelection(), "cheapest"),
		BodyLog:     bodyLog(in.GetBodyLog()),
	}
	for i, m := range in.GetMembers() {
		ids, served := b.models[m.GetProvider()]
		if !served || !controlplane.IsEnabled(m.Enabled) {
			continue
		}
		model, ok := ids[m.GetModel()]
		if !ok {
			return nil, fmt.Errorf("members[%d]: provider %q has no model or alias %q", i, m.GetProvider(), m.GetModel())
		}
		if model == "" {
			continue
		}
		weight := int32(1)
		if m.Weight != nil {
			weight = m.GetWeight()
		}
		out.Members = append(out.Members, &nodev1.Member{
			Provider: m.GetProvider(),
			Model:    model,
			Priority: m.GetPriority(),
			Weight:   weight,
			Policy:   controlplane.ResolvePolicy(b.settings, in.GetPolicy(), b.timeouts(m.GetProvider())),
		})
	}
	b.groups[r.Name] = true
	return out, nil
}

func (b *builder) timeouts(provider string) *adminv1.ProviderTimeouts {
	r, ok := b.cfg.Get(controlplane.KindProvider, provider)
	if !ok {
		return nil
	}
	return r.Spec.(*adminv1.Provider).GetTimeouts()
}

func (b *builder) key(name string, in *adminv1.ApiKey) (*nodev1.ApiKey, error) {
	if len(in.GetSecretHash()) != keyHashSize {
		return nil, fmt.Errorf("its hash has %d bytes instead of %d", len(in.GetSecretHash()), keyHashSize)
	}
	out := &nodev1.ApiKey{Name: name, Hash: in.GetSecretHash(), ExpireTime: in.GetExpireTime()}
	for _, g := range slices.Compact(slices.Sorted(slices.Values(in.GetGroups()))) {
		if b.groups[g] {
			out.Groups = append(out.Groups, g)
		}
	}
	return out, access(out, in)
}
