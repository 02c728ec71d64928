package config

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Upstream opens a provider that is stored.
func (o *Opener) Upstream(name string) (*controlplane.Upstream, error) {
	return o.upstream(o.live.Current(), name)
}

// DraftUpstream opens a provider that is not stored, as Create or Update would store it: a
// credential without a secret has the stored one of the provider of that name, unless the
// draft moves to another scheme, host or port. What they would refuse is refused here.
func (o *Opener) DraftUpstream(doc *adminv1.Provider) (*controlplane.Upstream, error) {
	next, _, err := o.draft(doc)
	if err != nil {
		return nil, err
	}
	return o.upstream(next, doc.GetName())
}

func (o *Opener) upstream(c *controlplane.Config, name string) (*controlplane.Upstream, error) {
	r, ok := c.Get(controlplane.KindProvider, name)
	if !ok {
		return nil, notFound(controlplane.KindProvider, name)
	}
	doc := r.Spec.(*adminv1.Provider)
	secrets := map[string]string{}
	for part := range controlplane.SealedParts(doc) {
		if part.GetSecretRef() == "" && !needsSecret(part) {
			continue
		}
		sealed, _ := c.Secret(part.GetSecretRef())
		plain, err := o.live.cfg.Sealer.Open(sealed, part.Binding(controlplane.KindProvider, name))
		if err != nil {
			return nil, errs.Newf(errs.FailedPrecondition, "%s of provider %q cannot be decrypted with this control plane's master key; enter it again", part.Describe(), name)
		}
		secrets[part.Key()] = string(plain)
	}
	return controlplane.NewUpstream(doc, func(part controlplane.Sealed) string { return secrets[part.Key()] }), nil
}
