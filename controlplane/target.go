package controlplane

import adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"

// ModelNamed finds the provider's model that an id or alias names, nil if it has none; an id
// wins over another model's alias.
func ModelNamed(provider *adminv1.Provider, name string) *adminv1.Model {
	var byAlias *adminv1.Model
	for _, m := range provider.GetModels() {
		switch name {
		case m.GetId():
			return m
		case m.GetAlias():
			byAlias = m
		}
	}
	return byAlias
}
