package lastgood_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/lastgood"
	"github.com/trunkline-ai/trunkline/internal/sealedfile"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func sealer(t *testing.T, secret, node string) *sealedfile.Sealer {
	t.Helper()
	s, err := sealedfile.New([]byte(secret), node)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, dir string, change ...func(*lastgood.Config)) *lastgood.Store {
	t.Helper()
	cfg := lastgood.Config{Dir: dir, Sealer: sealer(t, "join token", "node-1"), Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	s, err := lastgood.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func full(revision uint64) *nodev1.Full {
	return &nodev1.Full{
		Nonce: 9, Revision: revision, Sha256: bytes.Repeat([]byte{byte(revision)}, 32),
		SnapshotZstd: []byte(fmt.Sprintf("credential-of-%d", revision)),
	}
}

func save(t *testing.T, s *lastgood.Store, revisions ...uint64) {
	t.Helper()
	for _, r := range revisions {
		if err := s.Save(full(r)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantRevisions checks what is there, newest first, and that each can be read.
func wantRevisions(t *testing.T, s *lastgood.Store, want ...uint64) {
	t.Helper()
	list, err := s.Generations()
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for _, g := range list {
		got = append(got, g.Revision)
		f, err := s.Read(g)
		if err != nil {
			t.Fatal(err)
		}
		want := full(g.Revision)
		if f.GetRevision() != g.Revision || !bytes.Equal(f.GetSha256(), want.GetSha256()) || !bytes.Equal(f.GetSnapshotZstd(), want.GetSnapshotZstd()) {
			t.Errorf("revision %d holds %v", g.Revision, f)
		}
		if g.SavedAt.IsZero() {
			t.Errorf("revision %d has no time", g.Revision)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("revisions %d, want %d", got, want)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestThreeGenerationsAreKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "snapshots")
	s := open(t, dir)
	wantRevisions(t, s)
	save(t, s, 7, 8, 9, 100, 12345)
	wantRevisions(t, s, 12345, 100, 9)
	wantRevisions(t, open(t, dir), 12345, 100, 9)
	if n := len(files(t, dir)); n != 3 {
		t.Errorf("%d files, want 3", n)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	for _, path := range files(t, dir) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		raw, err := os.ReadFile(path)
		if err != nil || bytes.Contains(raw, []byte("credential")) {
			t.Errorf("%s is not sealed, %v", path, err)
		}
	}
}

// Going back must not leave a later revision to start from: it may hold a key that was
// taken back.
func TestGoingBackForgetsTheLaterOnes(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	save(t, s, 3, 8, 9, 5)
	wantRevisions(t, s, 5, 3)
}

func TestEveryDamagedByteIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, 4)
	path := files(t, dir)[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g := lastgood.Generation{Revision: 4}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		for what, content := range map[string][]byte{"flipped": bad, "cut": good[:i]} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if f, err := s.Read(g); err == nil {
				t.Fatalf("byte %d %s: read %v", i, what, f)
			}
		}
	}
}

func TestFilesOfOthersAreNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save(t, open(t, dir), 4)
	g := lastgood.Generation{Revision: 4}
	if _, err := open(t, dir).Read(g); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir, func(c *lastgood.Config) { c.Sealer = sealer(t, "other token", "node-1") }).Read(g); err == nil {
		t.Error("read with another secret")
	}
	if _, err := open(t, dir, func(c *lastgood.Config) { c.Sealer = sealer(t, "join token", "node-2") }).Read(g); err == nil {
		t.Error("read for another node")
	}
	path := files(t, dir)[0]
	if err := os.Rename(path, filepath.Join(dir, "0-00000000000000000005.trunkline")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Read(lastgood.Generation{Revision: 5}); err == nil {
		t.Error("revision 4 was read as 5")
	}
}

func TestHugeAndStrangeFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, 4)
	for _, name := range []string{"0-5.trunkline", "0-0000000000000000000x.trunkline", "a.b-00000000000000000009.trunkline", "notes.txt", "applying-x"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantRevisions(t, open(t, dir), 4)
	huge := filepath.Join(dir, "0-00000000000000000006.trunkline")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(lastgood.Generation{Revision: 6}); err == nil {
		t.Error("a terabyte was read")
	}
}

func TestCrashDuringApplyIsRemembered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, 4, 5)
	done, err := s.Begin(5, full(5).GetSha256())
	if err != nil {
		t.Fatal(err)
	}
	done()
	s = open(t, dir)
	wantRevisions(t, s, 5, 4)
	if s.Crashed(5, full(5).GetSha256()) {
		t.Error("an apply that ended counts as a crash")
	}
	if _, err := s.Begin(5, full(5).GetSha256()); err != nil { // and the process ends
		t.Fatal(err)
	}
	for range 2 { // it lasts over further starts
		s = open(t, dir)
		wantRevisions(t, s, 4)
		if !s.Crashed(5, full(5).GetSha256()) {
			t.Error("the crash is forgotten")
		}
		if s.Crashed(5, full(6).GetSha256()) || s.Crashed(4, full(4).GetSha256()) {
			t.Error("another snapshot is in quarantine")
		}
	}
	save(t, s, 6)
	wantRevisions(t, s, 6, 5, 4)
	if s.Crashed(5, full(5).GetSha256()) || open(t, dir).Crashed(5, full(5).GetSha256()) {
		t.Error("quarantine does not end with a later snapshot")
	}
}

func TestDamagedMarkStandsForItsRevision(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save(t, open(t, dir), 4, 5)
	for _, mark := range []string{"zz", "", "digest zz", strings.Repeat("ab", 32)} { // the last one names no digest
		if err := os.WriteFile(filepath.Join(dir, "applying-5"), []byte(mark), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if !s.Crashed(5, []byte("whatever")) {
			t.Errorf("%q: the revision is not in quarantine", mark)
		}
		wantRevisions(t, s, 4)
	}
}

func TestLeftoversOfACrashAreCleared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save(t, open(t, dir), 4)
	if err := os.WriteFile(filepath.Join(dir, "0-00000000000000000005.trunkline.tmp"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRevisions(t, open(t, dir), 4)
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
}

func TestFailedSaveLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, 4)
	// A folder in the place of the file aside fails for root, too.
	if err := os.MkdirAll(filepath.Join(dir, "0-00000000000000000005.trunkline.tmp", "child"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(full(5)); err == nil {
		t.Error("saved over a folder")
	}
	wantRevisions(t, s, 4)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*lastgood.Config){
		"no folder": func(c *lastgood.Config) { c.Dir = "" },
		"no sealer": func(c *lastgood.Config) { c.Sealer = nil },
		"no logger": func(c *lastgood.Config) { c.Logger = nil },
		"a file":    func(c *lastgood.Config) { c.Dir = "/dev/null/x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := lastgood.Config{Dir: t.TempDir(), Sealer: sealer(t, "s", "n"), Logger: slog.New(slog.DiscardHandler)}
			spoil(&cfg)
			if _, err := lastgood.Open(cfg); err == nil {
				t.Error("accepted")
			}
		})
	}
}
