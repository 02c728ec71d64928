// Package secrets seals what must not lie in the database in clear: XChaCha20-Poly1305 by
// tink, under the 32-byte key of TRUNKLINE_SECRET_KEY. A ciphertext begins with the id of
// its key, so that one sealed with another key is recognised, and keys can be rotated.
package secrets

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xchacha20poly1305"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

type sealer struct{ aead tink.AEAD }

// New makes a sealer from a key of 32 bytes. It is safe for concurrent use.
func New(key []byte) (controlplane.Sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("secret key has %d bytes, want %d", len(key), KeySize)
	}
	params, err := xchacha20poly1305.NewParameters(xchacha20poly1305.VariantTink)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	data := secretdata.NewBytesFromData(key, insecuresecretdataaccess.Token{})
	k, err := xchacha20poly1305.NewKey(data, keyID(key), params)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	primitive, err := single(k)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return &sealer{aead: primitive}, nil
}

// single is the AEAD of a keyset that holds one key.
func single(k *xchacha20poly1305.Key) (tink.AEAD, error) {
	m := keyset.NewManager()
	id, err := m.AddKey(k)
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, err
	}
	return aead.New(handle)
}

// keyID tells keys apart: bits of a hash, which say nothing about the key. The high bit is
// set because an id is never zero.
func keyID(key []byte) uint32 {
	sum := sha256.Sum256(append([]byte("trunkline secret key id\x00"), key...))
	return binary.BigEndian.Uint32(sum[:4]) | 1<<31
}

// Seal encrypts plaintext so that only Open with the same associated data gives it back.
func (s *sealer) Seal(plaintext, associated []byte) ([]byte, error) {
	sealed, err := s.aead.Encrypt(plaintext, associated)
	if err != nil {
		return nil, fmt.Errorf("seal secret: %w", err)
	}
	return sealed, nil
}

// Open decrypts what Seal made. It fails when the key or the associated data is another,
// or a single bit differs.
func (s *sealer) Open(ciphertext, associated []byte) ([]byte, error) {
	plaintext, err := s.aead.Decrypt(ciphertext, associated)
	if err != nil {
		return nil, fmt.Errorf("open secret: %w", err)
	}
	return plaintext, nil
}
