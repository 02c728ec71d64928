package storetest

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func startsEmpty(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	must(t, s.Ping(t.Context()))
	c := load(t, s)
	if c.Lineage == "" {
		t.Error("a new database has no lineage")
	}
	wantEqual(t, "new configuration", stateOf(c), configState{Lineage: c.Lineage})
	wantEqual(t, "new change log", changesOf(t, s), []controlplane.Change{})
	if again := load(t, s); again.Lineage != c.Lineage {
		t.Errorf("lineage is %s and then %s", c.Lineage, again.Lineage)
	}
}

func createUpdateDelete(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	empty := load(t, s)

	created := change(t, s, empty, put(provider("p", 1)), put(group("g", "p")))
	createdAt := clock.kept()
	p, _ := created.Get(controlplane.KindProvider, "p")
	g, _ := created.Get(controlplane.KindGroup, "g")
	if p.UID == "" || p.UID == g.UID {
		t.Errorf("uids are %q and %q, want two", p.UID, g.UID)
	}
	wantEqual(t, "after create", stateOf(created), configState{
		Revision: 1, Lineage: empty.Lineage, Resources: []*controlplane.Resource{
			{Kind: controlplane.KindProvider, Name: "p", UID: p.UID, Revision: 1, Spec: provider("p", 1), CreatedAt: createdAt, UpdatedAt: createdAt},
			{Kind: controlplane.KindGroup, Name: "g", UID: g.UID, Revision: 1, Spec: group("g", "p"), CreatedAt: createdAt, UpdatedAt: createdAt},
		}})

	updated := change(t, s, created, put(provider("p", 2)))
	updatedAt := clock.kept()
	got, _ := updated.Get(controlplane.KindProvider, "p")
	wantEqual(t, "after update", got, &controlplane.Resource{
		Kind: controlplane.KindProvider, Name: "p", UID: p.UID, Revision: 2, Spec: provider("p", 2), CreatedAt: createdAt, UpdatedAt: updatedAt,
	})

	wantSameConfig(t, "loaded after update", load(t, s), updated)

	deleted := change(t, s, updated, remove(controlplane.KindGroup, "g"), remove(controlplane.KindProvider, "p"))
	deletedAt := clock.kept()
	wantEqual(t, "after delete", stateOf(deleted), configState{Revision: 3, Lineage: empty.Lineage})

	again := change(t, s, deleted, put(provider("p", 3)))
	recreated, _ := again.Get(controlplane.KindProvider, "p")
	if recreated.UID == p.UID {
		t.Error("a new provider under an old name has the old uid")
	}
	if !recreated.CreatedAt.Equal(clock.kept()) {
		t.Errorf("a new provider under an old name was created at %v, want %v", recreated.CreatedAt, clock.kept())
	}

	wantSameConfig(t, "loaded", load(t, s), again)
	wantEqual(t, "change log", changesOf(t, s), []controlplane.Change{
		{Revision: 1, At: createdAt, Actor: "tester", Kind: controlplane.KindProvider, Name: "p", UID: p.UID, Op: controlplane.OpCreate, After: provider("p", 1)},
		{Revision: 1, At: createdAt, Actor: "tester", Kind: controlplane.KindGroup, Name: "g", UID: g.UID, Op: controlplane.OpCreate, After: group("g", "p")},
		{Revision: 2, At: updatedAt, Actor: "tester", Kind: controlplane.KindProvider, Name: "p", UID: p.UID, Op: controlplane.OpUpdate, Before: provider("p", 1), After: provider("p", 2)},
		{Revision: 3, At: deletedAt, Actor: "tester", Kind: controlplane.KindGroup, Name: "g", UID: g.UID, Op: controlplane.OpDelete, Before: group("g", "p")},
		{Revision: 3, At: deletedAt, Actor: "tester", Kind: controlplane.KindProvider, Name: "p", UID: p.UID, Op: controlplane.OpDelete, Before: provider("p", 2)},
		{Revision: 4, At: clock.kept(), Actor: "tester", Kind: controlplane.KindProvider, Name: "p", UID: recreated.UID, Op: controlplane.OpCreate, After: provider("p", 3)},
	})
}

