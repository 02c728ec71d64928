package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// secretHash is the hash of the secret of a key made by keyWith.
func secretHash(secret byte) controlplane.SecretHash {
	return controlplane.SecretHash(bytes.Repeat([]byte{secret}, 32))
}

func keyWith(name string, secret byte, change ...func(*adminv1.ApiKey)) *adminv1.ApiKey {
	hash := secretHash(secret)
	k := &adminv1.ApiKey{Name: name, SecretHash: hash[:]}
	for _, c := range change {
		c(k)
	}
	return k
}

func revoked(k *adminv1.ApiKey) {
	k.Enabled, k.RevokeTime, k.RevokeCutStreams = proto.Bool(false), timestamppb.New(time.Unix(1_800_000_000, 0)), true
}

func revocationsOutliveEverything(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	follower := db.Open(t, time.Now)
	base := load(t, follower)
	c := change(t, s, load(t, s), put(keyWith("a", 1)), put(keyWith("b", 2)), put(keyWith("c", 3)), put(keyWith("d", 4)))
	a, _ := c.Get(controlplane.KindAPIKey, "a")
	c = change(t, s, c, put(keyWith("a", 1, revoked)), remove(controlplane.KindAPIKey, "b"))
	c = change(t, s, c, put(keyWith("c", 5)), put(keyWith("d", 4, func(k *adminv1.ApiKey) { k.Enabled = proto.Bool(false) })))
	c = change(t, s, c, remove(controlplane.KindAPIKey, "a"))
	c = change(t, s, c, put(keyWith("e", 2))) // somebody who knows the deleted key's secret
	c = change(t, s, c, put(keyWith("d", 4)))

	want := []controlplane.Revocation{
		{Hash: secretHash(1), Key: "a", UID: a.UID, Revision: 2, Reason: controlplane.RevokeForGood, Cut: true},
		{Hash: secretHash(3), Key: "c", UID: uidOf(t, c, "c"), Revision: 3, Reason: controlplane.RevokeRotated},
	}
	followed, err := follower.Follow(t.Context(), base)
	must(t, err)
	for where, got := range map[string]*controlplane.Config{
		"here": c, "loaded": load(t, s), "followed": followed, "by another handle": load(t, db.Open(t, time.Now)),
	} {
		wantEqual(t, "revocations "+where, got.RevokedAfter(0, 100), want)
		wantEqual(t, "revocations after the first, "+where, got.RevokedAfter(2, 100), want[1:])
		wantEqual(t, "the newest one, "+where, got.RevokedAfter(0, 1), want[1:])
	}
	_, err = s.Update(t.Context(), "tester", load(t, s), func(*controlplane.Config) ([]controlplane.Op, error) {
		return []controlplane.Op{put(keyWith("again", 1))}, nil
	})
	wantCode(t, err, errs.InvalidArgument)
}

func uidOf(t testing.TB, c *controlplane.Config, key string) string {
	t.Helper()
	r, ok := c.Get(controlplane.KindAPIKey, key)
	if !ok {
		t.Fatalf("API key %q does not exist", key)
	}
	return r.UID
}

func manyRevocationsAtOnce(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	const n = 150 // more than one statement takes
	create, drop, again := make([]controlplane.Op, n), make([]controlplane.Op, n), make([]controlplane.Op, n)
	for i, name := range numbered("key-%03d", n) {
		create[i], drop[i] = put(keyWith(name, byte(i+1))), remove(controlplane.KindAPIKey, name)
		again[i] = put(keyWith("new-"+name, byte(i+1)))
	}
	c := change(t, s, load(t, s), create...)
	c = change(t, s, c, drop...)
	if got := len(load(t, s).RevokedAfter(0, 1000)); got != n {
		t.Errorf("%d revocations after %d deletions", got, n)
	}
	change(t, s, c, again...)
	if got := len(load(t, s).RevokedAfter(0, 1000)); got != 0 {
		t.Errorf("%d revocations when every secret is in use again", got)
	}
}

