package nodeapi

import (
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxMail is how many messages may wait for one node before it counts as not reached.
const maxMail = 64

// Reset tells a node that is connected to this replica to end cooldowns: of one model, of
// one credential, or of all that belongs to the provider when both are empty. It does not
// wait for the node, and returns false when the node is not connected here.
func (r *Registry) Reset(node, provider, model, credential string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.connected(node)
	return s != nil && s.send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_ResetCooldown{
		ResetCooldown: &nodev1.ResetCooldown{Provider: provider, Model: model, Credential: credential},
	}})
}
