package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// BodySealer seals each body with a key of its own, so that the key of the control plane
// is used on few bytes, and can be changed without touching bodies. It is safe for
// concurrent use.
type BodySealer struct{ wrap controlplane.Sealer }

// Bodies makes a sealer of bodies that wraps their keys with another sealer.
func Bodies(wrap controlplane.Sealer) BodySealer { return BodySealer{wrap} }

// SealBody encrypts with AES-256-GCM and a fresh key.
func (s BodySealer) SealBody(plaintext, associated []byte) (key, ciphertext []byte, err error) {
	fresh := make([]byte, KeySize)
	_, _ = rand.Read(fresh) // never fails
	gcm, err := bodyCipher(fresh)
	if err != nil {
		return nil, nil, err
	}
	if key, err = s.wrap.Seal(fresh, associated); err != nil {
		return nil, nil, fmt.Errorf("wrap the key of a body: %w", err)
	}
	return key, gcm.Seal(nil, nil, plaintext, associated), nil
}

// OpenBody decrypts what SealBody made.
func (s BodySealer) OpenBody(key, ciphertext, associated []byte) ([]byte, error) {
	plain, err := s.wrap.Open(key, associated)
	if err != nil {
		return nil, fmt.Errorf("unwrap the key of a body: %w", err)
	}
	gcm, err := bodyCipher(plain)
	if err != nil {
		return nil, err
	}
	body, err := gcm.Open(nil, nil, ciphertext, associated)
	if err != nil {
		return nil, fmt.Errorf("decrypt a body: %w", err)
	}
	return body, nil
}

func bodyCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key of a body: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("key of a body: %w", err)
	}
	return gcm, nil
}
