package revocation

import (
	"maps"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func keyHash(n byte) dataplane.KeyHash { return dataplane.KeyHash{n} }

func TestWhatAppliesToASnapshot(t *testing.T) {
	t.Parallel()
	const here, there = "here", "there"
	for name, tc := range map[string]struct {
		revocation Revocation
		lineage    string
		revision   uint64
		applies    bool
		overrides  bool
	}{
		"older snapshot":              {Revocation{Lineage: here, Revision: 7, Reason: Deleted}, here, 6, true, false},
		"the snapshot that says so":   {Revocation{Lineage: here, Revision: 7, Reason: Deleted}, here, 7, false, false},
		"newer snapshot":              {Revocation{Lineage: here, Revision: 7, Reason: Disabled}, here, 9, false, false},
		"permanent, older snapshot":   {Revocation{Lineage: here, Revision: 7, Reason: Permanent}, here, 6, true, false},
		"permanent, newer snapshot":   {Revocation{Lineage: here, Revision: 7, Reason: Permanent}, here, 9, true, true},
		"permanent, adopted database": {Revocation{Lineage: there, Revision: 7, Reason: Permanent}, here, 9, true, true},
		"deleted, adopted database":   {Revocation{Lineage: there, Revision: 7, Reason: Deleted}, here, 9, true, true},
		"rotated, adopted database":   {Revocation{Lineage: there, Revision: 7, Reason: Rotated}, here, 3, true, true},
		"disabled, adopted database":  {Revocation{Lineage: there, Revision: 7, Reason: Disabled}, here, 3, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, at := newSet(10), version{tc.lineage, tc.revision}
			tc.revocation.Hash, tc.revocation.Cut = keyHash(1), true
			if fresh := set.add(tc.revocation); len(fresh) != 1 {
				t.Fatalf("fresh %v", fresh)
			}
			out := dataplane.RevokedKeys{}
			set.applying(at, out)
			if cut, applies := out[keyHash(1)]; applies != tc.applies || cut != tc.applies {
				t.Errorf("applies %t (cut %t), want %t", applies, cut, tc.applies)
			}
			if overrides := set.overriding(at)[keyHash(1)]; overrides != tc.overrides {
				t.Errorf("overrides %t, want %t", overrides, tc.overrides)
			}
			set.settle(at, func(dataplane.KeyHash) (string, bool) { return "", true })
			settled := tc.revocation.Lineage == tc.lineage && !tc.applies
			if left := len(set.list()) == 1; left == settled {
				t.Errorf("left after the snapshot holds it again: %t", left)
			}
		})
	}
}

func TestOfTwoTheStrongerStays(t *testing.T) {
	t.Parallel()
	of := func(lineage string, revision uint64, reason Reason) Revocation {
		return Revocation{Hash: keyHash(1), Name: "app", Lineage: lineage, Revision: revision, Reason: reason}
	}
	cut := of("a", 9, Permanent)
	cut.Cut = true
	for name, tc := range map[string]struct {
		first, second Revocation
		second2       bool // the second one stays
	}{
		"the same again":              {of("a", 5, Deleted), of("a", 5, Deleted), false},
		"newer":                       {of("a", 5, Deleted), of("a", 6, Disabled), true},
		"older":                       {of("a", 6, Disabled), of("a", 5, Deleted), false},
		"permanent, though older":     {of("a", 6, Disabled), of("a", 5, Permanent), true},
		"nothing undoes permanent":    {of("a", 5, Permanent), of("b", 9, Disabled), false},
		"permanent, and cut":          {of("a", 5, Permanent), cut, true},
		"another database, as strong": {of("a", 9, Deleted), of("b", 2, Deleted), true},
		"another database, stronger":  {of("a", 9, Disabled), of("b", 2, Rotated), true},
		"another database, weaker": {
			of("a", 9, Deleted), of("b", 12, Disabled), false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := newSet(10)
			set.add(tc.first)
			second := tc.second
			second.Name = "" // as Redis tells it
			if fresh := set.add(second); (len(fresh) == 1) != tc.second2 {
				t.Errorf("fresh: %v", fresh)
			}
			want := tc.first
			if tc.second2 {
				want = tc.second
			}
			if got := set.list(); !slices.Equal(got, []Revocation{want}) {
				t.Errorf("known: %+v, want %+v", got, want)
			}
		})
	}
}

func TestRevocationsAreBounded(t *testing.T) {
	t.Parallel()
	set := newSet(3)
	for n := byte(1); n <= 6; n++ {
		reason := Deleted
		if n == 2 {
			reason = Permanent
		}
		set.add(Revocation{Hash: keyHash(n), Lineage: "a", Revision: uint64(n), Reason: reason})
	}
	got := map[dataplane.KeyHash]bool{}
	for _, r := range set.list() {
		got[r.Hash] = true
	}
	want := map[dataplane.KeyHash]bool{keyHash(2): true, keyHash(5): true, keyHash(6): true}
	if !maps.Equal(got, want) {
		t.Errorf("known are %v, want the one permanent and the newest", got)
	}
}
