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
func (a settingsService) withEffective(s *adminv1.Settings) *adminv1.Settings {
	s.EffectiveFailover, s.DefaultFailover = controlplane.EffectivePolicy(s, nil), controlplane.EffectivePolicy(nil, nil)
	s.EffectiveRetention, s.DefaultRetention = controlplane.EffectiveRetention(s), controlplane.EffectiveRetention(nil)
	s.EffectiveWebsocket = controlplane.EffectiveWebSocket(s)
	s.EffectiveRollout = controlplane.EffectiveRollout(s)
	s.PriceCatalogue = a.catalogue()
	return s
}
