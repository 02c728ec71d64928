package adminapi

import (
	"context"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	"github.com/trunkline-ai/trunkline/internal/domain/clientsetup"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// clientSetupService tells how clients are set up.
type clientSetupService struct {
	live  Live
	nodes Nodes
	now   func() time.Time
}

// ListClientSetups lists how known clients are set up to call a group, and why they would not work so.
func (s clientSetupService) ListClientSetups(_ context.Context, req *adminv1.ListClientSetupsRequest) (*adminv1.ListClientSetupsResponse, error) {
	gateway, ok := clientsetup.Gateway(req.GetGatewayUrl())
	if !ok {
		return nil, errs.Invalid(errs.Violation{Field: "gateway_url", Description: clientsetup.GatewayRule})
	}
	setups, err := clientsetup.Setups(gateway, req.GetGroup())
	if err != nil {
		return nil, err
	}
	v := view(s.live, s.nodes)
	group, known := v.Group(req.GetGroup())
	common := append(groupWarnings(group, known), s.keyWarnings(req.GetApiKey(), group)...)
	var served []string
	if known {
		served = servedAPIs(v.ExplainCall(group, routing.Call{}))
	}
	for _, setup := range setups {
		setup.Warnings = slices.Clone(common)
		if known && controlplane.IsEnabled(group.Enabled) && !slices.Contains(served, setup.GetApi()) {
			setup.Warnings = append(setup.Warnings, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_NOT_SERVED)
		}
	}
	return &adminv1.ListClientSetupsResponse{ClientSetups: setups}, nil
}

func groupWarnings(group *adminv1.Group, known bool) []adminv1.ClientSetupWarning {
	switch {
	case !known:
		return []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_UNKNOWN}
	case !controlplane.IsEnabled(group.Enabled):
		return []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_DISABLED}
	}
	return nil
}

// keyWarnings say why an API key does not open a group, which may be nil.
func (s clientSetupService) keyWarnings(name string, group *adminv1.Group) (out []adminv1.ClientSetupWarning) {
	if name == "" {
		return nil
	}
	r, ok := s.live.Current().Get(controlplane.KindAPIKey, name)
	if !ok {
		return []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_UNKNOWN}
	}
	key := r.Spec.(*adminv1.ApiKey)
	if controlplane.KeyState(key, s.now()) != adminv1.ApiKeyState_API_KEY_STATE_ACTIVE {
		out = append(out, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_INACTIVE)
	}
	if group != nil && !slices.Contains(key.GetGroups(), group.GetName()) {
		out = append(out, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_NOT_ALLOWED)
	}
	return out
}

// servedAPIs are the APIs in which a member of a route can be called, as it comes or translated.
func servedAPIs(route *adminv1.GroupRoute) (apis []string) {
	for _, c := range route.GetCandidates() {
		for _, d := range c.GetDialects() {
			if d.GetSpoken() != "" {
				apis = append(apis, d.GetDialect())
			}
		}
	}
	return apis
}
