// Package secrets seals what must not lie in the database in clear. Every secret has a key of its
// own, which a master key wraps: rotating the master key wraps those keys again and touches no
// secret. A sealed secret names its master key, so several can be in use while one takes the place
// of another.
package secrets

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// KeySize is the length of a master key and of a data key in bytes.
const KeySize = 32

// KeyService wraps data keys with master keys that it knows by id, and never gives a master key
// away: the shape of a key management service. It is safe for concurrent use.
type KeyService interface {
	// KeyIDs are the master keys that can be used. The first one is for a database that has none yet.
	KeyIDs() []string
	// Wrap encrypts a data key under a master key.
	Wrap(keyID string, dataKey []byte) (wrapped []byte, err error)
	// Unwrap is the inverse of Wrap. An unknown key is a *controlplane.UnknownKeyError.
	Unwrap(keyID string, wrapped []byte) (dataKey []byte, err error)
}

// Keyset is a KeyService of keys that are given to this process: XChaCha20-Poly1305.
type Keyset struct {
	ids   []string
	aeads map[string]cipher.AEAD
}

// NewKeyset makes a keyset of one or more different keys of KeySize bytes.
func NewKeyset(keys ...[]byte) (*Keyset, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("no secret key was given")
	}
	s := &Keyset{aeads: map[string]cipher.AEAD{}}
	for _, key := range keys {
		if len(key) != KeySize {
			return nil, fmt.Errorf("secret key has %d bytes, want %d", len(key), KeySize)
		}
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, fmt.Errorf("secret key: %w", err)
		}
		id := keyID(key)
		if s.aeads[id] != nil {
			return nil, fmt.Errorf("secret key %s occurs twice", id)
		}
		s.ids, s.aeads[id] = append(s.ids, id), aead
	}
	return s, nil
}

// keyID tells keys apart: bits of a hash, which say nothing about the key.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("trunkline secret key id\x00"), key...))
	return hex.EncodeToString(sum[:4])
}

// KeyIDs lists the keys in the order in which they were given.
func (s *Keyset) KeyIDs() []string { return slices.Clone(s.ids) }

// wrapping is the associated data of a wrapped data key.
var wrapping = []byte("trunkline data key")

// Wrap encrypts a data key.
func (s *Keyset) Wrap(keyID string, dataKey []byte) ([]byte, error) {
	aead, ok := s.aeads[keyID]
	if !ok {
		return nil, &controlplane.UnknownKeyError{KeyID: keyID}
	}
	return encrypt(aead, dataKey, wrapping), nil
}

// Unwrap decrypts what Wrap made.
func (s *Keyset) Unwrap(keyID string, wrapped []byte) ([]byte, error) {
	aead, ok := s.aeads[keyID]
	if !ok {
		return nil, &controlplane.UnknownKeyError{KeyID: keyID}
	}
	return decrypt(aead, wrapped, wrapping)
}

// encrypt puts a fresh nonce before the ciphertext.
func encrypt(aead cipher.AEAD, plain, associated []byte) []byte {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, plain, associated)
}

func decrypt(aead cipher.AEAD, sealed, associated []byte) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("it is truncated")
	}
	return aead.Open(nil, sealed[:n], sealed[n:], associated)
}
