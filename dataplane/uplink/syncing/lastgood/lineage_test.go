package lastgood_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

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
