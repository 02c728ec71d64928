package snapshot

import (
	"sync"

	"github.com/trunkline-ai/trunkline/controlplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxRevoked bounds the keys of one message: a node keeps no more either.
const maxRevoked = 10_000

// Revoker tells nodes which API keys are not accepted any more as soon as the configuration
// says so, which is before a snapshot of it is built. It is safe for concurrent use.
type Revoker struct {
	source Source

	mu   sync.Mutex // guards the fields below: what was made last, for many streams at the same point
	cfg  *controlplane.Config
	from controlplane.Revision
	made *nodev1.Revoke
}

// NewRevoker returns the Revoker of a configuration.
func NewRevoker(source Source) *Revoker { return &Revoker{source: source} }

// Subscribe gives a channel that gets a value after each change of the configuration, and a
// function that ends the subscription.
func (r *Revoker) Subscribe() (changed <-chan struct{}, cancel func()) { return r.source.Subscribe() }

// After returns what was revoked after a revision of a lineage: all that is revoked, when that
// is another lineage, or a revision that this database has not reached, having been put back.
// Nil when there is nothing. The result is shared and must not be changed.
func (r *Revoker) After(lineage string, revision uint64) *nodev1.Revoke {
	cfg := r.source.Current()
	if cfg == nil || cfg.Lineage == "" {
		return nil
	}
	from := controlplane.Revision(revision)
	if lineage != cfg.Lineage || from > cfg.Revision {
		from = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cfg != cfg || r.from != from {
		r.cfg, r.from, r.made = cfg, from, revoke(cfg, from)
	}
	return r.made
}

// reasons maps ours to the node link's.
var reasons = map[controlplane.RevokeReason]nodev1.RevokeReason{
	controlplane.RevokeDisabled: nodev1.RevokeReason_REVOKE_REASON_DISABLED,
	controlplane.RevokeRotated:  nodev1.RevokeReason_REVOKE_REASON_ROTATED,
	controlplane.RevokeDeleted:  nodev1.RevokeReason_REVOKE_REASON_DELETED,
	controlplane.RevokeForGood:  nodev1.RevokeReason_REVOKE_REASON_REVOKED,
}

func revoke(cfg *controlplane.Config, after controlplane.Revision) *nodev1.Revoke {
	list := cfg.RevokedAfter(after, maxRevoked)
	if len(list) == 0 {
		return nil
	}
	m := &nodev1.Revoke{Revision: uint64(cfg.Revision), Lineage: cfg.Lineage, Keys: make([]*nodev1.RevokedKey, len(list))}
	for i, r := range list {
		m.Keys[i] = &nodev1.RevokedKey{
			Hash: r.Hash[:], Name: r.Key, Revision: uint64(r.Revision), Reason: reasons[r.Reason], Cut: r.Cut,
		}
	}
	return m
}
