package adminapi

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sort"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	domain "github.com/trunkline-ai/trunkline/internal/domain/routing"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Cooldowns ends cooldowns on nodes: of one model of a provider, of one of its credentials,
// or of all that belongs to it. It returns the nodes that it has told.
type Cooldowns interface {
	ResetCooldown(ctx context.Context, provider, model, credential string) (nodes []string)
}

// view is how calls are routed at this moment.
func view(live Live, nodes Nodes) *routing.View {
	return routing.NewView(live.Current(), nodes.Nodes())
}

// ExplainGroup shows in which order a call would try the members of a group now.
func (s groupService) ExplainGroup(ctx context.Context, req *adminv1.ExplainGroupRequest) (*adminv1.ExplainGroupResponse, error) {
	v := view(s.live, s.nodes)
	group, ok := v.Group(req.GetName())
	if !ok {
		return nil, errs.Newf(errs.NotFound, "%s %q does not exist", controlplane.KindGroup, req.GetName())
	}
	call, err := s.callOf(ctx, req)
	if err != nil {
		return nil, err
	}
	return &adminv1.ExplainGroupResponse{Route: v.ExplainCall(group, call)}, nil
}

// PreviewTranslation shows what each member would be told of a request.
func (s groupService) PreviewTranslation(_ context.Context, req *adminv1.PreviewTranslationRequest) (*adminv1.PreviewTranslationResponse, error) {
	v := view(s.live, s.nodes)
	group, ok := v.Group(req.GetName())
	if !ok {
		return nil, errs.Newf(errs.NotFound, "%s %q does not exist", controlplane.KindGroup, req.GetName())
	}
	call, err := routing.ReadCall(req.GetDialect(), []byte(req.GetBody()))
	if err != nil {
		return nil, errs.Invalid(errs.Violation{Field: "body", Description: err.Error()})
	}
	return &adminv1.PreviewTranslationResponse{Route: v.ExplainCall(group, call)}, nil
}

// explained is a request that asks about a call.
type explained interface {
	proto.Message
	GetEndpoint() string
	GetParameters() []string
	GetCaller() string
	GetSession() string
	GetApiKey() string
}

// callOf is the call that a request asks about. One that cannot be is refused: what it shows would look like an answer.
func (s groupService) callOf(ctx context.Context, req explained) (routing.Call, error) {
	call := routing.Call{Endpoint: strings.Trim(req.GetEndpoint(), "/"), Parameters: req.GetParameters(), Caller: req.GetCaller()}
	if req.GetSession() != "" {
		call.Session = domain.NamedSession(req.GetApiKey(), req.GetSession())
	}
	return call, checkNames(ctx, among(req, "endpoint", call.Endpoint), s.names.caller("caller", req.GetCaller()),
		s.names.resource("api_key", controlplane.KindAPIKey, "API key", req.GetApiKey()))
}

// ExplainGroups shows the same of many groups.
func (s groupService) ExplainGroups(ctx context.Context, req *adminv1.ExplainGroupsRequest) (*adminv1.ExplainGroupsResponse, error) {
	v := view(s.live, s.nodes)
	groups := v.Groups()
	if len(req.GetNames()) > 0 {
		var err error
		if groups, err = named(controlplane.KindGroup, req.GetNames(), v.Group); err != nil {
			return nil, err
		}
	}
	digest := newDigest(controlplane.KindGroup, req)
	after, err := digest.position(req.GetPageToken())
	if err != nil {
		return nil, err
	}
	if after != nil {
		groups = groups[sort.Search(len(groups), func(i int) bool { return groups[i].GetName() > after.name }):]
	}
	res := &adminv1.ExplainGroupsResponse{}
	if size := int(cmp.Or(req.GetPageSize(), defaultPageSize)); len(groups) > size {
		groups = groups[:size]
		res.NextPageToken = digest.token(position{name: groups[size-1].GetName()})
	}
	call, err := s.callOf(ctx, req)
	if err != nil {
		return nil, err
	}
	res.Routes = make([]*adminv1.GroupRoute, len(groups))
	for i, group := range groups {
		res.Routes[i] = v.ExplainCall(group, call)
	}
	return res, nil
}

// ListProviderHealth shows how providers stand on all connected nodes together.
func (s providerService) ListProviderHealth(_ context.Context, req *adminv1.ListProviderHealthRequest) (*adminv1.ListProviderHealthResponse, error) {
	v := view(s.live, s.nodes)
	providers := v.Providers()
	if len(req.GetNames()) > 0 {
		var err error
		if providers, err = named(controlplane.KindProvider, req.GetNames(), v.Provider); err != nil {
			return nil, err
		}
	}
	res := &adminv1.ListProviderHealthResponse{Providers: make([]*adminv1.ProviderHealth, len(providers))}
	for i, p := range providers {
		res.Providers[i] = v.ProviderHealth(p)
	}
	return res, nil
}

// named finds resources by their names, each once and in name order.
func named[T interface{ GetName() string }](kind controlplane.Kind, names []string, find func(string) (T, bool)) ([]T, error) {
	found := make(map[string]T, len(names))
	for _, name := range names {
		resource, ok := find(name)
		if !ok {
			return nil, errs.Newf(errs.NotFound, "%s %q does not exist", kind, name)
		}
		found[resource.GetName()] = resource
	}
	out := make([]T, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[name])
	}
	return out, nil
}

// ResetCooldown ends cooldowns on every node that is connected.
func (s providerService) ResetCooldown(ctx context.Context, req *adminv1.ResetCooldownRequest) (*adminv1.ResetCooldownResponse, error) {
	model, err := resetModel(s.live.Current(), req)
	if err != nil {
		return nil, err
	}
	nodes := s.cooldowns.ResetCooldown(ctx, req.GetProvider(), model, req.GetCredential())
	s.log.InfoContext(ctx, "cooldown reset by an admin", "provider", req.GetProvider(), "model", model, "credential", req.GetCredential(),
		"nodes", len(nodes), "actor", caller(ctx).actor())
	return &adminv1.ResetCooldownResponse{Nodes: nodes}, nil
}

// resetModel checks what a reset names, and gives the upstream id of its model.
func resetModel(cfg *controlplane.Config, req *adminv1.ResetCooldownRequest) (model string, err error) {
	r, ok := cfg.Get(controlplane.KindProvider, req.GetProvider())
	if !ok {
		return "", errs.Newf(errs.NotFound, "%s %q does not exist", controlplane.KindProvider, req.GetProvider())
	}
	provider := r.Spec.(*adminv1.Provider)
	if req.GetModel() != "" && req.GetCredential() != "" {
		return "", errs.Invalid(errs.Violation{Field: "credential", Description: "cannot be named together with a model"})
	}
	if name := req.GetCredential(); name != "" && !slices.ContainsFunc(provider.GetCredentials(), func(c *adminv1.Credential) bool { return c.GetName() == name }) {
		return "", errs.Invalid(errs.Violation{Field: "credential", Description: "is not a credential of the provider"})
	}
	if req.GetModel() == "" {
		return "", nil
	}
	m := controlplane.ModelNamed(provider, req.GetModel())
	if m == nil {
		return "", errs.Invalid(errs.Violation{Field: "model", Description: "is not a model of the provider"})
	}
	return m.GetId(), nil
}
