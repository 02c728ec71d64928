package adminapi

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Authority is the authority of nodes, whose key can be replaced.
type Authority interface {
	Rotation() enrollment.Rotation
	// Rotate begins to replace the key; Advance takes the next step without the nodes named, which must be all that
	// it waits for; Cancel gives the new key up.
	Rotate(ctx context.Context, by string) error
	Advance(ctx context.Context, without []string, by string) error
	Cancel(ctx context.Context, by string) error
}

// authorityKeyService replaces the key of the nodes' authority.
type authorityKeyService struct{ authority Authority } // nil: the all-in-one has none

func (s authorityKeyService) present() (Authority, error) {
	if s.authority == nil {
		return nil, errs.Newf(errs.FailedPrecondition, "the all-in-one has its node in the same process and no node CA: use trunkline-controlplane")
	}
	return s.authority, nil
}

// ListAuthorityKeys says how the keys stand.
func (s authorityKeyService) ListAuthorityKeys(context.Context, *adminv1.ListAuthorityKeysRequest) (*adminv1.ListAuthorityKeysResponse, error) {
	a, err := s.present()
	if err != nil {
		return nil, err
	}
	return authorityView(a.Rotation()), nil
}

// RotateAuthorityKey begins to replace the key.
func (s authorityKeyService) RotateAuthorityKey(ctx context.Context, _ *adminv1.RotateAuthorityKeyRequest) (*adminv1.RotateAuthorityKeyResponse, error) {
	status, err := s.do(func(a Authority) error { return a.Rotate(ctx, caller(ctx).actor()) })
	return &adminv1.RotateAuthorityKeyResponse{Status: status}, err
}

// AdvanceAuthorityKey takes the next step.
func (s authorityKeyService) AdvanceAuthorityKey(ctx context.Context, req *adminv1.AdvanceAuthorityKeyRequest) (*adminv1.AdvanceAuthorityKeyResponse, error) {
	status, err := s.do(func(a Authority) error { return a.Advance(ctx, req.GetWithoutNodes(), caller(ctx).actor()) })
	return &adminv1.AdvanceAuthorityKeyResponse{Status: status}, err
}

// CancelAuthorityKey gives the new key up.
func (s authorityKeyService) CancelAuthorityKey(ctx context.Context, _ *adminv1.CancelAuthorityKeyRequest) (*adminv1.CancelAuthorityKeyResponse, error) {
	status, err := s.do(func(a Authority) error { return a.Cancel(ctx, caller(ctx).actor()) })
	return &adminv1.CancelAuthorityKeyResponse{Status: status}, err
}

// do changes something and says how the keys stand then.
func (s authorityKeyService) do(change func(Authority) error) (*adminv1.ListAuthorityKeysResponse, error) {
	a, err := s.present()
	if err == nil {
		err = change(a)
	}
	if err != nil {
		return nil, err
	}
	return authorityView(a.Rotation()), nil
}

var authorityRoles = map[controlplane.AuthorityRole]adminv1.AuthorityKeyRole{
	controlplane.AuthoritySigning: adminv1.AuthorityKeyRole_AUTHORITY_KEY_ROLE_SIGNING,
	controlplane.AuthorityNext:    adminv1.AuthorityKeyRole_AUTHORITY_KEY_ROLE_NEXT,
	controlplane.AuthorityRetired: adminv1.AuthorityKeyRole_AUTHORITY_KEY_ROLE_RETIRED,
}

func authorityView(r enrollment.Rotation) *adminv1.ListAuthorityKeysResponse {
	view := &adminv1.ListAuthorityKeysResponse{WaitingNodes: r.Waiting}
	for _, i := range r.Keys {
		key := &adminv1.AuthorityKey{Fingerprint: i.Fingerprint, Role: authorityRoles[i.Role], ExpireTime: timestamppb.New(i.Expires)}
		if !i.Since.IsZero() {
			key.Since = timestamppb.New(i.Since)
		}
		view.AuthorityKeys = append(view.AuthorityKeys, key)
	}
	return view
}
