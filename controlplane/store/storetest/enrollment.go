package storetest

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// ticket is a token that is good for an hour from epoch on.
func ticket(id string, uses int) enrollment.JoinToken {
	return enrollment.JoinToken{
		ID: id, SealedKey: []byte{0, 255, 1}, Note: "rack ü", CreatedBy: "admin",
		CreatedAt: epoch, ExpiresAt: epoch.Add(time.Hour), MaxUses: uses, Node: "only ü",
	}
}

// candidate is a node that joins a minute after epoch.
func candidate(node, token string, key byte) enrollment.NodeIdentity {
	return enrollment.NodeIdentity{
		Node: node, KeyHash: [32]byte{key, 0, 255}, TokenID: token,
		JoinedAt: epoch.Add(time.Minute), ExpiresAt: epoch.Add(24 * time.Hour),
	}
}

func joinTokens(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	none, err := s.ListJoinTokens(t.Context())
	must(t, err)
	wantEqual(t, "no tokens", none, []enrollment.JoinToken{})

	one, two := ticket("one", 1), ticket("two", 3)
	two.CreatedAt = two.CreatedAt.Add(time.Microsecond)
	must(t, s.CreateJoinToken(t.Context(), one))
	must(t, s.CreateJoinToken(t.Context(), two))
	wantCode(t, s.CreateJoinToken(t.Context(), one), errs.AlreadyExists)
	for _, node := range []string{"b", "a"} {
		id := candidate(node, "two", node[0])
		must(t, s.JoinNode(t.Context(), id))
		two.Uses = append(two.Uses, enrollment.JoinTokenUse{Node: node, At: id.JoinedAt})
	}

	all, err := s.ListJoinTokens(t.Context())
	must(t, err)
	wantEqual(t, "tokens, newest first", all, []enrollment.JoinToken{two, one})
	present, err := s.PresentJoinTokens(t.Context(), one.ExpiresAt.Add(-time.Microsecond))
	must(t, err)
	slices.SortFunc(present, func(a, b enrollment.JoinToken) int { return strings.Compare(a.ID, b.ID) })
	bare := two
	bare.Uses = nil
	wantEqual(t, "present tokens", present, []enrollment.JoinToken{one, bare})
	present, err = s.PresentJoinTokens(t.Context(), one.ExpiresAt)
	must(t, err)
	wantEqual(t, "tokens that expire just now", present, []enrollment.JoinToken{})
	got, err := s.JoinToken(t.Context(), "two")
	must(t, err)
	wantEqual(t, "token", got, two)

	must(t, s.DeleteJoinToken(t.Context(), "two"))
	_, err = s.JoinToken(t.Context(), "two")
	wantCode(t, err, errs.NotFound)
	wantCode(t, s.DeleteJoinToken(t.Context(), "two"), errs.NotFound)
	wantCode(t, s.JoinNode(t.Context(), candidate("c", "two", 1)), errs.NotFound)
	if _, err := s.NodeIdentity(t.Context(), "a"); err != nil {
		t.Errorf("a node went with its token: %v", err)
	}
}