func everyKindComesBackAsWritten(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	at := time.Date(2027, 1, 2, 3, 4, 5, 678901234, time.UTC)
	name := `ключ 鍵 🗝 "quoted" \back é <tag> %d`
	rich := provider(name, 7)
	rich.Headers = map[string]string{"x-team": "a, b; \"c\"", "x-empty": "", "x-utf8": "café"}
	rich.Credentials = []*adminv1.Credential{{Name: "c", SecretRef: "ref", SecretHint: "abcd", SecretSetTime: timestamppb.New(at)}}
	rich.Enabled = proto.Bool(false)
	rich.Models = []*adminv1.Model{{Id: "model", Alias: "m", ContextWindow: 1_000_000_000, Price: &adminv1.Price{Input: "0.15", Output: "9999.123456"}}}
	rich.Timeouts = &adminv1.ProviderTimeouts{Connect: durationpb.New(1500 * time.Millisecond)}
	keyDoc := &adminv1.ApiKey{Name: "key", Groups: []string{"g"}, SecretHash: append(make([]byte, 29), 1, 254, 255), LastFour: "wxyz", ExpireTime: timestamppb.New(at)}
	docs := []proto.Message{
		&adminv1.Settings{Failover: &adminv1.FailoverPolicy{}}, rich, group("g", name), keyDoc,
		&adminv1.FailureKeyword{Name: "kw", Pattern: `(?i)over\s*loaded|ü`},
	}
	ops := make([]controlplane.Op, len(docs))
	for i, doc := range docs {
		ops[i] = put(doc)
	}
	ops[1].Secrets = []controlplane.Secret{{Ref: "ref", Ciphertext: []byte{0, 255, 7}}}

	returned := change(t, s, load(t, s), ops...)
	loaded := load(t, s)
	wantSameConfig(t, "loaded", loaded, returned, "ref")
	kept := timestamppb.New(at.Truncate(time.Microsecond))
	rich.Credentials[0].SecretSetTime, keyDoc.ExpireTime = kept, kept
	for i, doc := range docs {
		r, ok := loaded.Get(ops[i].Kind, ops[i].Name)
		if !ok {
			t.Errorf("%s is missing", ops[i].Kind)
			continue
		}
		wantEqual(t, string(ops[i].Kind), r.Spec, doc)
	}
	for i, ch := range changesOf(t, s) {
		wantEqual(t, "change of "+string(ch.Kind), ch.After, docs[i])
	}
}

func callerKeepsItsDocument(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	doc := provider("p", 1)
	c := change(t, s, load(t, s), put(doc))
	doc.MaxInFlight = 99
	if got := getProvider(t, c, "p").GetMaxInFlight(); got != 1 {
		t.Errorf("the configuration changed with the caller's document: limit %d, want 1", got)
	}
}

func nothingToDo(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	old := load(t, s)
	present := change(t, s, old, put(provider("p", 1)))
	for name, ops := range map[string][]controlplane.Op{
		"no ops":                   nil,
		"delete of what is not":    {remove(controlplane.KindGroup, "nobody")},
		"delete of what never was": {remove("Nonsense", "nobody")},
	} {
		got, err := s.Update(t.Context(), "tester", old, always(ops...))
		must(t, err)
		wantSameConfig(t, name, got, present)
	}
	wantSameConfig(t, "loaded", load(t, s), present)
	if next := change(t, s, old, put(provider("p", 2))); next.Revision != 2 {
		t.Errorf("the next revision is %d, want 2: doing nothing used one up", next.Revision)
	}
}

