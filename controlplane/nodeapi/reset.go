package nodeapi

import (
	"maps"
	"slices"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxResets is how many resets may wait for one node before it counts as not reached.
const maxResets = 64

// ResetCooldown tells every node that is connected to this replica to end cooldowns: of
// one model, of one credential, or of all that belongs to the provider when both are
// empty. It returns the names of the nodes that are being told, in order, and does not
// wait for them.
func (s *Server) ResetCooldown(provider, model, credential string) (nodes []string) {
	return s.service.registry.reset(&nodev1.ResetCooldown{Provider: provider, Model: model, Credential: credential})
}

// reset puts the order into the mailbox of every open stream.
func (r *Registry) reset(order *nodev1.ResetCooldown) (nodes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		s := r.nodes[name].session
		if s == nil {
			continue
		}
		select {
		case s.resets <- order:
			nodes = append(nodes, name)
		default: // a node that takes nothing is as good as gone
		}
	}
	return nodes
}
