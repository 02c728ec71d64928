package uplink

import (
	"maps"
	"slices"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxRevoked is how many revocations a node keeps: the newest it learned of.
	maxRevoked = 10_000
	// maxKept bounds the names of one report.
	maxKept = 1000
)

// revoked is what the node knows to be revoked. It outlives snapshots, so that none that is
// older, from wherever it comes, brings a key back. It is safe for concurrent use.
type revoked struct {
	mu      sync.Mutex // guards the fields below, and the order of what is refused
	set     *dataplane.Revocations
	lineage string // of the database that told the node everything
	upTo    uint64 // up to this revision
	saved   uint64 // and this much of that is on disk
	dirty   bool   // something is not on disk
	// minded are the snapshot in use, and the one that is being applied.
	minded map[version]bool
	kept   []string // names of keys that the snapshot in use holds and the node refuses
	count  int
	report bool // kept changed, and the control plane was not told
}

func newRevoked() *revoked {
	return &revoked{set: dataplane.NewRevocations(maxRevoked), minded: map[version]bool{}}
}

// recall reads what was known when the node ended.
func (u *Uplink) recall() {
	if u.cfg.Snapshots == nil {
		return
	}
	m, err := u.cfg.Snapshots.ReadRevoked()
	if err != nil {
		u.log.Error("revocations of the last run are lost; the control plane tells them again", "error", err)
		return
	}
	r := u.revoked
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.Add(revocations(m)...)
	r.lineage, r.upTo, r.saved = m.GetLineage(), m.GetRevision(), m.GetRevision()
	u.refuse()
}

// revoke stops accepting keys at the control plane's word, and returns the confirmation once
// that outlives the node; nil when it does not.
func (u *Uplink) revoke(m *nodev1.Revoke) *nodev1.SyncRequest {
	r := u.revoked
	r.mu.Lock()
	defer r.mu.Unlock()
	news := r.set.Add(revocations(m)...)
	r.dirty = r.dirty || len(news) > 0 || r.upTo != m.GetRevision() || r.lineage != m.GetLineage()
	if r.lineage != m.GetLineage() {
		r.saved = 0
	}
	r.lineage, r.upTo = m.GetLineage(), m.GetRevision()
	u.refuse()
	if len(news) > 0 {
		u.log.Info("API keys are revoked", "count", len(news), "revision", m.GetRevision())
		u.cfg.Share(news)
	}
	if !u.saveRevoked() {
		return nil
	}
	return r.ack()
}

// Learn stops accepting keys at the word of another node, for a node that the control plane
// cannot reach.
func (u *Uplink) Learn(list []dataplane.Revocation) {
	r := u.revoked
	r.mu.Lock()
	defer r.mu.Unlock()
	news := r.set.Add(slices.DeleteFunc(slices.Clone(list), r.decided)...)
	if len(news) == 0 {
		return
	}
	u.log.Info("API keys are revoked, as another node says", "count", len(news))
	r.dirty = true
	u.refuse()
	u.saveRevoked()
}

// decided reports whether what another node says is no news: the snapshot in use has decided
// about it, or it is of a database that is not the node's. What is for good always is.
func (r *revoked) decided(n dataplane.Revocation) bool {
	if n.Reason == dataplane.RevokeForGood {
		return false
	}
	for v := range r.minded {
		if n.Lineage != v.lineage || n.Revision <= v.revision {
			return true
		}
	}
	return false
}

// Revocations is all that the node knows to be revoked, for those that it cannot be told by
// the control plane.
func (u *Uplink) Revocations() []dataplane.Revocation {
	u.revoked.mu.Lock()
	defer u.revoked.mu.Unlock()
	return u.revoked.set.List()
}

// refuse hands on what is refused beside every snapshot that is or may be in use. The caller
// holds the mutex.
func (u *Uplink) refuse() {
	refused := dataplane.Refused{}
	for v := range u.revoked.minded {
		u.revoked.set.Beside(v.lineage, v.revision, refused)
	}
	u.cfg.Refuse(refused)
}

// mind sees to it that the snapshot brings no revoked key back from the moment it is applied;
// used must be called after it was, or was not.
func (u *Uplink) mind(full *nodev1.Full) (used func(*nodev1.Snapshot, error)) {
	r, next := u.revoked, versionOf(full)
	r.mu.Lock()
	defer r.mu.Unlock()
	before := maps.Clone(r.minded)
	r.minded[next] = true
	u.refuse()
	return func(snapshot *nodev1.Snapshot, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.minded = map[version]bool{next: true}
		if err != nil {
			r.minded = before
		} else {
			r.settle(next, snapshot)
		}
		u.refuse()
	}
}

