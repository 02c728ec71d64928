package controlplane

import (
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Endpoints are the APIs that a provider has in another way than its kind has them. A base URL that
// is none, which validation refuses, is left out.
func Endpoints(p *adminv1.Provider) (all []dialect.Endpoint) {
	for _, e := range p.GetEndpoints() {
		out := dialect.Endpoint{API: e.GetApi(), Path: e.GetPath(), Query: e.GetQuery(), Auth: e.GetAuth(), Format: e.GetFormat()}
		if base, err := dialect.ParseBase(e.GetBaseUrl()); err == nil && e.GetBaseUrl() != "" {
			out.Base = base
		}
		all = append(all, out)
	}
	return all
}

// Origins are those that a provider's secrets are sent to, its own first, each once.
func Origins(p *adminv1.Provider) []string {
	all := []string{Origin(p.GetBaseUrl())}
	for _, e := range p.GetEndpoints() {
		if origin := Origin(e.GetBaseUrl()); e.GetBaseUrl() != "" && !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	return all
}
