package controlplane

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// SecretHash identifies the secret of an API key: its HMAC-SHA256 under the pepper.
type SecretHash [sha256.Size]byte

// RevokeReason says why a secret is not accepted any more.
type RevokeReason string

// The reasons. Only RevokeForGood bars a secret from every key permanently; a disabled key may
// be enabled, and who knows a rotated or deleted secret may give it to a key again.
const (
	RevokeDisabled RevokeReason = "disabled"
	RevokeRotated  RevokeReason = "rotated"
	RevokeDeleted  RevokeReason = "deleted"
	RevokeForGood  RevokeReason = "revoked"
)

// Revocation is one secret that was an API key's and is not accepted since a revision.
type Revocation struct {
	Hash     SecretHash
	Key      string // name of the API key
	UID      string // and its identity
	Revision Revision
	Reason   RevokeReason
	Cut      bool // running streams are ended too
}

// Retire tells which secrets changes of one commit take out of use, and which they bring
// into use that may have been out of it.
func Retire(changes []Change) (gone []Revocation, back []SecretHash) {
	accepted := map[SecretHash]bool{}
	for _, ch := range changes {
		if ch.Kind != KindAPIKey {
			continue
		}
		for hash, state := range secretsOf(ch.After) {
			if state == "" {
				accepted[hash] = true
			}
		}
	}
	for _, ch := range changes {
		if ch.Kind == KindAPIKey {
			gone = append(gone, retired(ch, accepted)...)
		}
	}
	for hash := range accepted {
		back = append(back, hash)
	}
	slices.SortFunc(back, func(a, b SecretHash) int { return slices.Compare(a[:], b[:]) })
	return gone, back
}

// retired is Retire for one change; accepted are the secrets in use after all of them.
func retired(ch Change, accepted map[SecretHash]bool) (gone []Revocation) {
	before, after := secretsOf(ch.Before), secretsOf(ch.After)
	doc, _ := ch.After.(*adminv1.ApiKey)
	for hash, was := range before {
		now, stays := after[hash]
		if !stays {
			now = RevokeRotated
			if doc == nil {
				now = RevokeDeleted
			}
		}
		if now == "" || now == was || was == RevokeForGood || accepted[hash] {
			continue
		}
		gone = append(gone, Revocation{
			Hash: hash, Key: ch.Name, UID: ch.UID, Revision: ch.Revision, Reason: now,
			Cut: now == RevokeForGood && doc.GetRevokeCutStreams(),
		})
	}
	slices.SortFunc(gone, func(a, b Revocation) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	return gone
}

// secretsOf gives the secrets of a document, and why each is not accepted; empty: it is.
func secretsOf(spec any) map[SecretHash]RevokeReason {
	doc, _ := spec.(*adminv1.ApiKey)
	var why RevokeReason
	switch {
	case doc.GetRevokeTime() != nil:
		why = RevokeForGood
	case doc != nil && !IsEnabled(doc.Enabled):
		why = RevokeDisabled
	}
	out := map[SecretHash]RevokeReason{}
	for _, hash := range [][]byte{doc.GetSecretHash(), doc.GetOldSecretHash()} {
		if len(hash) == sha256.Size {
			out[SecretHash(hash)] = why
		}
	}
	return out
}

// revoke returns the revocations as they are after changes, which may be of several
// commits; the same map when nothing of them changes.
func (c *Config) revoke(changes []Change) (map[SecretHash]Revocation, Revision) {
	all, newest := c.revocations, c.revokedAt
	cloned := false
	edit := func() {
		if !cloned {
			all, cloned = maps.Clone(all), true
		}
	}
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].Revision == changes[0].Revision {
			n++
		}
		gone, back := Retire(changes[:n])
		changes = changes[n:]
		for _, hash := range back {
			if old, ok := all[hash]; ok && old.Reason != RevokeForGood {
				edit()
				delete(all, hash)
			}
		}
		for _, r := range gone {
			edit()
			all[r.Hash] = r
			newest = max(newest, r.Revision)
		}
	}
	return all, newest
}

// Revocation tells why a secret is not accepted, if it was a key's once.
func (c *Config) Revocation(hash SecretHash) (Revocation, bool) {
	r, ok := c.revocations[hash]
	return r, ok
}

// RevokedAfter lists what was revoked after a revision and is so still, oldest first; of
// more than limit the newest.
func (c *Config) RevokedAfter(after Revision, limit int) []Revocation {
	if c.revokedAt <= after {
		return nil
	}
	var list []Revocation
	for _, r := range c.revocations {
		if r.Revision > after {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Revocation) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	return list[max(len(list)-limit, 0):]
}
