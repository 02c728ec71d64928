package adminapi

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// keyService manages API keys.
type keyService struct {
	documents

	nodes Nodes
	usage KeyUses
	names filterNames
	log   *slog.Logger
	now   func() time.Time
}

// ListApiKeys lists API keys in name order.
func (s keyService) ListApiKeys(ctx context.Context, req *adminv1.ListApiKeysRequest) (*adminv1.ListApiKeysResponse, error) {
	if err := checkNames(ctx, s.names.resource("group", controlplane.KindGroup, "group", req.GetGroup())); err != nil {
		return nil, err
	}
	page, err := s.listing(req).list(s.live.Current(), req)
	if err != nil {
		return nil, err
	}
	return &adminv1.ListApiKeysResponse{
		ApiKeys: s.views(ctx, page.resources), NextPageToken: page.next, TotalSize: int32(page.total),
	}, nil
}

// listing leaves out keys that may not use the group, or are not in the state, that the
// request names.
func (s keyService) listing(req *adminv1.ListApiKeysRequest) listing[*adminv1.ApiKey] {
	now := s.now()
	return listing[*adminv1.ApiKey]{
		kind:  controlplane.KindAPIKey,
		times: map[string]func(*adminv1.ApiKey) int64{"expire_time": func(k *adminv1.ApiKey) int64 { return orNever(k.GetExpireTime()) }},
		wanted: func(k *adminv1.ApiKey) bool {
			return (req.GetGroup() == "" || slices.Contains(k.GetGroups(), req.GetGroup())) &&
				(req.GetState() == 0 || controlplane.KeyState(k, now) == req.GetState())
		},
	}
}

// GetApiKey returns one API key.
func (s keyService) GetApiKey(ctx context.Context, req *adminv1.GetApiKeyRequest) (*adminv1.GetApiKeyResponse, error) {
	r, err := s.get(controlplane.KindAPIKey, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetApiKeyResponse{ApiKey: s.view(ctx, r)}, nil
}

// CreateApiKey creates an API key. Without a secret it gets one, shown this one time.
func (s keyService) CreateApiKey(ctx context.Context, req *adminv1.CreateApiKeyRequest) (*adminv1.CreateApiKeyResponse, error) {
	r, secret, err := s.create(ctx, req.GetApiKey())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateApiKeyResponse{ApiKey: s.view(ctx, r), Secret: secret}, nil
}

// UpdateApiKey replaces an API key.
func (s keyService) UpdateApiKey(ctx context.Context, req *adminv1.UpdateApiKeyRequest) (*adminv1.UpdateApiKeyResponse, error) {
	r, err := s.update(ctx, req, req.GetApiKey())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateApiKeyResponse{ApiKey: s.view(ctx, r)}, nil
}

// DeleteApiKey deletes an API key.
func (s keyService) DeleteApiKey(ctx context.Context, req *adminv1.DeleteApiKeyRequest) (*adminv1.DeleteApiKeyResponse, error) {
	if err := s.remove(ctx, controlplane.KindAPIKey, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteApiKeyResponse{}, nil
}