func decideRefuses(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	before := change(t, s, load(t, s), put(provider("p", 1)))
	refusal := errs.Newf(errs.FailedPrecondition, "group %q refers to it", "g")
	_, err := s.Update(t.Context(), "tester", before, func(*controlplane.Config) ([]controlplane.Op, error) {
		return []controlplane.Op{put(provider("p", 2))}, refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("error is %v, want the one of decide", err)
	}
	plain := errors.New("something else")
	_, err = s.Update(t.Context(), "tester", before, func(*controlplane.Config) ([]controlplane.Op, error) { return nil, plain })
	if !errors.Is(err, plain) {
		t.Errorf("error is %v, want the one of decide", err)
	}
	wantCode(t, err, errs.Internal)

	func() {
		defer func() { _ = recover() }()
		_, _ = s.Update(t.Context(), "tester", before, func(*controlplane.Config) ([]controlplane.Op, error) { panic("in decide") })
	}()
	wantSameConfig(t, "after refusals", load(t, s), before)
	change(t, s, before, put(provider("p", 3))) // and nothing is left locked
}

// staleEtagIsRefused plays what a handler does: decide compares the etag it was given
// with the newest state, not with the state the caller saw.
func staleEtagIsRefused(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	seen := change(t, s, load(t, s), put(provider("p", 1)))
	replace := func(limit int32, etag controlplane.Revision) error {
		_, err := s.Update(t.Context(), "tester", seen, func(c *controlplane.Config) ([]controlplane.Op, error) {
			if r, _ := c.Get(controlplane.KindProvider, "p"); r.Revision != etag {
				return nil, errs.Newf(errs.Conflict, "provider %q has changed in the meantime", "p")
			}
			return []controlplane.Op{put(provider("p", limit))}, nil
		})
		return err
	}
	must(t, replace(2, 1))
	wantCode(t, replace(3, 1), errs.Conflict)
	if got := getProvider(t, load(t, s), "p").GetMaxInFlight(); got != 2 {
		t.Errorf("limit is %d, want 2: the stale write was not refused", got)
	}
}

func invalidResultRollsBack(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	before := change(t, s, load(t, s), put(provider("p", 1, "old"), controlplane.Secret{Ref: "old", Ciphertext: []byte("1")}))
	_, err := s.Update(t.Context(), "tester", before, always(
		put(provider("p", 2)),
		put(provider("new", 1, "fresh"), controlplane.Secret{Ref: "fresh", Ciphertext: []byte("2")}),
		put(group("g", "nobody")),
	))
	wantCode(t, err, errs.InvalidArgument)
	after := load(t, s)
	wantSameConfig(t, "after an invalid change", after, before, "old", "fresh")
	if n := len(changesOf(t, s)); n != 1 {
		t.Errorf("the change log has %d lines, want 1", n)
	}
	stored, err := s.EnsureSecret(t.Context(), controlplane.Secret{Ref: "fresh", Ciphertext: []byte("mine")})
	must(t, err)
	if string(stored.Ciphertext) != "mine" {
		t.Error("the secret of a change that was rolled back is stored")
	}
}

func badOpsAreRefused(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	before := change(t, s, load(t, s), put(provider("p", 1)))
	broken := provider("q", 1)
	broken.Headers = map[string]string{"x": "\xff"}
	late := provider("q", 1, "r")
	late.Credentials[0].SecretSetTime = &timestamppb.Timestamp{Seconds: 1 << 60}
	for name, ops := range map[string][]controlplane.Op{
		"one resource twice":       {put(provider("p", 2)), remove(controlplane.KindProvider, "p")},
		"a kind that is not":       {{Kind: "Nonsense", Name: "n", Spec: provider("p", 1)}},
		"a document of other kind": {{Kind: controlplane.KindGroup, Name: "n", Spec: provider("n", 1)}},
		"text that is not UTF-8":   {put(broken)},
		"a time out of range":      {put(late, controlplane.Secret{Ref: "r", Ciphertext: []byte("1")})},
		"a secret that is not":     {put(provider("q", 1, "nowhere"))},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Update(t.Context(), "tester", before, always(ops...))
			wantCode(t, err, errs.InvalidArgument)
		})
	}
	wantSameConfig(t, "after bad ops", load(t, s), before)
}
