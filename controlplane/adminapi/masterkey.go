package adminapi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// MasterKeys are the keys that secrets are sealed under.
type MasterKeys interface {
	Status(ctx context.Context) (secrets.Status, error)
	// Rotate puts a key in use.
	Rotate(ctx context.Context, id, by string) error
	// Unreadable lists what is sealed under keys that this replica was not given.
	Unreadable(ctx context.Context) ([]secrets.Sealed, error)
}

// masterKeyService rotates the master key.
type masterKeyService struct {
	keys MasterKeys
	live Live
}

// ListMasterKeys says how the keys stand.
func (s masterKeyService) ListMasterKeys(ctx context.Context, _ *adminv1.ListMasterKeysRequest) (*adminv1.ListMasterKeysResponse, error) {
	st, err := s.keys.Status(ctx)
	if err != nil {
		return nil, err
	}
	out := &adminv1.ListMasterKeysResponse{
		SecretCount: int32(st.Secrets), PendingCount: int32(st.Pending), InUseSince: timestamppb.New(st.InUse.Since), InUseBy: st.InUse.By,
	}
	for _, k := range st.Keys {
		out.MasterKeys = append(out.MasterKeys, &adminv1.MasterKey{
			Id: k.ID, InUse: k.InUse, Given: k.Given, SecretCount: int32(k.Secrets), LackingReplicas: k.Lacking,
		})
	}
	return out, nil
}

// RotateMasterKey puts another key in use.
func (s masterKeyService) RotateMasterKey(ctx context.Context, req *adminv1.RotateMasterKeyRequest) (*adminv1.RotateMasterKeyResponse, error) {
	if err := s.keys.Rotate(ctx, req.GetId(), access.ActorOf(ctx).String()); err != nil {
		return nil, err
	}
	status, err := s.ListMasterKeys(ctx, nil)
	return &adminv1.RotateMasterKeyResponse{Status: status}, err
}

// ListUnreadableSecrets names what must be given again when a key is lost.
func (s masterKeyService) ListUnreadableSecrets(ctx context.Context, _ *adminv1.ListUnreadableSecretsRequest) (*adminv1.ListUnreadableSecretsResponse, error) {
	sealed, err := s.keys.Unreadable(ctx)
	if err != nil {
		return nil, err
	}
	owners := s.owners()
	out := &adminv1.ListUnreadableSecretsResponse{}
	for _, one := range sealed {
		kind, name, _ := strings.Cut(one.Ref, "/")
		view := &adminv1.UnreadableSecret{MasterKey: one.KeyID, Kind: kind, Name: name}
		if owner, ok := owners[one.Ref]; ok {
			view.Provider, view.AlertChannel, view.Name = owner.provider, owner.channel, owner.part
		}
		out.Secrets = append(out.Secrets, view)
	}
	slices.SortFunc(out.Secrets, func(a, b *adminv1.UnreadableSecret) int {
		return cmp.Or(cmp.Compare(a.GetProvider(), b.GetProvider()), cmp.Compare(a.GetAlertChannel(), b.GetAlertChannel()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return out, nil
}

type owner struct{ provider, channel, part string }

// owners says whose each secret is that is in use.
func (s masterKeyService) owners() map[string]owner {
	owners := map[string]owner{}
	for _, r := range s.live.Current().List(controlplane.KindProvider) {
		for part := range controlplane.SealedParts(r.Spec) {
			owners[part.GetSecretRef()] = owner{provider: r.Name, part: part.GetName()}
		}
	}
	for _, r := range s.live.Current().List(controlplane.KindAlertChannel) {
		if secret := controlplane.SecretOf(r.Spec.(*adminv1.AlertChannel)); secret != nil && *secret.Ref != "" {
			owners[*secret.Ref] = owner{channel: r.Name, part: secret.Way + "." + secret.Field}
		}
	}
	return owners
}
