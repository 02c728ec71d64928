package importer

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Remove removes models that imports brought, and with also_members the members of groups
// that use them; without it, it refuses while there are any and names the groups. Later
// imports leave the models out. Models that an admin wrote stay, whatever is asked.
func (i *Importer) Remove(ctx context.Context, actor string, req *adminv1.RemoveImportedModelsRequest) (*adminv1.RemoveImportedModelsResponse, error) {
	if req.GetDryRun() {
		r, err := removal(i.cfg.Live.Current(), req)
		if err != nil {
			return nil, err
		}
		return r.res, nil
	}
	var r *removed
	next, err := i.cfg.Live.Transaction(ctx, actor, func(c *controlplane.Config) (_ []controlplane.Op, err error) {
		if r, err = removal(c, req); err != nil {
			return nil, err
		}
		return r.ops, r.refusal(req)
	})
	if err != nil {
		return nil, err
	}
	r.res.Revision = uint64(next.Revision)
	return r.res, nil
}

// removed is what a removal does.
type removed struct {
	res *adminv1.RemoveImportedModelsResponse
	ops []controlplane.Op
}

// refusal is the error of a removal that would take models from groups that use them.
func (r *removed) refusal(req *adminv1.RemoveImportedModelsRequest) error {
	if len(r.res.GetMembers()) == 0 || req.GetAlsoMembers() {
		return nil
	}
	var groups []string
	for _, m := range r.res.GetMembers() {
		groups = append(groups, fmt.Sprintf("%q", m.GetGroup()))
	}
	groups = slices.Compact(groups)
	const most = 5
	text := fmt.Sprint(groups[:min(most, len(groups))])
	if len(groups) > most {
		text += fmt.Sprintf(" and %d more", len(groups)-most)
	}
	return errs.Newf(errs.FailedPrecondition,
		"models of provider %q are in use by groups %s; set also_members to remove those members too", req.GetName(), text)
}

func removal(c *controlplane.Config, req *adminv1.RemoveImportedModelsRequest) (*removed, error) {
	stored, ok := c.Get(controlplane.KindProvider, req.GetName())
	if !ok {
		return nil, errs.Newf(errs.NotFound, "Provider %q does not exist", req.GetName())
	}
	r := &removed{res: &adminv1.RemoveImportedModelsResponse{}}
	next := proto.CloneOf(stored.Spec.(*adminv1.Provider))
	names := map[string]bool{} // ids and aliases that go
	next.Models = slices.DeleteFunc(next.Models, func(m *adminv1.Model) bool {
		if !meant(m.GetImported(), req) {
			return false
		}
		r.res.Models = append(r.res.Models, m.GetId())
		names[m.GetId()] = true
		if m.GetAlias() != "" {
			names[m.GetAlias()] = true
		}
		return true
	})
	if len(names) == 0 {
		return r, nil
	}
	controlplane.SetRemovedModels(next, append(next.GetImport().GetRemovedModels(), r.res.GetModels()...))
	r.ops = []controlplane.Op{{Kind: controlplane.KindProvider, Name: req.GetName(), Spec: next}}
	for _, g := range c.List(controlplane.KindGroup) {
		r.members(g, req.GetName(), names)
	}
	return r, nil
}

// members takes the members that use the names out of a group.
func (r *removed) members(g *controlplane.Resource, provider string, names map[string]bool) {
	next := proto.CloneOf(g.Spec.(*adminv1.Group))
	before := len(next.GetMembers())
	next.Members = slices.DeleteFunc(next.Members, func(m *adminv1.Member) bool {
		gone := m.GetProvider() == provider && names[m.GetModel()]
		if gone {
			r.res.Members = append(r.res.Members, &adminv1.ModelUse{Group: g.Name, Model: m.GetModel()})
		}
		return gone
	})
	if len(next.GetMembers()) < before {
		r.ops = append(r.ops, controlplane.Op{Kind: controlplane.KindGroup, Name: g.Name, Spec: next})
	}
}

// meant reports whether a request is about a model with this origin; nil is an admin's.
func meant(from *adminv1.ModelImport, req *adminv1.RemoveImportedModelsRequest) bool {
	return from != nil &&
		(req.GetImport() == "" || from.GetImport() == req.GetImport()) &&
		(req.GetCredential() == "" || from.GetCredential() == req.GetCredential()) &&
		(!req.GetGone() || from.GetGoneTime() != nil)
}
