package adminapi

import (
	"context"
	"log/slog"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// providerService manages providers.
type providerService struct {
	documents

	log       *slog.Logger
	importer  Importer
	nodes     Nodes
	cooldowns Cooldowns
	names     filterNames
}

// ListProviders lists providers in name order.
func (s providerService) ListProviders(_ context.Context, req *adminv1.ListProvidersRequest) (*adminv1.ListProvidersResponse, error) {
	reader, err := newReader[*adminv1.Provider](req.GetReadMask())
	if err != nil {
		return nil, err
	}
	page, err := listing[*adminv1.Provider]{kind: controlplane.KindProvider}.list(s.live.Current(), req)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListProvidersResponse{NextPageToken: page.next, TotalSize: int32(page.total)}
	for _, r := range page.resources {
		res.Providers = append(res.Providers, reader.part(s.view(r)))
	}
	return res, nil
}

// GetProvider returns one provider.
func (s providerService) GetProvider(_ context.Context, req *adminv1.GetProviderRequest) (*adminv1.GetProviderResponse, error) {
	r, err := s.get(controlplane.KindProvider, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetProviderResponse{Provider: s.view(r)}, nil
}

// CreateProvider creates a provider.
func (s providerService) CreateProvider(ctx context.Context, req *adminv1.CreateProviderRequest) (*adminv1.CreateProviderResponse, error) {
	r, _, err := s.create(ctx, req.GetProvider())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateProviderResponse{Provider: s.view(r)}, nil
}

// UpdateProvider replaces a provider.
func (s providerService) UpdateProvider(ctx context.Context, req *adminv1.UpdateProviderRequest) (*adminv1.UpdateProviderResponse, error) {
	r, err := s.update(ctx, req, req.GetProvider())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateProviderResponse{Provider: s.view(r)}, nil
}

// view is a provider as callers may see it.
func (s providerService) view(r *controlplane.Resource) *adminv1.Provider {
	provider := config.Public(r).(*adminv1.Provider)
	provider.EffectiveTimeouts = controlplane.EffectiveTimeouts(s.live.Current().Settings(), provider.GetTimeouts())
	return provider
}

// DeleteProvider deletes a provider that no group refers to.
func (s providerService) DeleteProvider(ctx context.Context, req *adminv1.DeleteProviderRequest) (*adminv1.DeleteProviderResponse, error) {
	if err := s.remove(ctx, controlplane.KindProvider, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteProviderResponse{}, nil
}
