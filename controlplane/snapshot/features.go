package snapshot

import (
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// requireFeatures writes into each document what a node must know to serve it as it is
// meant. Nothing of today makes a node refuse the whole snapshot.
func requireFeatures(s *nodev1.Snapshot) {
	for _, p := range s.Providers {
		p.RequiredFeatures = feature.Required(p)
	}
	for _, g := range s.Groups {
		g.RequiredFeatures = feature.Required(g)
	}
	for _, k := range s.ApiKeys {
		k.RequiredFeatures = feature.Required(k)
	}
	for _, k := range s.FailureKeywords {
		k.RequiredFeatures = feature.Required(k)
	}
}
