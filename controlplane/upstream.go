package controlplane

import (
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

// NewUpstream is a provider, and what gives the secret of each of its credentials.
func NewUpstream(provider *adminv1.Provider, secret func(credential string) string) *Upstream {
	return &Upstream{Provider: provider, secret: secret}
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
