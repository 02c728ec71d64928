// Package sealedfile keeps files that nobody can read or change without a key. What a file
// belongs to is sealed along, so that one that was put in the place of another is no file.
package sealedfile

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

// magic begins every file; its last byte is the version of the format. A random nonce and
// the sealed content follow.
const magic = "TLSEAL\x00\x01"

// Sealer seals and opens files. It is safe for concurrent use.
type Sealer struct {
	aead  cipher.AEAD
	owner string
}

// New derives the key from a secret. The owner cannot open files of another owner.
func New(secret []byte, owner string) (*Sealer, error) {
	if len(secret) == 0 || owner == "" {
		return nil, errors.New("sealed files: a secret and an owner are required")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "trunkline sealed file v1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("sealed files: derive the key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("sealed files: %w", err)
	}
	return &Sealer{aead, owner}, nil
}

// Write replaces the file as a whole. When it returns nil the content survives a loss of power.
func (s *Sealer) Write(path string, plain []byte, belongs string) error {
	file := make([]byte, len(magic)+s.aead.NonceSize(), len(magic)+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	copy(file, magic)
	nonce := file[len(magic):]
	rand.Read(nonce) // never fails
	return atomicfile.Write(path, s.aead.Seal(file, nonce, plain, s.sealedAlong(belongs)))
}

// Read returns what Write sealed for the same owner with the same belongs. A file that is
// larger than so many bytes is an error before it is read; the error of a file that is not
// there is fs.ErrNotExist.
func (s *Sealer) Read(path string, most int64, belongs string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), most)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(file, []byte(magic))
	if !ok || len(rest) < s.aead.NonceSize() {
		return nil, fmt.Errorf("%s is not an encrypted file of this version", path)
	}
	nonce, sealed := rest[:s.aead.NonceSize()], rest[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, sealed, s.sealedAlong(belongs))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged, or was encrypted with another secret, by another node or under another name", path)
	}
	return plain, nil
}

// sealedAlong is the owner and what the file belongs to, neither of which can be taken for
// a part of the other.
func (s *Sealer) sealedAlong(belongs string) []byte {
	return fmt.Appendf(nil, "%d|%s|%s", len(belongs), belongs, s.owner)
}
