// Package lastgood keeps a node's last good snapshots on its disk, so that the node can
// start while the control plane is away.
//
// A folder holds up to three generations, each in a file of its own that is written
// aside, synced and renamed, so that none is ever half there. Files are sealed, for
// snapshots hold the credentials of providers: whoever gets at a backup or a volume
// learns nothing without the key. A key that lies on the same disk does not protect from
// whoever can read the whole disk.
//
// The package also guards against a snapshot that ends the process: Begin leaves a mark
// before a snapshot is applied, and a mark that is found at the next start puts that
// snapshot into quarantine.
package lastgood

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// generations is how many snapshots are kept.
	generations = 3
	// maxFile bounds a file before it is read, in bytes: a snapshot of 32 MiB that did not
	// compress, and what is around it.
	maxFile = 40 << 20

	suffix  = ".trunkline"
	aside   = ".tmp"
	noChain = "0" // in place of a lineage, which the node link does not tell yet
)

// Config says where snapshots are kept, and for whom.
type Config struct {
	Dir    string       // required; made, for nobody else to read, when it is not there
	Secret []byte       // required; the key of the files is derived from it
	Node   string       // required; another node's files cannot be read
	Logger *slog.Logger // required
}

// Store is a folder of snapshots. It is safe for concurrent use.
type Store struct {
	dir  string
	node string
	aead cipher.AEAD
	log  *slog.Logger

	mu          sync.Mutex
	quarantined map[uint64][]byte // guarded by mu; SHA-256 by revision, empty when unknown
}

// Generation is one snapshot on disk.
type Generation struct {
	Revision uint64
	SavedAt  time.Time
}

// Open opens the folder. What a crash left behind is cleared away, and a snapshot that
// was being applied when the process ended is put into quarantine.
func Open(cfg Config) (*Store, error) {
	if cfg.Dir == "" || len(cfg.Secret) == 0 || cfg.Node == "" || cfg.Logger == nil {
		return nil, errors.New("last good snapshots: Dir, Secret, Node and Logger are required")
	}
	key, err := hkdf.Key(sha256.New, cfg.Secret, nil, "trunkline last good snapshot v1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("last good snapshots: derive the key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("last good snapshots: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("last good snapshots: %w", err)
	}
	s := &Store{dir: cfg.Dir, node: cfg.Node, aead: aead, log: cfg.Logger, quarantined: map[uint64][]byte{}}
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("last good snapshots: %w", err)
	}
	return s, nil
}

// Generations lists what is there, newest first, without what is in quarantine. Newest
// is what has the highest revision: see Save.
func (s *Store) Generations() ([]Generation, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list last good snapshots: %w", err)
	}
	var list []Generation
	for _, e := range entries {
		revision, ok := revisionOf(e.Name())
		if !ok || s.isQuarantined(revision) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		list = append(list, Generation{Revision: revision, SavedAt: info.ModTime()})
	}
	slices.SortFunc(list, func(a, b Generation) int {
		if a.Revision > b.Revision {
			return -1
		}
		return 1
	})
	return list, nil
}

// Read returns a snapshot as it was saved. A file that is damaged, or was written with
// another key, for another node or under another name, is an error.
func (s *Store) Read(g Generation) (*nodev1.Full, error) {
	path := s.path(g.Revision)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read last good snapshot: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("last good snapshot %s has %d bytes, more than %d", path, info.Size(), maxFile)
	}
	sealed, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read last good snapshot: %w", err)
	}
	full, err := s.open(g.Revision, sealed)
	if err != nil {
		return nil, fmt.Errorf("last good snapshot %s: %w", path, err)
	}
	return full, nil
}

// Save keeps a snapshot that is in use, and the two before it. Later revisions are
// removed: whoever goes back to an older one has given them up, so the highest revision
// is always what was in use last. When Save returns without error the snapshot survives
// a loss of power.
func (s *Store) Save(full *nodev1.Full) error {
	sealed, err := s.seal(full)
	if err != nil {
		return fmt.Errorf("save snapshot %d: %w", full.GetRevision(), err)
	}
	if err := writeFile(s.path(full.GetRevision()), sealed); err != nil {
		return fmt.Errorf("save snapshot %d: %w", full.GetRevision(), err)
	}
	s.release(full.GetRevision())
	if err := s.prune(full.GetRevision()); err != nil {
		return fmt.Errorf("remove old snapshots: %w", err)
	}
	return nil
}

// prune keeps the newest files up to the revision that is in use.
func (s *Store) prune(current uint64) error {
	list, err := s.Generations()
	if err != nil {
		return err
	}
	kept := 0
	for _, g := range list {
		if g.Revision <= current && kept < generations {
			kept++
			continue
		}
		if err := os.Remove(s.path(g.Revision)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) path(revision uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s-%020d%s", noChain, revision, suffix))
}

// revisionOf is the inverse of path.
func revisionOf(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutPrefix(digits, noChain+"-")
	if !ok || len(digits) != 20 {
		return 0, false
	}
	revision, err := strconv.ParseUint(digits, 10, 64)
	return revision, err == nil
}
