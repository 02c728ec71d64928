package lastgood

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/atomicfile"
)

// A mark is an empty-looking file whose name says what it marks: applying-7 while
// revision 7 is being applied, crashed-7 when that was the end of the process. It holds
// the snapshot's SHA-256, for another database may have another revision 7.
const (
	applying = "applying-"
	crashed  = "crashed-"
)

// Begin marks a snapshot as being applied; done takes the mark away again, whatever came
// of it. On an error there is no guard, and done does nothing.
func (s *Store) Begin(revision uint64, sha256 []byte) (done func(), err error) {
	path := s.mark(applying, revision)
	if err := atomicfile.Write(path, []byte(hex.EncodeToString(sha256))); err != nil {
		return func() {}, fmt.Errorf("mark snapshot %d as being applied: %w", revision, err)
	}
	return func() {
		err := os.Remove(path)
		if err == nil {
			err = atomicfile.SyncDir(s.dir) // or a loss of power brings it back
		}
		if err != nil {
			s.log.Error("the mark of a snapshot cannot be removed; the next start will take it for a crash", "path", path, "error", err)
		}
	}, nil
}

// Crashed reports whether the process ended while it applied this snapshot.
func (s *Store) Crashed(revision uint64, sha256 []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum, ok := s.quarantined[revision]
	return ok && (len(sum) == 0 || bytes.Equal(sum, sha256))
}

func (s *Store) isQuarantined(revision uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.quarantined[revision]
	return ok
}

// recover reads the marks of earlier starts and turns that of a crash into a lasting one.
func (s *Store) recover() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		if strings.HasSuffix(e.Name(), atomicfile.Suffix) {
			_ = os.Remove(path) // a disk that cannot be written to does not matter here
			continue
		}
		if revision, ok := markedRevision(e.Name(), crashed); ok {
			s.quarantined[revision] = readSum(path)
		}
		if revision, ok := markedRevision(e.Name(), applying); ok {
			s.quarantined[revision] = readSum(path)
			s.log.Error("the process ended while it applied a snapshot; that snapshot is not used again", "revision", revision)
			if err := os.Rename(path, s.mark(crashed, revision)); err != nil {
				s.log.Warn("the mark of a snapshot cannot be kept", "path", path, "error", err)
			}
		}
	}
	return nil
}

// release ends the quarantine of what the node has moved past: that revision and all
// before it.
func (s *Store) release(current uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for revision := range s.quarantined {
		if revision > current {
			continue
		}
		if err := os.Remove(s.mark(crashed, revision)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("the mark of a snapshot cannot be removed", "revision", revision, "error", err)
			continue
		}
		delete(s.quarantined, revision)
	}
}

func (s *Store) mark(kind string, revision uint64) string {
	return filepath.Join(s.dir, kind+strconv.FormatUint(revision, 10))
}

func markedRevision(name, kind string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, kind)
	if !ok {
		return 0, false
	}
	revision, err := strconv.ParseUint(digits, 10, 64)
	return revision, err == nil
}

// readSum is the SHA-256 in a mark; empty when the mark is damaged, which then stands for
// every snapshot of its revision.
func readSum(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	sum, err := hex.DecodeString(string(text))
	if err != nil {
		return nil
	}
	return sum
}
