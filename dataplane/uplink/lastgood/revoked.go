package lastgood

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// revokedFile holds what is revoked, beside the snapshots and sealed as they are.
const revokedFile = "revoked.sealed"

// maxRevoked bounds that file before it is read, in bytes.
const maxRevoked = 8 << 20

// SaveRevoked keeps which API keys are revoked, in place of what was kept before. When it
// returns without error that survives a loss of power.
func (s *Store) SaveRevoked(m *nodev1.Revoke) error {
	plain, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("save revocations: %w", err)
	}
	if err := atomicfile.Write(filepath.Join(s.dir, revokedFile), s.sealAs(plain, s.revokedBelongs())); err != nil {
		return fmt.Errorf("save revocations: %w", err)
	}
	return nil
}

// ReadRevoked returns what SaveRevoked kept last; empty when that is nothing.
func (s *Store) ReadRevoked() (*nodev1.Revoke, error) {
	path := filepath.Join(s.dir, revokedFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &nodev1.Revoke{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read revocations: %w", err)
	}
	if info.Size() > maxRevoked {
		return nil, fmt.Errorf("revocations in %s have %d bytes, more than %d", path, info.Size(), maxRevoked)
	}
	sealed, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read revocations: %w", err)
	}
	plain, err := s.openAs(sealed, s.revokedBelongs())
	if err != nil {
		return nil, fmt.Errorf("revocations in %s: %w", path, err)
	}
	m := &nodev1.Revoke{}
	if err := proto.Unmarshal(plain, m); err != nil {
		return nil, fmt.Errorf("revocations in %s: %w", path, err)
	}
	return m, nil
}

func (s *Store) revokedBelongs() []byte { return append([]byte("revoked|"), s.node...) }
