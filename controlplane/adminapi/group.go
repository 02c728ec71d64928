package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// groupService manages groups.
type groupService struct {
	live  Live
	nodes Nodes
}

// ListGroups lists groups in name order.
func (s groupService) ListGroups(_ context.Context, req *adminv1.ListGroupsRequest) (*adminv1.ListGroupsResponse, error) {
	page, next, err := list[*adminv1.Group](s.live, controlplane.KindGroup, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &adminv1.ListGroupsResponse{Groups: page, NextPageToken: next}, nil
}

// GetGroup returns one group.
func (s groupService) GetGroup(_ context.Context, req *adminv1.GetGroupRequest) (*adminv1.GetGroupResponse, error) {
	group, err := get[*adminv1.Group](s.live, controlplane.KindGroup, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetGroupResponse{Group: group}, nil
}

// CreateGroup creates a group.
func (s groupService) CreateGroup(ctx context.Context, req *adminv1.CreateGroupRequest) (*adminv1.CreateGroupResponse, error) {
	group, _, err := create(ctx, s.live, req.GetGroup())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateGroupResponse{Group: group}, nil
}

// UpdateGroup replaces a group.
func (s groupService) UpdateGroup(ctx context.Context, req *adminv1.UpdateGroupRequest) (*adminv1.UpdateGroupResponse, error) {
	group, err := update(ctx, s.live, req.GetGroup())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateGroupResponse{Group: group}, nil
}

// DeleteGroup deletes a group that no API key refers to.
func (s groupService) DeleteGroup(ctx context.Context, req *adminv1.DeleteGroupRequest) (*adminv1.DeleteGroupResponse, error) {
	if err := remove(ctx, s.live, controlplane.KindGroup, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteGroupResponse{}, nil
}
