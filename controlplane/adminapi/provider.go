package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// providerService manages providers.
type providerService struct {
	live      Live
	importer  Importer
	nodes     Nodes
	cooldowns Cooldowns
}

// ListProviders lists providers in name order.
func (s providerService) ListProviders(_ context.Context, req *adminv1.ListProvidersRequest) (*adminv1.ListProvidersResponse, error) {
	page, next, err := list[*adminv1.Provider](s.live, controlplane.KindProvider, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &adminv1.ListProvidersResponse{Providers: page, NextPageToken: next}, nil
}

// GetProvider returns one provider.
func (s providerService) GetProvider(_ context.Context, req *adminv1.GetProviderRequest) (*adminv1.GetProviderResponse, error) {
	provider, err := get[*adminv1.Provider](s.live, controlplane.KindProvider, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetProviderResponse{Provider: provider}, nil
}

// CreateProvider creates a provider.
func (s providerService) CreateProvider(ctx context.Context, req *adminv1.CreateProviderRequest) (*adminv1.CreateProviderResponse, error) {
	provider, _, err := create(ctx, s.live, req.GetProvider())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateProviderResponse{Provider: provider}, nil
}

// UpdateProvider replaces a provider.
func (s providerService) UpdateProvider(ctx context.Context, req *adminv1.UpdateProviderRequest) (*adminv1.UpdateProviderResponse, error) {
	provider, err := update(ctx, s.live, req.GetProvider())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateProviderResponse{Provider: provider}, nil
}

// DeleteProvider deletes a provider that no group refers to.
func (s providerService) DeleteProvider(ctx context.Context, req *adminv1.DeleteProviderRequest) (*adminv1.DeleteProviderResponse, error) {
	if err := remove(ctx, s.live, controlplane.KindProvider, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteProviderResponse{}, nil
}
