package lastgood

import (
	"bytes"
	"cmp"
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
		Lineage: full.GetLineage(), Replaces: full.GetReplaces(),
	})
	if err != nil {
		return nil, err
	}
	return s.sealAs(plain, s.belongs(generationOf(full))), nil
}

func (s *Store) open(g Generation, file []byte) (*nodev1.Full, error) {
	plain, err := s.openAs(file, s.belongs(g))
	if err != nil {
		return nil, err
	}
	full := &nodev1.Full{}
	if err := proto.Unmarshal(plain, full); err != nil {
		return nil, err
	}
	return full, nil
}

// sealAs seals plain together with what it belongs to.
func (s *Store) sealAs(plain, belongs []byte) []byte {
	file := make([]byte, len(magic)+s.aead.NonceSize(), len(magic)+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	copy(file, magic)
	nonce := file[len(magic):]
	rand.Read(nonce) // never fails
	return s.aead.Seal(file, nonce, plain, belongs)
}

// openAs is the inverse of sealAs.
func (s *Store) openAs(file, belongs []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(file, []byte(magic))
	if !ok || len(rest) < s.aead.NonceSize() {
		return nil, errors.New("it is not a snapshot of this version")
	}
	nonce, sealed := rest[:s.aead.NonceSize()], rest[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, sealed, belongs)
	if err != nil {
		return nil, errors.New("it is damaged, or was sealed with another join token or for another node")
	}
	return plain, nil
}

// belongs is what is sealed along: lineage, revision and node, none of which can be taken
// for another.
func (s *Store) belongs(g Generation) []byte {
	b := append([]byte(cmp.Or(g.Lineage, unknown)), '|')
	b = binary.BigEndian.AppendUint64(b, g.Revision)
	return append(append(b, '|'), s.node...)
}
