package config

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// MaxOverlap is how long an API key's old secret may go on working after a rotation.
const MaxOverlap = 30 * 24 * time.Hour

// RevokeKey revokes an API key permanently: it stays, disabled, until it is deleted, and no key
// may ever have its secret again. With cut the streams that run with it are ended. A key
// that is revoked already is returned as it is.
func (e *Editor) RevokeKey(ctx context.Context, actor, name string, cut bool) (*controlplane.Resource, error) {
	return e.changeKey(ctx, actor, name, func(d *adminv1.ApiKey) error {
		if d.GetRevokeTime() != nil {
			return nil
		}
		d.Enabled, d.RevokeTime, d.RevokeCutStreams = proto.Bool(false), timestamppb.New(e.live.now()), cut
		return nil
	})
}

// RotateKey gives an API key a new secret, which is returned here and nowhere else. The
// present one works on for the overlap, at most MaxOverlap; one from a rotation before that
// ends at once.
func (e *Editor) RotateKey(ctx context.Context, actor, name string, overlap time.Duration) (res *controlplane.Resource, secret string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return nil, "", errs.Invalid(errs.Violation{Field: "overlap", Description: "must be from 0s to 720h (30 days)"})
	}
	res, err = e.changeKey(ctx, actor, name, func(d *adminv1.ApiKey) error {
		if d.GetRevokeTime() != nil {
			return errs.Newf(errs.FailedPrecondition, "API key %q is revoked: create another one", name)
		}
		d.OldSecretHash, d.OldLastFour, d.OldSecretExpireTime = nil, "", nil
		if overlap > 0 {
			d.OldSecretHash, d.OldLastFour = d.GetSecretHash(), d.GetLastFour()
			d.OldSecretExpireTime = timestamppb.New(e.live.now().Add(overlap))
		}
		secret = apikey.Generate()
		hash := apikey.Hash(e.live.cfg.Pepper, secret)
		d.SecretHash, d.Prefix, d.LastFour = hash[:], apikey.Prefix(secret), apikey.LastFour(secret)
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return res, secret, nil
}

// changeKey edits the stored form of one API key.
func (e *Editor) changeKey(ctx context.Context, actor, name string, edit func(*adminv1.ApiKey) error) (*controlplane.Resource, error) {
	next, err := e.live.Transaction(ctx, actor, func(c *controlplane.Config) ([]controlplane.Op, error) {
		old, exists := c.Get(controlplane.KindAPIKey, name)
		if !exists {
			return nil, notFound(controlplane.KindAPIKey, name)
		}
		doc := proto.CloneOf(old.Spec.(*adminv1.ApiKey))
		if err := edit(doc); err != nil {
			return nil, err
		}
		if proto.Equal(old.Spec, doc) {
			return nil, nil
		}
		return []controlplane.Op{{Kind: controlplane.KindAPIKey, Name: name, Spec: doc}}, nil
	})
	if err != nil {
		return nil, err
	}
	res, _ := next.Get(controlplane.KindAPIKey, name)
	return res, nil
}