// Many nodes want the last uses of a token at the same moment, on every replica.
func joinTokenIsUsedOnce(t *testing.T, db Database) {
	const uses, nodes = 2, 12
	handles := make([]Store, db.Replicas)
	for i := range handles {
		handles[i] = db.Open(t, time.Now)
	}
	s := handles[0]
	must(t, s.CreateJoinToken(t.Context(), ticket("few", uses)))
	results := make([]error, nodes)
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			id := candidate(string(rune('a'+i)), "few", byte(i))
			results[i] = handles[i%len(handles)].JoinNode(t.Context(), id)
		})
	}
	wg.Wait()
	joined := 0
	for i, err := range results {
		node := string(rune('a' + i))
		_, known := s.NodeIdentity(t.Context(), node)
		if err == nil {
			joined++
			must(t, known)
			must(t, s.JoinNode(t.Context(), candidate(node, "few", byte(i)))) // the answer was lost
			continue
		}
		wantCode(t, err, errs.FailedPrecondition)
		wantCode(t, known, errs.NotFound)
	}
	if joined != uses {
		t.Errorf("%d nodes joined with %d uses", joined, uses)
	}
	token, err := s.JoinToken(t.Context(), "few")
	must(t, err)
	if len(token.Uses) != uses {
		t.Errorf("uses %v, want %d", token.Uses, uses)
	}

	// A use is repeated by the same key only, and not when another has the name since.
	must(t, s.CreateJoinToken(t.Context(), ticket("one", 1)))
	first := candidate("n", "one", 1)
	must(t, s.JoinNode(t.Context(), first))
	wantCode(t, s.JoinNode(t.Context(), candidate("n", "one", 2)), errs.FailedPrecondition)
	must(t, s.CreateJoinToken(t.Context(), ticket("other", 1)))
	must(t, s.JoinNode(t.Context(), candidate("n", "other", 2)))
	wantCode(t, s.JoinNode(t.Context(), first), errs.FailedPrecondition)

	// The last moment is the one before it expires.
	must(t, s.CreateJoinToken(t.Context(), ticket("late", 2)))
	late := candidate("late", "late", 1)
	late.JoinedAt = epoch.Add(time.Hour)
	wantCode(t, s.JoinNode(t.Context(), late), errs.FailedPrecondition)
	late.JoinedAt = late.JoinedAt.Add(-time.Microsecond)
	must(t, s.JoinNode(t.Context(), late))
}

