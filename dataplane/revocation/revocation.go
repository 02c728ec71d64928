// Package revocation is what a node knows of revoked API keys: in memory, on its disk, and
// passed on to other nodes through Redis. It outlives snapshots, so that none that is older,
// from wherever it comes, brings a revoked key back, and it cuts the streams of a revoked key
// where that was asked for.
//
//	control plane --Revoke--> Store --RevokedKeys--> Overlay --> requests, streams
//	                          | |  ^
//	                 File <---+ |  | Learn
//	                            v  |
//	                          Broadcast <--> Redis <--> other nodes
package revocation

import (
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

// Reason says why a secret is not accepted any more.
type Reason uint8

// The reasons, from the one that may be undone to the one that never is.
const (
	Disabled  Reason = 1 + iota // may be enabled again
	Rotated                     // another secret took its place
	Deleted                     // its key is gone
	Permanent                   // no key may have it again
)

func (r Reason) known() bool { return r >= Disabled && r <= Permanent }

// Revocation is one secret that is not accepted since a revision of a database.
type Revocation struct {
	Hash     dataplane.KeyHash
	Name     string // of the API key, for people; may be empty
	Lineage  string // of the database
	Revision uint64
	Reason   Reason
	Cut      bool // streams that run with it are cut
}

// version is a revision of a database.
type version struct {
	lineage  string
	revision uint64
}

// appliesTo reports whether the secret is refused while a snapshot of that version is in use.
//
// A snapshot of the same database decides again about what was revoked up to its revision,
// but never about what was revoked permanently. One of a database that an admin adopted in
// the place of the revocation's may be an old backup: it brings nothing back but what was
// merely disabled.
func (r *Revocation) appliesTo(v version) bool {
	switch {
	case r.Reason == Permanent:
		return true
	case r.Lineage == v.lineage:
		return r.Revision > v.revision
	}
	return r.Reason != Disabled
}

// overrides reports whether it applies to a snapshot that is not older.
func (r *Revocation) overrides(v version) bool {
	return r.appliesTo(v) && (r.Lineage != v.lineage || r.Revision <= v.revision)
}

// fromMessage reads what the control plane says; entries without a proper hash or with an
// unknown reason are skipped.
func fromMessage(m *nodev1.Revoke) []Revocation {
	list := make([]Revocation, 0, len(m.GetKeys()))
	for _, k := range m.GetKeys() {
		r := Revocation{
			Name: k.GetName(), Lineage: m.GetLineage(), Revision: k.GetRevision(), Reason: Reason(k.GetReason()), Cut: k.GetCut(),
		}
		if len(k.GetHash()) == len(r.Hash) && r.Reason.known() {
			r.Hash = dataplane.KeyHash(k.GetHash())
			list = append(list, r)
		}
	}
	return list
}

// fromFile reads what the node kept, as fromMessage does.
func fromFile(m *nodefilev1.Revocations) []Revocation {
	list := make([]Revocation, 0, len(m.GetRevocations()))
	for _, k := range m.GetRevocations() {
		r := Revocation{
			Name: k.GetName(), Lineage: k.GetLineage(), Revision: k.GetRevision(), Reason: Reason(k.GetReason()), Cut: k.GetCut(),
		}
		if len(k.GetHash()) == len(r.Hash) && r.Reason.known() {
			r.Hash = dataplane.KeyHash(k.GetHash())
			list = append(list, r)
		}
	}
	return list
}

func toFile(list []Revocation, upTo version) *nodefilev1.Revocations {
	m := &nodefilev1.Revocations{Revision: upTo.revision, Lineage: upTo.lineage, Revocations: make([]*nodefilev1.Revocation, len(list))}
	for i := range list {
		r := &list[i]
		m.Revocations[i] = &nodefilev1.Revocation{
			Hash: r.Hash[:], Name: text(r.Name), Revision: r.Revision, Lineage: r.Lineage, Reason: nodev1.RevokeReason(r.Reason), Cut: r.Cut,
		}
	}
	return m
}

// maxName bounds a name that is kept, in bytes.
const maxName = 256

// text makes a name fit for a protobuf string.
func text(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxName)], "") }
