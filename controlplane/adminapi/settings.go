package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// settingsService reads and replaces the settings.
type settingsService struct{ live Live }

// GetSettings returns the settings; empty ones, which are all defaults, before the first change.
func (s settingsService) GetSettings(context.Context, *adminv1.GetSettingsRequest) (*adminv1.GetSettingsResponse, error) {
	r, ok := s.live.Current().Get(controlplane.KindSettings, controlplane.SettingsName)
	if !ok {
		return &adminv1.GetSettingsResponse{Settings: &adminv1.Settings{}}, nil
	}
	return &adminv1.GetSettingsResponse{Settings: config.Public(r).(*adminv1.Settings)}, nil
}

// UpdateSettings replaces the settings.
func (s settingsService) UpdateSettings(ctx context.Context, req *adminv1.UpdateSettingsRequest) (*adminv1.UpdateSettingsResponse, error) {
	r, err := update(ctx, s.live, req.GetSettings())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateSettingsResponse{Settings: config.Public(r).(*adminv1.Settings)}, nil
}
