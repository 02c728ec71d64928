package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// settingsService reads and replaces the settings.
type settingsService struct {
	documents
	catalogue func() *adminv1.PriceCatalogue
}

// GetSettings returns the settings; before the first change all of them are defaults.
func (s settingsService) GetSettings(context.Context, *adminv1.GetSettingsRequest) (*adminv1.GetSettingsResponse, error) {
	r, ok := s.live.Current().Get(controlplane.KindSettings, controlplane.SettingsName)
	settings := &adminv1.Settings{}
	if ok {
		settings = config.Public(r).(*adminv1.Settings)
	}
	return &adminv1.GetSettingsResponse{Settings: s.withEffective(settings)}, nil
}

// UpdateSettings replaces the settings.
func (s settingsService) UpdateSettings(ctx context.Context, req *adminv1.UpdateSettingsRequest) (*adminv1.UpdateSettingsResponse, error) {
	r, err := s.update(ctx, req, req.GetSettings())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateSettingsResponse{Settings: s.withEffective(config.Public(r).(*adminv1.Settings))}, nil
}

// withEffective adds to settings what holds because of them, what would without them, and where prices come from.
func (s settingsService) withEffective(set *adminv1.Settings) *adminv1.Settings {
	set.EffectiveFailover, set.DefaultFailover = controlplane.EffectivePolicy(set, nil), controlplane.EffectivePolicy(nil, nil)
	set.EffectiveRetention, set.DefaultRetention = controlplane.EffectiveRetention(set), controlplane.EffectiveRetention(nil)
	set.EffectiveWebsocket = controlplane.EffectiveWebSocket(set)
	set.EffectiveRollout = controlplane.EffectiveRollout(set)
	set.PriceCatalogue = s.catalogue()
	return set
}
