package dataplane

import "crypto/sha256"

// KeyHash identifies the secret of an API key: its HMAC-SHA256 under the pepper.
type KeyHash [sha256.Size]byte

// RevokedKeys are secrets that are refused although the snapshot in use may hold them, each
// with whether the streams that run with it are cut. It is immutable. Package revocation
// says which they are.
type RevokedKeys map[KeyHash]bool

// WithRevoked returns the snapshot without the revoked keys: a copy that shares all the rest.
func (s *Snapshot) WithRevoked(keys RevokedKeys) *Snapshot {
	c := *s
	c.revoked = keys
	return &c
}

// CutsStreams reports whether streams that run with the key are to be cut.
func (s *Snapshot) CutsStreams(k *APIKey) bool { return s.revoked[k.hash] }