// Other replicas read again only what was counted: whatever writes, and whoever waits for whom.
func enrollmentIsCounted(t *testing.T, db Database) {
	s, other := db.Open(t, time.Now), db.Open(t, time.Now)
	ctx := t.Context()
	version := func() int64 {
		t.Helper()
		v, err := other.EnrollmentVersion(ctx)
		must(t, err)
		return v
	}
	before := version()
	if before == 0 {
		t.Error("the version of an empty database is 0, which stands for none")
	}
	n := candidate("n", "token", 1)
	for _, change := range []struct {
		name string
		do   func() error
	}{
		{"create a token", func() error { return s.CreateJoinToken(ctx, ticket("token", 100)) }},
		{"join", func() error { return s.JoinNode(ctx, n) }},
		{"renew", func() error { return s.RenewNode(ctx, "n", n.KeyHash, n.ExpiresAt.Add(time.Hour)) }},
		{"note authorities", func() error { return s.NoteAuthorities(ctx, "n", n.KeyHash, []string{"new"}) }},
		{"seal the token under another key", func() error {
			return s.Reseal(ctx, []secrets.Resealed{{Ref: "join-token/token", Before: []byte{0, 255, 1}, After: []byte{7}}})
		}},
		{"revoke", func() error { return s.RevokeNode(ctx, "n", "admin", epoch) }},
		{"delete a token", func() error { return s.DeleteJoinToken(ctx, "token") }},
		{"create another token", func() error { return s.CreateJoinToken(ctx, ticket("old", 1)) }},
		{"delete what is old", func() error { return s.DeleteStaleJoins(ctx, epoch.Add(8*24*time.Hour)) }},
	} {
		must(t, change.do())
		if after := version(); after == before {
			t.Errorf("to %s is not counted", change.name)
		} else {
			before = after
		}
	}
	if again := version(); again != before {
		t.Errorf("reading is counted: %d, then %d", before, again)
	}

	must(t, s.CreateJoinToken(ctx, ticket("many", 100)))
	var wg sync.WaitGroup
	for i := range 8 {
		id := candidate(string(rune('a'+i)), "many", byte(i))
		must(t, s.JoinNode(ctx, id))
		for _, do := range []func() error{
			func() error { return s.JoinNode(ctx, candidate(id.Node, "many", byte(100+i))) },
			func() error { return other.NoteAuthorities(ctx, id.Node, id.KeyHash, []string{"new"}) },
			func() error { return other.DeleteStaleJoins(ctx, epoch) },
		} {
			wg.Go(func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

func joinedNodes(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	b, a := candidate("b", "", 1), candidate("a ü", "", 2)
	must(t, s.JoinNode(t.Context(), b))
	must(t, s.JoinNode(t.Context(), a))
	all, err := s.NodeIdentities(t.Context())
	must(t, err)
	wantEqual(t, "nodes in name order", all, []enrollment.NodeIdentity{a, b})

	renewed := b.ExpiresAt.Add(time.Hour)
	must(t, s.RenewNode(t.Context(), "b", b.KeyHash, renewed))
	b.ExpiresAt = renewed
	wantIdentity(t, s, b)
	wantCode(t, s.RenewNode(t.Context(), "b", a.KeyHash, renewed), errs.NotFound)
	must(t, s.NoteAuthorities(t.Context(), "b", b.KeyHash, []string{"new", "old"}))
	must(t, s.NoteAuthorities(t.Context(), "b", a.KeyHash, []string{"another's"}))
	if id, err := s.NodeIdentity(t.Context(), "b"); err != nil || !slices.Equal(id.Authorities, []string{"new", "old"}) {
		t.Errorf("b trusts %q, %v", id.Authorities, err)
	}
	wantCode(t, s.RenewNode(t.Context(), "nobody", a.KeyHash, renewed), errs.NotFound)

	other := candidate("b", "", 3) // another machine under the name
	must(t, s.JoinNode(t.Context(), other))
	wantIdentity(t, s, other)
	wantCode(t, s.RenewNode(t.Context(), "b", b.KeyHash, renewed), errs.NotFound)
	_, err = s.NodeIdentity(t.Context(), "nobody")
	wantCode(t, err, errs.NotFound)
}

func wantIdentity(t *testing.T, s Store, want enrollment.NodeIdentity) {
	t.Helper()
	got, err := s.NodeIdentity(t.Context(), want.Node)
	must(t, err)
	wantEqual(t, "identity", got, want)
}

func revokedNodesStayOut(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	n := candidate("n", "before", 1)
	must(t, s.CreateJoinToken(t.Context(), ticket("before", 100)))
	must(t, s.JoinNode(t.Context(), n))
	wantCode(t, s.RevokeNode(t.Context(), "nobody", "admin", epoch), errs.NotFound)
	n.RevokedAt, n.RevokedBy = epoch.Add(2*time.Minute), "admin"
	must(t, s.RevokeNode(t.Context(), "n", "admin", n.RevokedAt))
	must(t, s.RevokeNode(t.Context(), "n", "somebody else", n.RevokedAt.Add(time.Hour))) // changes nothing
	wantIdentity(t, s, n)
	wantCode(t, s.RenewNode(t.Context(), "n", n.KeyHash, epoch), errs.NotFound)

	after := ticket("after", 100)
	after.CreatedAt = n.RevokedAt.Add(time.Microsecond)
	must(t, s.CreateJoinToken(t.Context(), after))
	for token, key := range map[string]byte{"before": 2, "": 2, "after": 1, "gone": 2} {
		wantCode(t, s.JoinNode(t.Context(), candidate("n", token, key)), errs.PermissionDenied)
	}
	wantIdentity(t, s, n)
	back := candidate("n", "after", 2)
	must(t, s.JoinNode(t.Context(), back))
	wantIdentity(t, s, back)
}

func staleJoinsAreDeleted(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	day := 24 * time.Hour
	must(t, s.CreateJoinToken(t.Context(), ticket("token", 9)))
	for _, node := range []string{"gone", "revoked"} {
		must(t, s.JoinNode(t.Context(), candidate(node, "token", node[0])))
	}
	must(t, s.RevokeNode(t.Context(), "revoked", "admin", epoch))
	left := func() (tokens, nodes int) {
		t.Helper()
		all, err := s.ListJoinTokens(t.Context())
		must(t, err)
		ids, err := s.NodeIdentities(t.Context())
		must(t, err)
		return len(all), len(ids)
	}
	for _, step := range []struct {
		now           time.Time
		tokens, nodes int
	}{
		{epoch.Add(time.Hour + 7*day), 1, 2},
		{epoch.Add(time.Hour + 7*day + time.Microsecond), 0, 2},
		{epoch.Add(91 * day), 0, 2},
		{epoch.Add(91*day + time.Microsecond), 0, 1}, // what was revoked stays
	} {
		must(t, s.DeleteStaleJoins(t.Context(), step.now))
		if tokens, nodes := left(); tokens != step.tokens || nodes != step.nodes {
			t.Errorf("at %s: %d tokens and %d nodes are left, want %d and %d", step.now, tokens, nodes, step.tokens, step.nodes)
		}
	}
}
