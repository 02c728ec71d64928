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
	"cmp"
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

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/sealedfile"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

const (
	// generations is how many snapshots are kept.
	generations = 3
	// maxFile bounds a file before it is read, in bytes: a snapshot of 32 MiB that did not
	// compress, and what is around it.
	maxFile = 40 << 20

	suffix = ".trunkline"
	// unknown is in place of a lineage that nobody told.
	unknown = "0"
)

// Config says where snapshots are kept, and for whom.
type Config struct {
	Dir    string             // required; made, for nobody else to read, when it is not there
	Sealer *sealedfile.Sealer // required; what another one sealed cannot be read
	Logger *slog.Logger       // required
}

// Store is a folder of snapshots. It is safe for concurrent use.
type Store struct {
	dir    string
	sealer *sealedfile.Sealer
	log    *slog.Logger

	mu          sync.Mutex
	quarantined map[uint64][]byte // guarded by mu; SHA-256 by revision, empty when unknown
}

// Generation is one snapshot on disk.
type Generation struct {
	Lineage  string // of its database
	Revision uint64
	SavedAt  time.Time
}

// belongs is what the file of a snapshot is sealed for: a file under another name is none.
func (g Generation) belongs() string {
	return fmt.Sprintf("snapshot|%d|%s", g.Revision, cmp.Or(g.Lineage, unknown))
}

// generationOf is how a snapshot is told from others on disk.
func generationOf(full *nodev1.Full) Generation {
	return Generation{Lineage: cmp.Or(full.GetLineage(), unknown), Revision: full.GetRevision()}
}

// Open opens the folder. What a crash left behind is cleared away, and a snapshot that
// was being applied when the process ended is put into quarantine.
func Open(cfg Config) (*Store, error) {
	if cfg.Dir == "" || cfg.Sealer == nil || cfg.Logger == nil {
		return nil, errors.New("last good snapshots: Dir, Sealer and Logger are required")
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("last good snapshots: %w", err)
	}
	s := &Store{dir: cfg.Dir, sealer: cfg.Sealer, log: cfg.Logger, quarantined: map[uint64][]byte{}}
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("last good snapshots: %w", err)
	}
	return s, nil
}

// Generations lists what is there, newest first, without what is in quarantine. Newest
// is what has the highest revision, of whichever lineage: see Save.
func (s *Store) Generations() ([]Generation, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list last good snapshots: %w", err)
	}
	var list []Generation
	for _, e := range entries {
		g, ok := parseName(e.Name())
		if !ok || s.isQuarantined(g.Revision) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		g.SavedAt = info.ModTime()
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Generation) int {
		return cmp.Or(cmp.Compare(b.Revision, a.Revision), b.SavedAt.Compare(a.SavedAt), strings.Compare(a.Lineage, b.Lineage))
	})
	return list, nil
}

// Read returns a snapshot as it was saved. A file that is damaged, or was written with
// another key, for another node or under another name, is an error.
func (s *Store) Read(g Generation) (*nodev1.Full, error) {
	plain, err := s.sealer.Read(s.path(g), maxFile, g.belongs())
	if err != nil {
		return nil, fmt.Errorf("read last good snapshot: %w", err)
	}
	m := &nodefilev1.LastGood{}
	if err := proto.Unmarshal(plain, m); err != nil {
		return nil, fmt.Errorf("last good snapshot %s: %w", s.path(g), err)
	}
	return &nodev1.Full{
		Revision: m.GetRevision(), Sha256: m.GetSha256(), SnapshotZstd: m.GetSnapshotZstd(), Lineage: m.GetLineage(), Replaces: m.GetReplaces(), History: m.GetHistory(),
	}, nil
}

// Save keeps a snapshot that is in use, and the two before it. Later revisions, and the same
// one of another lineage, are removed: whoever goes back to an older one has given them up, so
// the highest revision is always what was in use last. When Save returns without error the snapshot survives
// a loss of power.
func (s *Store) Save(full *nodev1.Full) error {
	g := generationOf(full)
	if !nameable(g.Lineage) {
		return fmt.Errorf("save snapshot %d: the lineage %q is not a name for a file", g.Revision, g.Lineage)
	}
	plain, err := proto.Marshal(&nodefilev1.LastGood{
		Revision: full.GetRevision(), Sha256: full.GetSha256(), SnapshotZstd: full.GetSnapshotZstd(),
		Lineage: full.GetLineage(), Replaces: full.GetReplaces(), History: full.GetHistory(),
	})
	if err == nil {
		err = s.sealer.Write(s.path(g), plain, g.belongs())
	}
	if err != nil {
		return fmt.Errorf("save snapshot %d: %w", full.GetRevision(), err)
	}
	s.release(full.GetRevision())
	if err := s.prune(g); err != nil {
		return fmt.Errorf("remove old snapshots: %w", err)
	}
	return nil
}

// prune keeps the newest files up to the one that is in use.
func (s *Store) prune(current Generation) error {
	list, err := s.Generations()
	if err != nil {
		return err
	}
	kept := 0
	for _, g := range list {
		inUse := g.Revision == current.Revision && g.Lineage == current.Lineage
		if inUse || g.Revision < current.Revision && kept < generations {
			kept++
			continue
		}
		if err := os.Remove(s.path(g)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) path(g Generation) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s-%020d%s", cmp.Or(g.Lineage, unknown), g.Revision, suffix))
}

// parseName is the inverse of path.
func parseName(name string) (Generation, bool) {
	name, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return Generation{}, false
	}
	i := strings.LastIndexByte(name, '-')
	if i < 0 || len(name)-i-1 != 20 || !nameable(name[:i]) {
		return Generation{}, false
	}
	revision, err := strconv.ParseUint(name[i+1:], 10, 64)
	return Generation{Lineage: name[:i], Revision: revision}, err == nil
}

// nameable reports whether a lineage can be part of a file's name, as a UUID can.
func nameable(lineage string) bool {
	return lineage != "" && len(lineage) <= 64 && strings.Trim(lineage, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}
