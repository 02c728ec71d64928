package controlplane

import "fmt"

// Sealer encrypts secrets at rest. The associated data binds a ciphertext to the place
// it belongs to, so that one cannot be moved to another document.
type Sealer interface {
	Seal(plaintext, associated []byte) ([]byte, error)
	// Open fails with an *UnknownKeyError when the key was not given to this process.
	Open(ciphertext, associated []byte) ([]byte, error)
}

// CredentialBinding is the associated data of a provider credential.
func CredentialBinding(provider, credential string) []byte {
	return []byte("provider\x00" + provider + "\x00" + credential)
}

// UnknownKeyError says that a secret is sealed under a master key that this process was not given.
type UnknownKeyError struct{ KeyID string }

// Error names the key by its id.
func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("it is sealed under master key %s, which was not given to this control plane", e.KeyID)
}

// sealedVersion begins every sealed secret: the version of the format.
const sealedVersion = 1

// SealedPrefix begins the secrets that are sealed under a master key: the version, and the key's id
// behind its length. The id is 1 to 255 bytes.
func SealedPrefix(keyID string) []byte {
	return append([]byte{sealedVersion, byte(len(keyID))}, keyID...)
}

// SealedBy is the id of the master key that a secret is sealed under, and what follows it; false when
// it is not an encrypted secret of this version.
func SealedBy(sealed []byte) (keyID string, rest []byte, ok bool) {
	if len(sealed) < 2 || sealed[0] != sealedVersion || sealed[1] == 0 || len(sealed) < 2+int(sealed[1]) {
		return "", nil, false
	}
	end := 2 + int(sealed[1])
	return string(sealed[2:end]), sealed[end:], true
}
