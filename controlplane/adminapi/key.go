package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// keyService manages API keys.
type keyService struct {
	live  Live
	nodes Nodes
}

// ListApiKeys lists API keys in name order.
func (s keyService) ListApiKeys(_ context.Context, req *adminv1.ListApiKeysRequest) (*adminv1.ListApiKeysResponse, error) {
	page, next, err := list[*adminv1.ApiKey](s.live, controlplane.KindAPIKey, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &adminv1.ListApiKeysResponse{ApiKeys: page, NextPageToken: next}, nil
}

// GetApiKey returns one API key.
func (s keyService) GetApiKey(_ context.Context, req *adminv1.GetApiKeyRequest) (*adminv1.GetApiKeyResponse, error) {
	key, err := get[*adminv1.ApiKey](s.live, controlplane.KindAPIKey, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetApiKeyResponse{ApiKey: key}, nil
}

// CreateApiKey creates an API key. Without a secret it gets one, shown this one time.
func (s keyService) CreateApiKey(ctx context.Context, req *adminv1.CreateApiKeyRequest) (*adminv1.CreateApiKeyResponse, error) {
	key, secret, err := create(ctx, s.live, req.GetApiKey())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateApiKeyResponse{ApiKey: key, Secret: secret}, nil
}

// UpdateApiKey replaces an API key.
func (s keyService) UpdateApiKey(ctx context.Context, req *adminv1.UpdateApiKeyRequest) (*adminv1.UpdateApiKeyResponse, error) {
	key, err := update(ctx, s.live, req.GetApiKey())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateApiKeyResponse{ApiKey: key}, nil
}

// DeleteApiKey deletes an API key.
func (s keyService) DeleteApiKey(ctx context.Context, req *adminv1.DeleteApiKeyRequest) (*adminv1.DeleteApiKeyResponse, error) {
	if err := remove(ctx, s.live, controlplane.KindAPIKey, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteApiKeyResponse{}, nil
}
