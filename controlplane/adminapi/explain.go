package adminapi

import (
	"context"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Cooldowns ends cooldowns on nodes: of one model of a provider, of one of its credentials,
// or of all that belongs to it. It returns the nodes that it has told.
type Cooldowns interface {
	ResetCooldown(ctx context.Context, provider, model, credential string) (nodes []string)
}

// ExplainGroup shows in which order a call would try the members of a group now.
func (s groupService) ExplainGroup(_ context.Context, req *adminv1.ExplainGroupRequest) (*adminv1.ExplainGroupResponse, error) {
	route, err := s.live.Current().Explain(req.GetName(), s.nodes.Nodes())
	if err != nil {
		return nil, err
	}
	return &adminv1.ExplainGroupResponse{Route: route}, nil
}

// ResetCooldown ends cooldowns on every node that is connected.
func (s providerService) ResetCooldown(ctx context.Context, req *adminv1.ResetCooldownRequest) (*adminv1.ResetCooldownResponse, error) {
	model, err := resetModel(s.live.Current(), req)
	if err != nil {
		return nil, err
	}
	return &adminv1.ResetCooldownResponse{
		Nodes: s.cooldowns.ResetCooldown(ctx, req.GetProvider(), model, req.GetCredential()),
	}, nil
}

// resetModel checks what a reset names, and gives the upstream id of its model.
func resetModel(cfg *controlplane.Config, req *adminv1.ResetCooldownRequest) (model string, err error) {
	r, ok := cfg.Get(controlplane.KindProvider, req.GetProvider())
	if !ok {
		return "", errs.Newf(errs.NotFound, "%s %q does not exist", controlplane.KindProvider, req.GetProvider())
	}
	provider := r.Spec.(*adminv1.Provider)
	if req.GetModel() != "" && req.GetCredential() != "" {
		return "", errs.Invalid(errs.Violation{Field: "credential", Description: "cannot be named together with a model"})
	}
	if name := req.GetCredential(); name != "" && !slices.ContainsFunc(provider.GetCredentials(), func(c *adminv1.Credential) bool { return c.GetName() == name }) {
		return "", errs.Invalid(errs.Violation{Field: "credential", Description: "is no credential of the provider"})
	}
	if req.GetModel() == "" {
		return "", nil
	}
	if model, ok = controlplane.ModelID(provider, req.GetModel()); !ok {
		return "", errs.Invalid(errs.Violation{Field: "model", Description: "is no model of the provider"})
	}
	return model, nil
}