// settle takes in what a snapshot that is in use decides.
func (r *revoked) settle(v version, snapshot *nodev1.Snapshot) {
	held := make(map[dataplane.KeyHash]bool, len(snapshot.GetApiKeys()))
	keep := r.set.Kept(v.lineage, v.revision)
	var kept []string
	count := 0
	for _, k := range snapshot.GetApiKeys() {
		if len(k.GetHash()) != len(dataplane.KeyHash{}) {
			continue
		}
		hash := dataplane.KeyHash(k.GetHash())
		held[hash] = true
		if !keep[hash] {
			continue
		}
		if count++; len(kept) < maxKept {
			kept = append(kept, k.GetName())
		}
	}
	r.set.Settle(v.lineage, v.revision, func(h dataplane.KeyHash) bool { return held[h] })
	if !slices.Equal(kept, r.kept) || count != r.count {
		r.kept, r.count, r.report = kept, count, true
	}
}

// saveRevoked keeps what is known for the next start, and reports whether that is so. A node
// without a disk has nothing that could bring a key back. The caller holds the mutex.
func (u *Uplink) saveRevoked() bool {
	r := u.revoked
	if u.cfg.Snapshots != nil && r.dirty {
		if err := u.cfg.Snapshots.SaveRevoked(r.message()); err != nil {
			u.log.Error("revocations not kept on disk; they are refused, but a restart without the control plane might accept them",
				"revision", r.upTo, "error", err)
			return false
		}
	}
	r.dirty, r.saved = false, r.upTo
	return true
}

// revokedUpTo is the revision up to which revocations are refused and kept. It tries again
// what could not be kept.
func (u *Uplink) revokedUpTo() uint64 {
	u.revoked.mu.Lock()
	defer u.revoked.mu.Unlock()
	u.saveRevoked()
	if v := u.have.Load(); v == nil || v.lineage != u.revoked.lineage {
		return 0
	}
	return u.revoked.saved
}

// greeting is what the node says of revocations when it says hello, and makes it tell anew
// which it minds against the database.
func (r *revoked) greeting(lineage string) (upTo uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report = r.count > 0
	if r.lineage != lineage {
		return 0
	}
	return r.saved
}

// news is a report that is due; nil when there is none.
func (r *revoked) news() *nodev1.SyncRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.report {
		return nil
	}
	return r.ack()
}

// ack confirms what is saved. The caller holds the mutex.
func (r *revoked) ack() *nodev1.SyncRequest {
	r.report = false
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_RevokeAck{RevokeAck: &nodev1.RevokeAck{
		Revision: r.saved, Kept: r.kept, KeptCount: int32(r.count),
	}}}
}

func (r *revoked) message() *nodev1.Revoke {
	list := r.set.List()
	m := &nodev1.Revoke{Revision: r.upTo, Lineage: r.lineage, Keys: make([]*nodev1.RevokedKey, len(list))}
	for i := range list {
		m.Keys[i] = &nodev1.RevokedKey{
			Hash: list[i].Hash[:], Name: text(list[i].Name, maxName), Revision: list[i].Revision,
			Reason: nodev1.RevokeReason(list[i].Reason), Cut: list[i].Cut, Lineage: list[i].Lineage,
		}
	}
	return m
}

// revocations reads a message; what is no hash, or for no reason we know, is passed over.
func revocations(m *nodev1.Revoke) []dataplane.Revocation {
	list := make([]dataplane.Revocation, 0, len(m.GetKeys()))
	for _, k := range m.GetKeys() {
		reason := dataplane.RevokeReason(k.GetReason())
		if len(k.GetHash()) != len(dataplane.KeyHash{}) || reason < dataplane.RevokeDisabled || reason > dataplane.RevokeForGood {
			continue
		}
		lineage := k.GetLineage()
		if lineage == "" {
			lineage = m.GetLineage()
		}
		list = append(list, dataplane.Revocation{
			Hash: dataplane.KeyHash(k.GetHash()), Name: k.GetName(), Lineage: lineage,
			Revision: k.GetRevision(), Reason: reason, Cut: k.GetCut(),
		})
	}
	return list
}