func adoptedDatabaseIsFollowed(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	first := change(t, s, load(t, s), put(provider("p", 1)))
	newer := controlplane.NewConfig(first.Revision+7, first.Lineage, nil, nil) // what a replica knew before an old backup came
	_, err := s.Follow(t.Context(), newer)
	wantCode(t, err, errs.FailedPrecondition)

	adopted, err := s.Adopt(t.Context(), "alice", []string{"of-a-node", "", first.Lineage})
	must(t, err)
	if adopted.Lineage == first.Lineage || adopted.Lineage == "" || adopted.Revision != first.Revision+1 {
		t.Errorf("adopted as %q at revision %d", adopted.Lineage, adopted.Revision)
	}
	replaces := []string{first.Lineage, "of-a-node"}
	slices.Sort(replaces)
	for name, base := range map[string]*controlplane.Config{"same": first, "newer": newer, "none": nil} {
		got, err := s.Follow(t.Context(), base)
		must(t, err)
		wantSameConfig(t, "followed from the "+name, got, adopted)
		wantEqual(t, "lineages replaced", got.Replaces, replaces)
	}
	next := change(t, s, newer, put(provider("q", 1)))
	if next.Revision != adopted.Revision+1 || next.Lineage != adopted.Lineage || next.Count(controlplane.KindProvider) != 2 {
		t.Errorf("the next change is revision %d of %q", next.Revision, next.Lineage)
	}
	_, err = s.Follow(t.Context(), controlplane.NewConfig(1, "a-stranger", nil, nil))
	wantCode(t, err, errs.FailedPrecondition)

	again, err := s.Adopt(t.Context(), "bob", nil)
	must(t, err)
	wantEqual(t, "lineages replaced twice", again.Replaces, append(replaces, adopted.Lineage))
	list, err := s.Revisions(t.Context(), 0, 1)
	must(t, err)
	wantEqual(t, "the audit of the adoption", list, []controlplane.RevisionSummary{{
		Revision: again.Revision, At: clock.kept(), Actor: "bob", Count: 1, Changes: []controlplane.Change{
			{Revision: again.Revision, Kind: controlplane.KindDatabase, Name: again.Lineage, Op: controlplane.OpAdopt},
		},
	}})
	if follower := load(t, db.Open(t, time.Now)); follower.Lineage != again.Lineage {
		t.Errorf("another handle loads lineage %q", follower.Lineage)
	}
}

func revisionsInPages(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	if list, err := s.Revisions(t.Context(), 0, 10); err != nil || len(list) != 0 {
		t.Errorf("revisions of an empty database: %v, %v", list, err)
	}
	c := load(t, s)
	for _, size := range []int{1, 25, 2, 1, 3} {
		ops := make([]controlplane.Op, size)
		for i, name := range numbered("p%02d", size) {
			ops[i] = put(provider(name, int32(c.Revision)))
		}
		c = change(t, s, c, ops...)
	}
	var seen []controlplane.Revision
	for before := controlplane.Revision(0); ; {
		page, err := s.Revisions(t.Context(), before, 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			seen = append(seen, r.Revision)
			lines := changesOf(t, s)
			lines = slices.DeleteFunc(lines, func(ch controlplane.Change) bool { return ch.Revision != r.Revision })
			if r.Count != len(lines) || len(r.Changes) != min(len(lines), controlplane.SummaryChanges) {
				t.Errorf("revision %d has %d changes and shows %d, want %d", r.Revision, r.Count, len(r.Changes), len(lines))
			}
			if !r.At.Equal(lines[0].At) || r.Actor != lines[0].Actor || r.Changes[0].Name != lines[0].Name || r.Changes[0].After != nil {
				t.Errorf("revision %d is %+v, want what the change log says: %+v", r.Revision, r, lines[0])
			}
		}
		before = page[len(page)-1].Revision
	}
	wantEqual(t, "revisions", seen, []controlplane.Revision{5, 4, 3, 2, 1})
	_, err := s.Revisions(t.Context(), 0, 0)
	wantCode(t, err, errs.InvalidArgument)
}

func oldSecretsAreFound(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	c := change(t, s, load(t, s), put(provider("p", 1, "ref-1"), controlplane.Secret{Ref: "ref-1", Ciphertext: []byte("sealed")}))
	change(t, s, c, remove(controlplane.KindProvider, "p"))
	got, err := s.Secrets(t.Context(), []string{"ref-1", "ref-2"})
	must(t, err)
	wantEqual(t, "secrets", got, []controlplane.Secret{{Ref: "ref-1", Ciphertext: []byte("sealed")}})
	if got, err := s.Secrets(t.Context(), nil); err != nil || got != nil {
		t.Errorf("no refs: %v, %v", got, err)
	}
}
