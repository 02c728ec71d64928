package lastgood

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// magic begins every file; its last byte is the version of the format.
const magic = "TLSNAP\x00\x01"

// A file is magic, a random nonce, and the sealed message. What it was saved as is sealed
// along: a file under another name is no file.

func (s *Store) seal(full *nodev1.Full) ([]byte, error) {
	plain, err := proto.Marshal(&nodev1.Full{
		Revision: full.GetRevision(), Sha256: full.GetSha256(), SnapshotZstd: full.GetSnapshotZstd(),
	})
	if err != nil {
		return nil, err
	}
	file := make([]byte, len(magic)+s.aead.NonceSize(), len(magic)+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	copy(file, magic)
	nonce := file[len(magic):]
	rand.Read(nonce) // never fails
	return s.aead.Seal(file, nonce, plain, s.belongs(full.GetRevision())), nil
}

func (s *Store) open(revision uint64, file []byte) (*nodev1.Full, error) {
	rest, ok := bytes.CutPrefix(file, []byte(magic))
	if !ok || len(rest) < s.aead.NonceSize() {
		return nil, errors.New("it is not a snapshot of this version")
	}
	nonce, sealed := rest[:s.aead.NonceSize()], rest[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, sealed, s.belongs(revision))
	if err != nil {
		return nil, errors.New("it is damaged, or was sealed with another join token or for another node")
	}
	full := &nodev1.Full{}
	if err := proto.Unmarshal(plain, full); err != nil {
		return nil, err
	}
	return full, nil
}

// belongs is what is sealed along: lineage, revision and node, the last two of which
// cannot be taken for one another.
func (s *Store) belongs(revision uint64) []byte {
	b := append([]byte(noChain), '|')
	b = binary.BigEndian.AppendUint64(b, revision)
	return append(append(b, '|'), s.node...)
}
