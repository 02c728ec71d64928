package config

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// RollbackResult is what Rollback did, or what it would do.
type RollbackResult struct {
	Revision   controlplane.Revision
	Changes    []ResourceChange
	Exceptions []RollbackException
}

// RollbackException is something a rollback leaves as it is, or brings back only in part.
type RollbackException struct {
	Kind   controlplane.Kind
	Name   string
	Reason string
}

// Rollback makes a new revision whose content is that of an older one, except for what must
// not come back:
//
//   - API keys that were deleted since stay deleted, revoked ones revoked, and all keep the
//     secret they have now. Keys that were made since are deleted.
//   - Providers that still exist at the same scheme, host and port keep the secrets of
//     their credentials, headers and query parameters. Others get those that they had, if
//     these are stored still; a credential whose secret is gone comes back disabled and
//     without one, a header or parameter not at all. So it is with alert channels.
//
// With dryRun it only tells. Going back to what is there already changes nothing.
func (h *History) Rollback(ctx context.Context, actor string, to controlplane.Revision, dryRun bool) (*RollbackResult, error) {
	return h.rollback(ctx, actor, to, dryRun, 0)
}

// rollback is Rollback, of no more than what is tried on some nodes when a target of that is given.
func (h *History) rollback(ctx context.Context, actor string, to controlplane.Revision, dryRun bool, target controlplane.Revision) (*RollbackResult, error) {
	present := h.live.Current()
	if to > present.Revision {
		return nil, noSuchRevision("revision", present.Revision)
	}
	// What is known already is read before the transaction, which holds up all others.
	past := &span{after: to}
	if err := past.read(ctx, h.live.cfg.Store, present.Revision); err != nil {
		return nil, err
	}
	r := &rollback{live: h.live, past: past, target: target, stored: map[string]*controlplane.Secret{}}
	if err := r.plan(ctx, present); err != nil {
		return nil, err
	}
	if dryRun {
		return r.preview(present)
	}
	next, err := h.live.Transaction(ctx, actor, func(c *controlplane.Config) ([]controlplane.Op, error) {
		if err := past.read(ctx, h.live.cfg.Store, c.Revision); err != nil {
			return nil, err
		}
		if _, tried := past.tried(c); target != 0 && tried != target {
			return nil, errs.Newf(errs.Conflict, "the rollout has changed since revision %d: check it first", target)
		}
		err := r.plan(ctx, c)
		return r.ops, err
	})
	if err != nil {
		return nil, err
	}
	r.result.Revision = next.Revision
	return &r.result, nil
}

// rollback turns what has changed since a revision into ops that change it back.
type rollback struct {
	live    *Live
	past    *span
	target  controlplane.Revision           // that is tried on some nodes, which is all that goes back; 0: everything does
	used    map[string]bool                 // by ref: secrets that present documents refer to
	stored  map[string]*controlplane.Secret // by ref: others that were looked up; nil: not stored
	ops     []controlplane.Op
	result  RollbackResult
	secrets []controlplane.Secret // those of stored that come back
}

// plan may run more than once; the last run counts.
func (r *rollback) plan(ctx context.Context, c *controlplane.Config) error {
	r.ops, r.secrets, r.result = nil, nil, RollbackResult{}
	if err := r.findSecrets(ctx, c); err != nil {
		return err
	}
	var violations []errs.Violation
	for _, id := range r.past.sorted() {
		if r.target != 0 && !slices.Contains(triedKinds, id.kind) {
			continue
		}
		present, _ := c.Get(id.kind, id.name)
		want := r.wanted(c, id, present)
		var have proto.Message
		if present != nil {
			have = present.Spec
		}
		if equalDocs(have, want) {
			continue
		}
		if p, ok := want.(*adminv1.Provider); ok {
			violations = append(violations, r.live.normalizer().dialect(p)...)
		}
		r.ops = append(r.ops, controlplane.Op{Kind: id.kind, Name: id.name, Spec: want})
		r.result.Changes = append(r.result.Changes, describe(id.kind, id.name, have, want))
	}
	return controlplane.InvalidConfig(violations)
}

// preview checks the result as a transaction would.
func (r *rollback) preview(c *controlplane.Config) (*RollbackResult, error) {
	if _, err := r.live.preview(c, r.ops, r.secrets); err != nil {
		return nil, err
	}
	r.result.Revision = c.Revision
	return &r.result, nil
}

// wanted is the document as it should be; nil: there should be none.
func (r *rollback) wanted(c *controlplane.Config, id identity, present *controlplane.Resource) proto.Message {
	switch old := r.past.first[id].(type) {
	case *adminv1.ApiKey:
		return r.key(id.name, old, present)
	case *adminv1.Provider:
		return r.provider(c, id.name, old, present)
	case *adminv1.AlertChannel:
		return r.alertChannel(id.name, old, present)
	case *adminv1.Settings:
		if now, ok := specOf[*adminv1.Settings](present); ok && r.target != 0 {
			return withNodes(now, old) // the rest was not tried
		}
		return old
	case nil:
		return nil
	default:
		return old
	}
}

