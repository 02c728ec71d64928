package adminapi_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// authority is one whose key is replaced in no time.
type authority struct {
	mu       sync.Mutex
	rotating bool     // guarded by mu
	by       []string // guarded by mu; who did what
	without  []string // guarded by mu
}

func (a *authority) Rotation() enrollment.Rotation {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := enrollment.Rotation{Keys: []controlplane.AuthorityKey{{Role: controlplane.AuthoritySigning, Fingerprint: "00112233", Expires: time.Unix(1, 0)}}}
	if a.rotating {
		r.Keys = append(r.Keys, controlplane.AuthorityKey{Role: controlplane.AuthorityNext, Fingerprint: "44556677", Since: time.Unix(2, 0), Expires: time.Unix(3, 0)})
		r.Waiting = []string{"a", "b"}
	}
	return r
}

func (a *authority) did(what, by string, rotating bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by, a.rotating = append(a.by, what+" by "+by), rotating
}

func (a *authority) Rotate(_ context.Context, by string) error { a.did("rotate", by, true); return nil }
func (a *authority) Cancel(_ context.Context, by string) error {
	a.did("cancel", by, false)
	return nil
}

func (a *authority) Advance(_ context.Context, without []string, by string) error {
	if slices.Contains(without, "unknown") {
		return errs.Newf(errs.FailedPrecondition, "no")
	}
	a.did("advance", by, false)
	a.without = without
	return nil
}

func TestTheAuthoritysKeyIsReplacedByItsOwners(t *testing.T) {
	t.Parallel()
	a := &authority{}
	e := start(t, func(cfg *adminapi.Config) { cfg.Authority = a })
	keys := e.admin(t).authority
	ctx := t.Context()
	got, err := keys.ListAuthorityKeys(ctx, &adminv1.ListAuthorityKeysRequest{})
	if err != nil || len(got.GetAuthorityKeys()) != 1 || got.GetAuthorityKeys()[0].GetSince() != nil || got.GetAuthorityKeys()[0].GetRole() != adminv1.AuthorityKeyRole_AUTHORITY_KEY_ROLE_SIGNING {
		t.Errorf("keys %v, %v", got, err)
	}
	begun, err := keys.RotateAuthorityKey(ctx, &adminv1.RotateAuthorityKeyRequest{})
	if err != nil || begun.GetStatus().GetAuthorityKeys()[1].GetRole() != adminv1.AuthorityKeyRole_AUTHORITY_KEY_ROLE_NEXT ||
		begun.GetStatus().GetAuthorityKeys()[1].GetSince().GetSeconds() != 2 || !slices.Equal(begun.GetStatus().GetWaitingNodes(), []string{"a", "b"}) {
		t.Errorf("begun %v, %v", begun, err)
	}
	_, err = keys.AdvanceAuthorityKey(ctx, &adminv1.AdvanceAuthorityKeyRequest{WithoutNodes: []string{""}})
	wantCode(t, err, connect.CodeInvalidArgument)
	_, err = keys.AdvanceAuthorityKey(ctx, &adminv1.AdvanceAuthorityKeyRequest{WithoutNodes: []string{"unknown"}})
	wantCode(t, err, connect.CodeFailedPrecondition)
	if _, err = keys.AdvanceAuthorityKey(ctx, &adminv1.AdvanceAuthorityKeyRequest{WithoutNodes: []string{"a", "b"}}); err != nil {
		t.Error(err)
	}
	if _, err = keys.CancelAuthorityKey(ctx, &adminv1.CancelAuthorityKeyRequest{}); err != nil {
		t.Error(err)
	}
	if want := []string{"rotate by user:" + adminUser, "advance by user:" + adminUser, "cancel by user:" + adminUser}; !slices.Equal(a.by, want) || !slices.Equal(a.without, []string{"a", "b"}) {
		t.Errorf("done %q without %q", a.by, a.without)
	}
}

func TestTheAllInOneHasNoAuthority(t *testing.T) {
	t.Parallel()
	e := start(t, func(cfg *adminapi.Config) { cfg.Authority = nil })
	_, err := e.admin(t).authority.ListAuthorityKeys(t.Context(), &adminv1.ListAuthorityKeysRequest{})
	wantCode(t, err, connect.CodeFailedPrecondition)
}
