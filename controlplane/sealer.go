package controlplane

// Sealer encrypts secrets at rest. The associated data binds a ciphertext to the place
// it belongs to, so that one cannot be moved to another document.
type Sealer interface {
	Seal(plaintext, associated []byte) ([]byte, error)
	Open(ciphertext, associated []byte) ([]byte, error)
}

// CredentialBinding is the associated data of a provider credential.
func CredentialBinding(provider, credential string) []byte {
	return []byte("provider\x00" + provider + "\x00" + credential)
}
