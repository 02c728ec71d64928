package adminapi

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// configService works with the configuration as a whole.
type configService struct {
	documents

	history History
	nodes   Nodes
	startup func() *adminv1.StartupApply
}

// GetStartupApply tells what became of the file of --apply.
func (s configService) GetStartupApply(context.Context, *adminv1.GetStartupApplyRequest) (*adminv1.GetStartupApplyResponse, error) {
	return &adminv1.GetStartupApplyResponse{StartupApply: s.startup()}, nil
}

// ApplyConfig makes the resources so, in one transaction.
func (s configService) ApplyConfig(ctx context.Context, req *adminv1.ApplyConfigRequest) (*adminv1.ApplyConfigResponse, error) {
	docs, err := documentsIn(req.GetResources())
	if err != nil {
		return nil, err
	}
	if err := s.wantRecentFor(ctx, docs...); err != nil {
		return nil, err
	}
	result, err := s.editor.Apply(ctx, caller(ctx).actor(), docs, applyOptions(req))
	if err != nil {
		return nil, err
	}
	res := &adminv1.ApplyConfigResponse{
		Revision:      uint64(result.Revision),
		Changes:       changeViews(result.Changes),
		GeneratedKeys: make([]*adminv1.GeneratedKey, len(result.Generated)),
	}
	for i, k := range result.Generated {
		res.GeneratedKeys[i] = &adminv1.GeneratedKey{Name: k.Name, Secret: k.Secret}
	}
	return res, nil
}

// DiffConfig tells what Apply would change. It tells whether a secret is the one that is stored, so those who may not
// set secrets must not guess with it.
func (s configService) DiffConfig(ctx context.Context, req *adminv1.DiffConfigRequest) (*adminv1.DiffConfigResponse, error) {
	docs, err := documentsIn(req.GetResources())
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		if caller(ctx).Role < adminv1.Role_ROLE_OPERATOR && setsSecret(doc.ProtoReflect()) {
			return nil, errs.Newf(errs.PermissionDenied, "comparing secrets needs the operator role: leave them out, and they are assumed to be unchanged")
		}
		s.assumeURLs(ctx, doc)
	}
	result, err := s.editor.Diff(docs, applyOptions(req))
	if err != nil {
		return nil, err
	}
	return &adminv1.DiffConfigResponse{Revision: uint64(result.Revision), Changes: changeViews(result.Changes)}, nil
}

// assumeURLs has a document keep the parts of stored URLs that the caller may not see.
func (s configService) assumeURLs(ctx context.Context, doc proto.Message) {
	kind, name, err := config.KindOf(doc)
	if err != nil {
		return // Diff says why
	}
	if stored, ok := s.live.Current().Get(kind, name); ok {
		visibility.AssumeURLs(doc, stored.Spec, caller(ctx).Role)
	}
}

// ExportConfig returns everything, without secrets.
func (s configService) ExportConfig(ctx context.Context, _ *adminv1.ExportConfigRequest) (*adminv1.ExportConfigResponse, error) {
	revision, docs := s.editor.Export()
	res := &adminv1.ExportConfigResponse{Revision: uint64(revision), Resources: make([]*adminv1.Resource, len(docs))}
	for i, doc := range docs {
		r, err := resourceOf(doc)
		if err != nil {
			return nil, err
		}
		res.Resources[i] = r
	}
	visibility.HideURLs(res, caller(ctx).Role)
	return res, nil
}

// applyOptions are those of an apply, and of telling what one would do.
func applyOptions(req interface {
	GetPrune() bool
	GetExpectRevision() uint64
}) config.ApplyOptions {
	return config.ApplyOptions{Prune: req.GetPrune(), ExpectRevision: controlplane.Revision(req.GetExpectRevision())}
}

// documentsIn takes the documents out of their envelopes.
func documentsIn(resources []*adminv1.Resource) ([]proto.Message, error) {
	docs := make([]proto.Message, len(resources))
	for i, r := range resources {
		doc, ok := documentOf(r)
		if !ok { // the rules of the proto let none pass
			return nil, fmt.Errorf("resource %d is empty", i)
		}
		docs[i] = doc
	}
	return docs, nil
}

// documentOf takes a document out of its envelope.
func documentOf(r *adminv1.Resource) (proto.Message, bool) {
	switch spec := r.GetSpec().(type) {
	case *adminv1.Resource_Settings:
		return spec.Settings, true
	case *adminv1.Resource_Provider:
		return spec.Provider, true
	case *adminv1.Resource_Group:
		return spec.Group, true
	case *adminv1.Resource_ApiKey:
		return spec.ApiKey, true
	case *adminv1.Resource_FailureKeyword:
		return spec.FailureKeyword, true
	case *adminv1.Resource_AlertChannel:
		return spec.AlertChannel, true
	default:
		return nil, false
	}
}

// resourceOf puts a document into its envelope.
func resourceOf(doc proto.Message) (*adminv1.Resource, error) {
	switch d := doc.(type) {
	case *adminv1.Settings:
		return &adminv1.Resource{Spec: &adminv1.Resource_Settings{Settings: d}}, nil
	case *adminv1.Provider:
		return &adminv1.Resource{Spec: &adminv1.Resource_Provider{Provider: d}}, nil
	case *adminv1.Group:
		return &adminv1.Resource{Spec: &adminv1.Resource_Group{Group: d}}, nil
	case *adminv1.ApiKey:
		return &adminv1.Resource{Spec: &adminv1.Resource_ApiKey{ApiKey: d}}, nil
	case *adminv1.FailureKeyword:
		return &adminv1.Resource{Spec: &adminv1.Resource_FailureKeyword{FailureKeyword: d}}, nil
	case *adminv1.AlertChannel:
		return &adminv1.Resource{Spec: &adminv1.Resource_AlertChannel{AlertChannel: d}}, nil
	default:
		return nil, fmt.Errorf("export: document of type %T", doc)
	}
}

func changeViews(changes []config.ResourceChange) []*adminv1.ResourceChange {
	views := make([]*adminv1.ResourceChange, len(changes))
	for i, c := range changes {
		views[i] = &adminv1.ResourceChange{
			Kind: string(c.Kind), Name: c.Name, Operation: operation(c.Op), Differences: c.Differences, UsedBy: c.UsedBy,
		}
		if c.Kind == controlplane.KindSettings {
			views[i].Name = ""
		}
	}
	return views
}

func operation(op controlplane.ChangeOp) adminv1.Operation {
	switch op {
	case config.OpUnchanged:
		return adminv1.Operation_OPERATION_UNCHANGED
	case controlplane.OpCreate:
		return adminv1.Operation_OPERATION_CREATE
	case controlplane.OpUpdate:
		return adminv1.Operation_OPERATION_UPDATE
	case controlplane.OpDelete:
		return adminv1.Operation_OPERATION_DELETE
	case controlplane.OpAdopt:
		return adminv1.Operation_OPERATION_ADOPT
	default:
		return adminv1.Operation_OPERATION_UNSPECIFIED
	}
}