func (r *rollback) except(kind controlplane.Kind, name, format string, args ...any) {
	r.result.Exceptions = append(r.result.Exceptions, RollbackException{kind, name, fmt.Sprintf(format, args...)})
}

func (r *rollback) key(name string, old *adminv1.ApiKey, present *controlplane.Resource) proto.Message {
	if present == nil {
		r.except(controlplane.KindAPIKey, name, "was deleted since, and stays so; create it again")
		return nil
	}
	now := present.Spec.(*adminv1.ApiKey)
	doc := proto.CloneOf(old)
	visibility.Carry(doc, now)
	switch {
	case now.GetRevokeTime() != nil:
		doc.Enabled = now.Enabled
		if old.GetRevokeTime() == nil {
			r.except(controlplane.KindAPIKey, name, "was revoked since, and stays so")
		}
	case !slices.Equal(old.GetSecretHash(), now.GetSecretHash()):
		r.except(controlplane.KindAPIKey, name, "got another secret since, and keeps it")
	}
	if doc.GetRevokeTime() == nil && old.GetRevokeTime() != nil {
		doc.Enabled = proto.Bool(false) // the name was a revoked key's; it is another one's now
	}
	return doc
}

func (r *rollback) provider(c *controlplane.Config, name string, old *adminv1.Provider, present *controlplane.Resource) proto.Message {
	doc := proto.CloneOf(old)
	kept := map[string]controlplane.Sealed{}
	if now, ok := specOf[*adminv1.Provider](present); ok && moved(doc, now) == "" {
		for part := range controlplane.SealedParts(now) {
			kept[part.Key()] = part
		}
	}
	for part := range controlplane.SealedParts(doc) {
		have, known := kept[part.Key()]
		known = known && destination(have) == destination(part)
		ref := part.GetSecretRef()
		switch secret := r.stored[ref]; {
		case part.List == "proxy" && old.GetProxy().GetUsername() == "", !needsSecret(part):
		case known:
			if have.GetSecretRef() != ref {
				r.except(controlplane.KindProvider, name, "%s got another secret since, and keeps it", part.Describe())
			}
			part.Keep(have)
		case ref == "" || r.used[ref]:
		case secret != nil:
			r.secrets = append(r.secrets, *secret)
		default:
			r.except(controlplane.KindProvider, name, "the secret of %s is not stored any more; it is disabled until it is given again", part.Describe())
			part.Refer("", "", nil)
		}
	}
	withoutSecrets(doc)
	return doc
}

// withoutSecrets takes out of use what a provider cannot use: it disables credentials without
// a secret and removes other parts without one, which only a rollback can leave behind.
func withoutSecrets(doc *adminv1.Provider) {
	for _, cred := range doc.GetCredentials() {
		if cred.GetSecretRef() == "" && controlplane.NeedsSecret(cred) {
			cred.Enabled = proto.Bool(false)
		}
	}
	lost := func(p *adminv1.SecretParameter) bool { return p.GetSecretRef() == "" }
	doc.SecretHeaders = slices.DeleteFunc(doc.GetSecretHeaders(), lost)
	doc.SecretQuery = slices.DeleteFunc(doc.GetSecretQuery(), lost)
	if c := doc.GetClientCertificate(); c != nil && c.GetSecretRef() == "" {
		doc.ClientCertificate, doc.Enabled = nil, proto.Bool(false)
	}
	if p := doc.GetProxy(); p.GetUsername() != "" && p.GetSecretRef() == "" {
		// Without its proxy the provider would be called from elsewhere.
		p.Username, doc.Enabled = "", proto.Bool(false)
	}
}

// findSecrets reads the secrets that older documents refer to and present ones do not, each
// once: they never change, but they are removed in time.
func (r *rollback) findSecrets(ctx context.Context, c *controlplane.Config) error {
	r.used = map[string]bool{}
	for _, kind := range controlplane.SecretKinds {
		for _, resource := range c.List(kind) {
			for _, ref := range controlplane.SecretRefs(resource.Spec) {
				r.used[ref] = true
			}
		}
	}
	var missing []string
	for _, doc := range r.past.first {
		if doc == nil {
			continue
		}
		for _, ref := range controlplane.SecretRefs(doc) {
			if _, asked := r.stored[ref]; !r.used[ref] && !asked {
				missing = append(missing, ref)
				r.stored[ref] = nil
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := r.live.cfg.Store.Secrets(ctx, missing)
	if err != nil {
		return err
	}
	for i := range found {
		r.stored[found[i].Ref] = &found[i]
	}
	return nil
}

// specOf gives a resource's document, if there is one of that kind.
func specOf[T proto.Message](r *controlplane.Resource) (doc T, ok bool) {
	if r == nil {
		return doc, false
	}
	doc, ok = r.Spec.(T)
	return doc, ok
}

func itoa(r controlplane.Revision) string { return strconv.FormatUint(uint64(r), 10) }
