package lastgood_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestRevocationsLieSealedBesideTheSnapshots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	if m, err := s.ReadRevoked(); err != nil || len(m.GetKeys()) != 0 || m.GetRevision() != 0 {
		t.Errorf("a new folder holds %v, %v", m, err)
	}
	hash := []byte("0123456789abcdef0123456789abcdef")
	want := &nodev1.Revoke{Revision: 9, Lineage: "l", Keys: []*nodev1.RevokedKey{{Hash: hash, Name: "canary", Revision: 7}}}
	for range 2 { // replaced, not added to
		if err := s.SaveRevoked(want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := open(t, dir).ReadRevoked()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || err != nil {
		t.Errorf("read (%v): %s", err, diff)
	}
	if list, err := s.Generations(); err != nil || len(list) != 0 {
		t.Errorf("taken for snapshots: %v, %v", list, err)
	}
	path := filepath.Join(dir, "revoked.sealed")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) == "" || contains(raw, "canary") || contains(raw, string(hash)) {
		t.Error("the file is not sealed")
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := s.ReadRevoked(); err == nil {
		t.Errorf("a damaged file is read as %v", m)
	}
}

// A database that was adopted may have any revision; what is in use is the newest.
func TestGenerationsOfSeveralLineages(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	save := func(lineage string, revision uint64) {
		t.Helper()
		if err := s.Save(&nodev1.Full{Lineage: lineage, Revision: revision, Sha256: []byte(lineage), Replaces: []string{"older"}}); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (list []string) {
		t.Helper()
		all, err := s.Generations()
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range all {
			full, err := s.Read(g)
			if err != nil || full.GetLineage() != g.Lineage || string(full.GetSha256()) != g.Lineage || len(full.GetReplaces()) != 1 {
				t.Errorf("read %v, %v", full, err)
			}
			list = append(list, g.Lineage+" "+string(rune('0'+g.Revision)))
		}
		return list
	}
	for revision := uint64(4); revision <= 7; revision++ {
		save("3c56", revision)
	}
	if diff := cmp.Diff([]string{"3c56 7", "3c56 6", "3c56 5"}, names()); diff != "" {
		t.Error(diff)
	}
	save("9f-01", 6) // adopted: older by number
	if diff := cmp.Diff([]string{"9f-01 6", "3c56 5"}, names()); diff != "" {
		t.Error(diff)
	}
	save("9f-01", 7)
	if diff := cmp.Diff([]string{"9f-01 7", "9f-01 6", "3c56 5"}, names()); diff != "" {
		t.Error(diff)
	}
	if err := s.Save(&nodev1.Full{Lineage: "../evil", Revision: 8}); err == nil {
		t.Error("a lineage that is a path was saved")
	}
}

func contains(raw []byte, text string) bool {
	for i := range raw {
		if len(raw)-i >= len(text) && string(raw[i:i+len(text)]) == text {
			return true
		}
	}
	return false
}
