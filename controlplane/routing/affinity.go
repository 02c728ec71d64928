package routing

import (
	"cmp"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// belong says how much a conversation belongs to a candidate, and with which credential it would be
// served there.
func (t *explained) belong(v *View, session routing.Session) {
	t.own = session.Score(routing.TargetPlace(t.GetProvider(), t.GetModel()), int(t.GetWeight()))
	if provider, ok := v.Provider(t.GetProvider()); ok {
		t.Credential = v.ownCredential(provider, session)
	}
}

// ownCredential is the credential that a conversation uses at a provider: of those that are well on all
// nodes the one that it belongs to most, or of all when none is. Empty: the provider has none.
func (v *View) ownCredential(provider *adminv1.Provider, session routing.Session) string {
	type place struct {
		name   string
		isWell bool
		own    float64
	}
	var all []place
	for _, c := range provider.GetCredentials() {
		if !controlplane.IsEnabled(c.Enabled) {
			continue
		}
		p := place{c.GetName(), true, session.Score(routing.CredentialPlace(provider.GetName(), c.GetName()), 1)}
		for _, r := range v.reports.of[scope{provider: provider.GetName(), credential: c.GetName()}] {
			p.isWell = p.isWell && healthOf(r.line, adminv1.HealthScope_HEALTH_SCOPE_CREDENTIALS).state < probing
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return ""
	}
	return slices.MinFunc(all, func(a, b place) int {
		if a.isWell != b.isWell {
			if a.isWell {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.own, a.own)
	}).name
}
