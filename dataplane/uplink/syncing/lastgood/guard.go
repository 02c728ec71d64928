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
// the snapshot's digest, for another database may have another revision 7.
const (
	named    = "digest " // begins what a mark holds
	applying = "applying-"
	crashed  = "crashed-"
)

// Begin marks a snapshot as being applied; done takes the mark away again, whatever came
// of it. On an error there is no guard, and done does nothing.
func (s *Store) Begin(revision uint64, digest []byte) (done func(), err error) {
	path := s.mark(applying, revision)
	if err := atomicfile.Write(path, []byte(named+hex.EncodeToString(digest))); err != nil {
		return func() {}, fmt.Errorf("mark snapshot %d as being applied: %w", revision, err)
	}
	return func() {
		err := os.Remove(path)
		if err == nil {
			err = atomicfile.SyncDir(s.dir) // or a loss of power brings it back
		}
		if err != nil {
			s.log.Error("failed to delete the crash marker of a snapshot; the next start will take it for a crash", "path", path, "error", err)
		}
	}, nil
}

// Crashed reports whether the process ended while it applied this snapshot.
func (s *Store) Crashed(revision uint64, digest []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	marked, ok := s.quarantined[revision]
	return ok && (len(marked) == 0 || bytes.Equal(marked, digest))
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
			s.quarantined[revision] = readDigest(path)
		}
		if revision, ok := markedRevision(e.Name(), applying); ok {
			s.quarantined[revision] = readDigest(path)
			s.log.Error("the process ended while applying a snapshot, which is not used again", "revision", revision)
			if err := os.Rename(path, s.mark(crashed, revision)); err != nil {
				s.log.Warn("failed to keep the crash marker of a snapshot", "path", path, "error", err)
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
			s.log.Warn("failed to delete the crash marker of a snapshot", "revision", revision, "error", err)
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

// readDigest is what a mark holds; empty when it is damaged or holds something else, and then it stands for
// every snapshot of its revision.
func readDigest(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	digits, _ := strings.CutPrefix(string(text), named)
	digest, err := hex.DecodeString(digits)
	if err != nil || len(digits) == len(text) {
		return nil
	}
	return digest
}
