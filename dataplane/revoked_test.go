package dataplane_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func keyHash(n byte) dataplane.KeyHash { return dataplane.KeyHash{n} }

func TestWhatIsMindedBesideASnapshot(t *testing.T) {
	t.Parallel()
	const here, there = "here", "there"
	for name, tc := range map[string]struct {
		revocation dataplane.Revocation
		lineage    string
		revision   uint64
		minded     bool
		kept       bool
	}{
		"older snapshot":             {dataplane.Revocation{Lineage: here, Revision: 7, Reason: dataplane.RevokeDeleted}, here, 6, true, false},
		"the snapshot that says so":  {dataplane.Revocation{Lineage: here, Revision: 7, Reason: dataplane.RevokeDeleted}, here, 7, false, false},
		"newer snapshot":             {dataplane.Revocation{Lineage: here, Revision: 7, Reason: dataplane.RevokeDisabled}, here, 9, false, false},
		"for good, older snapshot":   {dataplane.Revocation{Lineage: here, Revision: 7, Reason: dataplane.RevokeForGood}, here, 6, true, false},
		"for good, newer snapshot":   {dataplane.Revocation{Lineage: here, Revision: 7, Reason: dataplane.RevokeForGood}, here, 9, true, true},
		"for good, adopted database": {dataplane.Revocation{Lineage: there, Revision: 7, Reason: dataplane.RevokeForGood}, here, 9, true, true},
		"deleted, adopted database":  {dataplane.Revocation{Lineage: there, Revision: 7, Reason: dataplane.RevokeDeleted}, here, 9, true, true},
		"rotated, adopted database":  {dataplane.Revocation{Lineage: there, Revision: 7, Reason: dataplane.RevokeRotated}, here, 3, true, true},
		"disabled, adopted database": {dataplane.Revocation{Lineage: there, Revision: 7, Reason: dataplane.RevokeDisabled}, here, 3, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := dataplane.NewRevocations(10)
			tc.revocation.Hash, tc.revocation.Cut = keyHash(1), true
			if news := set.Add(tc.revocation); len(news) != 1 {
				t.Fatalf("news %v", news)
			}
			out := dataplane.Refused{}
			set.Beside(tc.lineage, tc.revision, out)
			if cut, minded := out[keyHash(1)]; minded != tc.minded || cut != tc.minded {
				t.Errorf("minded %t (cut %t), want %t", minded, cut, tc.minded)
			}
			if kept := set.Kept(tc.lineage, tc.revision)[keyHash(1)]; kept != tc.kept {
				t.Errorf("kept %t, want %t", kept, tc.kept)
			}
			set.Settle(tc.lineage, tc.revision, func(dataplane.KeyHash) bool { return true })
			settled := tc.revocation.Lineage == tc.lineage && !tc.minded
			if left := len(set.List()) == 1; left == settled {
				t.Errorf("left after the snapshot holds it again: %t", left)
			}
		})
	}
}

func TestOfTwoWordsTheWeightierStays(t *testing.T) {
	t.Parallel()
	word := func(lineage string, revision uint64, reason dataplane.RevokeReason) dataplane.Revocation {
		return dataplane.Revocation{Hash: keyHash(1), Name: "app", Lineage: lineage, Revision: revision, Reason: reason}
	}
	cut := word("a", 9, dataplane.RevokeForGood)
	cut.Cut = true
	for name, tc := range map[string]struct {
		first, second dataplane.Revocation
		second2       bool // the second one stays
	}{
		"the same again":                {word("a", 5, dataplane.RevokeDeleted), word("a", 5, dataplane.RevokeDeleted), false},
		"newer":                         {word("a", 5, dataplane.RevokeDeleted), word("a", 6, dataplane.RevokeDisabled), true},
		"older":                         {word("a", 6, dataplane.RevokeDisabled), word("a", 5, dataplane.RevokeDeleted), false},
		"for good, though older":        {word("a", 6, dataplane.RevokeDisabled), word("a", 5, dataplane.RevokeForGood), true},
		"nothing undoes for good":       {word("a", 5, dataplane.RevokeForGood), word("b", 9, dataplane.RevokeDisabled), false},
		"for good, and cut":             {word("a", 5, dataplane.RevokeForGood), cut, true},
		"another database, as weighty":  {word("a", 9, dataplane.RevokeDeleted), word("b", 2, dataplane.RevokeDeleted), true},
		"another database, more weight": {word("a", 9, dataplane.RevokeDisabled), word("b", 2, dataplane.RevokeRotated), true},
		"another database, more lightly": {
			word("a", 9, dataplane.RevokeDeleted), word("b", 12, dataplane.RevokeDisabled), false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := dataplane.NewRevocations(10)
			set.Add(tc.first)
			second := tc.second
			second.Name = "" // as Redis tells it
			if news := set.Add(second); (len(news) == 1) != tc.second2 {
				t.Errorf("news: %v", news)
			}
			want := tc.first
			if tc.second2 {
				want = tc.second
			}
			if got := set.List(); !slices.Equal(got, []dataplane.Revocation{want}) {
				t.Errorf("known: %+v, want %+v", got, want)
			}
		})
	}
}

func TestRevocationsAreBounded(t *testing.T) {
	t.Parallel()
	set := dataplane.NewRevocations(3)
	for n := byte(1); n <= 6; n++ {
		reason := dataplane.RevokeDeleted
		if n == 2 {
			reason = dataplane.RevokeForGood
		}
		set.Add(dataplane.Revocation{Hash: keyHash(n), Lineage: "a", Revision: uint64(n), Reason: reason})
	}
	got := map[dataplane.KeyHash]bool{}
	for _, r := range set.List() {
		got[r.Hash] = true
	}
	want := map[dataplane.KeyHash]bool{keyHash(2): true, keyHash(5): true, keyHash(6): true}
	if !maps.Equal(got, want) {
		t.Errorf("known are %v, want the one for good and the newest", got)
	}
}
