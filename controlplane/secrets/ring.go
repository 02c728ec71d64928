package secrets

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// Ring seals under the master key in use and opens under every one that it was given. It is safe
// for concurrent use.
type Ring struct {
	keys  KeyService
	inUse atomic.Pointer[string]
}

// New makes a ring of keys that are given to this process; the first one is in use.
func New(keys ...[]byte) (*Ring, error) {
	set, err := NewKeyset(keys...)
	if err != nil {
		return nil, err
	}
	return NewRing(set)
}

// NewRing makes a ring over a key service; its first key is in use.
func NewRing(keys KeyService) (*Ring, error) {
	ids := keys.KeyIDs()
	if len(ids) == 0 {
		return nil, errors.New("no master key was given")
	}
	r := &Ring{keys: keys}
	return r, r.Use(ids[0])
}

// Use seals under that key from now on.
func (r *Ring) Use(keyID string) error {
	if !r.Has(keyID) {
		return &controlplane.UnknownKeyError{KeyID: keyID}
	}
	r.inUse.Store(&keyID)
	return nil
}

// InUse is the key that Seal uses.
func (r *Ring) InUse() string { return *r.inUse.Load() }

// Has reports whether a key was given.
func (r *Ring) Has(keyID string) bool { return slices.Contains(r.keys.KeyIDs(), keyID) }

// KeyIDs lists the keys that were given.
func (r *Ring) KeyIDs() []string { return r.keys.KeyIDs() }

// Seal encrypts plaintext so that only Open with the same associated data gives it back.
func (r *Ring) Seal(plaintext, associated []byte) ([]byte, error) {
	dataKey := make([]byte, KeySize)
	rand.Read(dataKey) // never fails
	aead, err := chacha20poly1305.NewX(dataKey)
	if err != nil {
		return nil, fmt.Errorf("encrypt secret: %w", err)
	}
	return r.envelope(dataKey, encrypt(aead, plaintext, associated))
}

// Open decrypts what Seal made. It fails when the key was not given, the associated data is another,
// or a single bit differs.
func (r *Ring) Open(sealed, associated []byte) ([]byte, error) {
	dataKey, content, err := r.unwrap(sealed)
	if err != nil {
		return nil, fmt.Errorf("decrypt secret: %w", err)
	}
	aead, err := chacha20poly1305.NewX(dataKey)
	if err != nil {
		return nil, fmt.Errorf("decrypt secret: %w", err)
	}
	plain, err := decrypt(aead, content, associated)
	if err != nil {
		return nil, fmt.Errorf("decrypt secret: %w", err)
	}
	return plain, nil
}

// Rewrap gives the same secret under the key in use. The secret itself is not opened.
func (r *Ring) Rewrap(sealed []byte) ([]byte, error) {
	dataKey, content, err := r.unwrap(sealed)
	if err != nil {
		return nil, fmt.Errorf("re-wrap secret: %w", err)
	}
	return r.envelope(dataKey, content)
}

// envelope is the prefix of the key in use, the wrapped data key behind its length, and the content.
func (r *Ring) envelope(dataKey, content []byte) ([]byte, error) {
	keyID := r.InUse()
	wrapped, err := r.keys.Wrap(keyID, dataKey)
	if err != nil {
		return nil, fmt.Errorf("wrap a data key: %w", err)
	}
	if len(wrapped) > 1<<16-1 {
		return nil, fmt.Errorf("a wrapped data key has %d bytes", len(wrapped))
	}
	out := binary.BigEndian.AppendUint16(controlplane.SealedPrefix(keyID), uint16(len(wrapped)))
	return append(append(out, wrapped...), content...), nil
}

func (r *Ring) unwrap(sealed []byte) (dataKey, content []byte, err error) {
	keyID, rest, ok := controlplane.SealedBy(sealed)
	if !ok || len(rest) < 2 {
		return nil, nil, errors.New("it is not an encrypted secret of this version")
	}
	n := int(binary.BigEndian.Uint16(rest))
	if rest = rest[2:]; len(rest) < n {
		return nil, nil, errors.New("it is truncated")
	}
	if dataKey, err = r.keys.Unwrap(keyID, rest[:n]); err != nil {
		return nil, nil, err
	}
	return dataKey, rest[n:], nil
}
