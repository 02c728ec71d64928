package adminapi

import (
	"context"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// groupService manages groups.
type groupService struct {
	documents

	nodes Nodes
	names filterNames
}

// ListGroups lists groups in name order.
func (s groupService) ListGroups(ctx context.Context, req *adminv1.ListGroupsRequest) (*adminv1.ListGroupsResponse, error) {
	reader, err := newReader[*adminv1.Group](req.GetReadMask())
	if err != nil {
		return nil, err
	}
	if err := checkNames(ctx, s.names.resource("provider", controlplane.KindProvider, "provider", req.GetProvider())); err != nil {
		return nil, err
	}
	c := s.live.Current()
	page, err := s.listing(req).list(c, req)
	if err != nil {
		return nil, err
	}
	res := &adminv1.ListGroupsResponse{NextPageToken: page.next, TotalSize: int32(page.total)}
	for _, r := range page.resources {
		res.Groups = append(res.Groups, reader.part(s.view(c, r)))
	}
	return res, nil
}

// listing leaves out groups without a member of the provider that the request names.
func (groupService) listing(req *adminv1.ListGroupsRequest) listing[*adminv1.Group] {
	l := listing[*adminv1.Group]{kind: controlplane.KindGroup}
	if provider := req.GetProvider(); provider != "" {
		l.wanted = func(g *adminv1.Group) bool {
			return slices.ContainsFunc(g.GetMembers(), func(m *adminv1.Member) bool { return m.GetProvider() == provider })
		}
	}
	return l
}

// GetGroup returns one group.
func (s groupService) GetGroup(_ context.Context, req *adminv1.GetGroupRequest) (*adminv1.GetGroupResponse, error) {
	r, err := s.get(controlplane.KindGroup, req.GetName())
	if err != nil {
		return nil, err
	}
	return &adminv1.GetGroupResponse{Group: s.view(s.live.Current(), r)}, nil
}

// CreateGroup creates a group.
func (s groupService) CreateGroup(ctx context.Context, req *adminv1.CreateGroupRequest) (*adminv1.CreateGroupResponse, error) {
	r, _, err := s.create(ctx, req.GetGroup())
	if err != nil {
		return nil, err
	}
	return &adminv1.CreateGroupResponse{Group: s.view(s.live.Current(), r)}, nil
}

// UpdateGroup replaces a group.
func (s groupService) UpdateGroup(ctx context.Context, req *adminv1.UpdateGroupRequest) (*adminv1.UpdateGroupResponse, error) {
	r, err := s.update(ctx, req, req.GetGroup())
	if err != nil {
		return nil, err
	}
	return &adminv1.UpdateGroupResponse{Group: s.view(s.live.Current(), r)}, nil
}

// view is a group as callers may see it.
func (groupService) view(c *controlplane.Config, r *controlplane.Resource) *adminv1.Group {
	group := config.Public(r).(*adminv1.Group)
	group.ApiKeyCount = int32(c.KeyCount(r.Name))
	group.EffectivePolicy = controlplane.EffectivePolicy(c.Settings(), group.GetPolicy())
	return group
}

// DeleteGroup deletes a group that no API key refers to.
func (s groupService) DeleteGroup(ctx context.Context, req *adminv1.DeleteGroupRequest) (*adminv1.DeleteGroupResponse, error) {
	if err := s.remove(ctx, controlplane.KindGroup, req.GetName(), req.GetEtag()); err != nil {
		return nil, err
	}
	return &adminv1.DeleteGroupResponse{}, nil
}
