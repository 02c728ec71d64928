// Package lastgood keeps a node's last good snapshots on its disk, so that the node can
// start while the control plane is away.
//
// A folder holds up to three generations, each in a file of its own that is written
// aside, synced and renamed, so that none is ever half there. What changed since the newest of
// them lies beside it, each change in a small file of its own: a node with a hundred
// thousand API keys does not write them all because one has changed. Once there are many, they are
// put together to the next generation. Files are sealed, for
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
	"io/fs"
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

	suffix       = ".trunkline"
	changeSuffix = ".change"
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
	quarantined map[uint64][]byte // guarded by mu; digest by revision, empty when unknown
	unread      error             // guarded by mu; why the system did not give a file that is there

	writing sync.Mutex // guards the fields below, and the order in which files come and go
	tip     tip
}

// Generation is one snapshot on disk.
type Generation struct {
	Lineage  string // of its database
	Revision uint64
	SavedAt  time.Time

	changed bool
	whole   uint64 // with changed: the revision to which changes lead up from
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
// is what has the highest revision, of whichever lineage: see Save. A snapshot with changes is listed
// with the last of them, and then as it is.
func (s *Store) Generations() ([]Generation, error) {
	wholes, changes, err := s.list()
	if err != nil {
		return nil, fmt.Errorf("list last good snapshots: %w", err)
	}
	var list []Generation
	for _, g := range wholes {
		if s.isQuarantined(g.Revision) {
			continue
		}
		if last, ok := s.lastChange(g, changes); ok {
			list = append(list, last)
		}
		list = append(list, g)
	}
	return list, nil
}

// list gives the snapshots, newest first, and the changes, oldest first.
func (s *Store) list() (wholes, changes []Generation, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		g, isWhole := parseName(e.Name(), suffix)
		isChange := false
		if !isWhole {
			g, isChange = parseName(e.Name(), changeSuffix)
		}
		info, err := e.Info()
		if !isWhole && !isChange || err != nil || !info.Mode().IsRegular() {
			continue
		}
		g.SavedAt = info.ModTime()
		if isWhole {
			wholes = append(wholes, g)
			continue
		}
		changes = append(changes, g)
	}
	newest := func(a, b Generation) int {
		return cmp.Or(cmp.Compare(b.Revision, a.Revision), b.SavedAt.Compare(a.SavedAt), strings.Compare(a.Lineage, b.Lineage))
	}
	slices.SortFunc(wholes, newest)
	slices.SortFunc(changes, func(a, b Generation) int { return newest(b, a) })
	return wholes, changes, nil
}

// Read returns a snapshot as it was saved. A file that is damaged, or was written with
// another key, for another node or under another name, is an error; a damaged change ends the
// snapshot with the change before.
func (s *Store) Read(g Generation) (*nodev1.Full, error) {
	if g.changed {
		return s.readChanged(g)
	}
	plain, err := s.read(s.path(g), g.belongs())
	if err != nil {
		return nil, fmt.Errorf("read last good snapshot: %w", err)
	}
	m := &nodefilev1.LastGood{}
	if err := proto.Unmarshal(plain, m); err != nil {
		return nil, fmt.Errorf("last good snapshot %s: %w", s.path(g), err)
	}
	return &nodev1.Full{
		Revision: m.GetRevision(), Sha256: m.GetSha256(), SnapshotZstd: m.GetSnapshotZstd(), Lineage: m.GetLineage(), Replaces: m.GetReplaces(),
		History: m.GetHistory(), Digest: m.GetDigest(),
	}, nil
}

// read remembers that a file may be good although it could not be read, for want of file descriptors for one.
func (s *Store) read(path, belongs string) ([]byte, error) {
	plain, err := s.sealer.Read(path, maxFile, belongs)
	if _, system := errors.AsType[*fs.PathError](err); system && !errors.Is(err, fs.ErrNotExist) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unread = err
	}
	return plain, err
}

// Save keeps a snapshot that is in use, and the two before it. Later revisions, and the same
// one of another lineage, are removed: whoever goes back to an older one has given them up, so
// the highest revision is always what was in use last. When Save returns without error the snapshot survives
// a loss of power.
func (s *Store) Save(full *nodev1.Full) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	begun := s.tip.begun + 1
	s.tip = tip{begun: begun}
	if err := s.write(full); err != nil {
		return err
	}
	s.tip = tip{Generation: generationOf(full), known: true, begun: begun}
	return s.settled()
}

func (s *Store) write(full *nodev1.Full) error {
	g := generationOf(full)
	if !nameable(g.Lineage) {
		return fmt.Errorf("save snapshot %d: the lineage %q is not a name for a file", g.Revision, g.Lineage)
	}
	plain, err := proto.Marshal(&nodefilev1.LastGood{
		Revision: full.GetRevision(), Sha256: full.GetSha256(), SnapshotZstd: full.GetSnapshotZstd(),
		Lineage: full.GetLineage(), Replaces: full.GetReplaces(), History: full.GetHistory(), Digest: full.GetDigest(),
	})
	if err == nil {
		err = s.sealer.Write(s.path(g), plain, g.belongs())
	}
	if err != nil {
		return fmt.Errorf("save snapshot %d: %w", full.GetRevision(), err)
	}
	return nil
}

// settled ends what the snapshot in use has made obsolete. It needs writing.
func (s *Store) settled() error {
	s.release(s.tip.Revision)
	if err := s.prune(s.tip.Generation); err != nil {
		return fmt.Errorf("remove old snapshots: %w", err)
	}
	return nil
}

// prune keeps the newest files up to what is in use: three snapshots, and the changes since the last but one
// of them, so that a damaged one costs nothing.
func (s *Store) prune(current Generation) error {
	wholes, changes, err := s.list()
	if err != nil {
		return err
	}
	kept, since := 0, uint64(0)
	for _, g := range wholes {
		inUse := g.Revision == current.Revision && g.Lineage == current.Lineage
		if inUse || g.Revision < current.Revision && kept < generations {
			if kept++; kept <= 2 {
				since = g.Revision
			}
			continue
		}
		if err := os.Remove(s.path(g)); err != nil {
			return err
		}
	}
	for _, g := range changes {
		if g.Lineage == current.Lineage && g.Revision > since && g.Revision <= current.Revision {
			continue
		}
		if err := os.Remove(s.changePath(g)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) path(g Generation) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s-%020d%s", cmp.Or(g.Lineage, unknown), g.Revision, suffix))
}

// parseName is the inverse of path.
func parseName(name, suffix string) (Generation, bool) {
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
