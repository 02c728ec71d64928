package pki

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// A key is replaced in three steps, each of which every replica follows within the time of a poll:
//
//	Begin   a new key, which everybody is to trust before anything is signed with it
//	Switch  it signs; the old one is trusted still
//	Finish  the old one is not trusted any more, and gone
//
// When the next step is due is not decided here.

var errRotating = errs.Newf(errs.FailedPrecondition, "a CA rotation is already in progress")

// Begin makes the key that is to sign.
func (a *Authority) Begin(ctx context.Context) error {
	return a.change(ctx, func(s *set, now time.Time) ([]*issuer, error) {
		if len(s.issuers) > 1 {
			return nil, errRotating
		}
		next, err := newIssuer(a.domain, controlplane.AuthorityNext, now)
		if err != nil {
			return nil, err
		}
		return []*issuer{s.signing, next}, nil
	})
}

// Switch lets the next key sign, if it is the one that the caller has judged ready.
func (a *Authority) Switch(ctx context.Context, fingerprint string) error {
	return a.change(ctx, func(s *set, now time.Time) ([]*issuer, error) {
		next := s.in(controlplane.AuthorityNext)
		if next == nil || next.Fingerprint != fingerprint {
			return nil, errs.Newf(errs.FailedPrecondition, "key %s is not the next signing key", fingerprint)
		}
		return []*issuer{next.as(controlplane.AuthoritySigning, now), s.signing.as(controlplane.AuthorityRetired, now)}, nil
	})
}

// Finish ends the trust in the key that signed before, if it is the one that the caller means.
func (a *Authority) Finish(ctx context.Context, fingerprint string) error {
	return a.change(ctx, func(s *set, _ time.Time) ([]*issuer, error) {
		if old := s.in(controlplane.AuthorityRetired); old == nil || old.Fingerprint != fingerprint {
			return nil, errs.Newf(errs.FailedPrecondition, "key %s is not the previous signing key", fingerprint)
		}
		return []*issuer{s.signing}, nil
	})
}

// Cancel gives up a key that has signed nothing yet.
func (a *Authority) Cancel(ctx context.Context) error {
	return a.change(ctx, func(s *set, _ time.Time) ([]*issuer, error) {
		if s.in(controlplane.AuthorityNext) == nil {
			return nil, errs.Newf(errs.FailedPrecondition, "the CA rotation cannot be cancelled: the new key already signs, or none is in progress")
		}
		return []*issuer{s.signing}, nil
	})
}

// change stores other keys in the place of the present ones, and brings them into use; errs.Conflict when another
// replica was first.
func (a *Authority) change(ctx context.Context, next func(*set, time.Time) ([]*issuer, error)) error {
	if a.store == nil {
		return errs.Newf(errs.FailedPrecondition, "the node CA is not stored in a database")
	}
	if _, err := a.Follow(ctx); err != nil {
		return err
	}
	before := a.set.Load()
	issuers, err := next(before, a.now())
	if err != nil {
		return err
	}
	sealed, err := a.seal(issuers)
	if err != nil {
		return err
	}
	fresh, err := newSet(issuers, sealed)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "rotate the key of the node CA")
	}
	if err := a.store.ReplaceSecret(ctx, secretRef, before.sealed, sealed); err != nil {
		return err
	}
	a.set.CompareAndSwap(before, fresh) // unless Follow was faster: it has read this, or what is newer
	return nil
}
