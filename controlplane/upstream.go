package controlplane

import (
	"cmp"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Upstream is a provider as it is called: with its secrets in clear. They do not show in
// logs or in formatted text.
type Upstream struct {
	Provider *adminv1.Provider // in stored form; not to be changed
	// secret gives the secret of a credential. What a function holds cannot be printed.
	secret func(credential string) string
}

// Credential gives the credential of that name, or the first enabled one for an empty name,
// and its secret. A provider without credentials gives nil.
func (u *Upstream) Credential(name string) (*adminv1.Credential, string, error) {
	for _, c := range u.Provider.GetCredentials() {
		if name == "" && (c.Enabled == nil || c.GetEnabled()) || name != "" && c.GetName() == name {
			return c, u.secret(c.GetName()), nil
		}
	}
	switch {
	case name != "":
		return nil, "", errs.Newf(errs.FailedPrecondition, "provider %q has no credential %q", u.Provider.GetName(), name)
	case len(u.Provider.GetCredentials()) > 0:
		return nil, "", errs.Newf(errs.FailedPrecondition, "every credential of provider %q is disabled", u.Provider.GetName())
	}
	return nil, "", nil
}

// Upstream opens a provider that is stored.
func (l *Live) Upstream(name string) (*Upstream, error) { return l.upstream(l.Current(), name) }

// DraftUpstream opens a provider that is not stored, as Create or Update would store it: a
// credential without a secret has the stored one of the provider of that name, unless the
// draft moves to another scheme, host or port. What they would refuse is refused here.
func (l *Live) DraftUpstream(doc *adminv1.Provider) (*Upstream, error) {
	c := l.Current()
	old, _ := c.Get(KindProvider, doc.GetName())
	t, violations, err := l.intake().take(c, doc, old)
	if err := cmp.Or(err, refused(violations)); err != nil {
		return nil, err
	}
	ops := []Op{{Kind: KindProvider, Name: doc.GetName(), Spec: t.spec, Secrets: t.secrets}}
	changes := c.Changes(c.Revision+1, l.now(), "", ops, func() string { return "" })
	next := c.With(c.Revision+1, changes, t.secrets)
	if err := next.Validate(); err != nil {
		return nil, err
	}
	return l.upstream(next, doc.GetName())
}

func (l *Live) upstream(c *Config, name string) (*Upstream, error) {
	r, ok := c.Get(KindProvider, name)
	if !ok {
		return nil, notFound(KindProvider, name)
	}
	doc := r.Spec.(*adminv1.Provider)
	secrets := make(map[string]string, len(doc.GetCredentials()))
	for _, cred := range doc.GetCredentials() {
		sealed, _ := c.Secret(cred.GetSecretRef())
		plain, err := l.cfg.Sealer.Open(sealed, CredentialBinding(name, cred.GetName()))
		if err != nil {
			return nil, errs.Newf(errs.FailedPrecondition, "credential %q of provider %q cannot be opened with this control plane's key; give it again", cred.GetName(), name)
		}
		secrets[cred.GetName()] = string(plain)
	}
	return &Upstream{Provider: doc, secret: func(credential string) string { return secrets[credential] }}, nil
}
