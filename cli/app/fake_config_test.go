package app_test

import (
	"context"
	"slices"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

type configFake struct {
	*fake
	adminv1connect.UnimplementedConfigServiceHandler
}

// Apply knows groups and keys.
func (f configFake) ApplyConfig(_ context.Context, req *adminv1.ApplyConfigRequest) (*adminv1.ApplyConfigResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &adminv1.ApplyConfigResponse{Changes: f.changes(req.GetResources(), req.GetPrune())}
	for _, r := range req.GetResources() {
		if g := r.GetGroup(); g != nil {
			f.groups[g.GetName()] = g
		}
		if k := r.GetApiKey(); k != nil && f.keys[k.GetName()] == nil {
			f.keys[k.GetName()] = k
			out.GeneratedKeys = append(out.GeneratedKeys, &adminv1.GeneratedKey{Name: k.GetName(), Secret: "sk-tl-generated-wxyz"})
		}
	}
	f.next()
	out.Revision = uint64(f.revision)
	return out, nil
}

func (f configFake) DiffConfig(_ context.Context, req *adminv1.DiffConfigRequest) (*adminv1.DiffConfigResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &adminv1.DiffConfigResponse{Revision: uint64(f.revision), Changes: f.changes(req.GetResources(), req.GetPrune())}, nil
}

func (f configFake) changes(resources []*adminv1.Resource, prune bool) []*adminv1.ResourceChange {
	var out []*adminv1.ResourceChange
	named := map[string]bool{}
	for _, r := range resources {
		c := &adminv1.ResourceChange{Operation: adminv1.Operation_OPERATION_UNCHANGED}
		switch {
		case r.GetGroup() != nil:
			g := r.GetGroup()
			c.Kind, c.Name = "Group", g.GetName()
			named[g.GetName()] = true
			switch present := f.groups[g.GetName()]; {
			case present == nil:
				c.Operation = adminv1.Operation_OPERATION_CREATE
			case !slices.Equal(present.GetAliases(), g.GetAliases()):
				c.Operation = adminv1.Operation_OPERATION_UPDATE
				c.Differences = []string{"aliases: " + strings.Join(present.GetAliases(), ",") + " -> " + strings.Join(g.GetAliases(), ",")}
			}
		case r.GetApiKey() != nil:
			c.Kind, c.Name = "ApiKey", r.GetApiKey().GetName()
			if f.keys[c.GetName()] == nil {
				c.Operation = adminv1.Operation_OPERATION_CREATE
			}
		}
		out = append(out, c)
	}
	for _, g := range sorted(f.groups) {
		if prune && !named[g.GetName()] {
			out = append(out, &adminv1.ResourceChange{Kind: "Group", Name: g.GetName(), Operation: adminv1.Operation_OPERATION_DELETE})
		}
	}
	return out
}

func (f configFake) ExportConfig(context.Context, *adminv1.ExportConfigRequest) (*adminv1.ExportConfigResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &adminv1.ExportConfigResponse{Revision: uint64(f.revision)}
	for _, g := range sorted(f.groups) {
		out.Resources = append(out.Resources, &adminv1.Resource{Spec: &adminv1.Resource_Group{Group: g}})
	}
	return out, nil
}
