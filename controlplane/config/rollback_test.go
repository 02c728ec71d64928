package config_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// put makes documents so.
func (b *bundle) put(t *testing.T, docs ...proto.Message) controlplane.Revision {
	t.Helper()
	result, err := b.Apply(t.Context(), "alice", docs, config.ApplyOptions{})
	if err != nil {
		t.Fatalf("apply %v: %v", docs, err)
	}
	return result.Revision
}

func (b *bundle) drop(t *testing.T, kind controlplane.Kind, name string) {
	t.Helper()
	if err := b.Delete(t.Context(), "bob", kind, name, ""); err != nil {
		t.Fatal(err)
	}
}

// content is the whole configuration as callers see it, without what each revision has of its own.
func (b *bundle) content() map[string]proto.Message {
	all := map[string]proto.Message{}
	for _, kind := range controlplane.Kinds {
		for _, r := range b.Current().List(kind) {
			all[string(kind)+" "+r.Name] = proto.Clone(r.Spec)
		}
	}
	return all
}

func rollbackLines(result *config.RollbackResult) (changes, exceptions []string) {
	for _, c := range result.Changes {
		changes = append(changes, strings.TrimSpace(string(c.Op)+" "+string(c.Kind)+" "+c.Name+" "+strings.Join(c.Differences, "; ")))
	}
	for _, e := range result.Exceptions {
		exceptions = append(exceptions, string(e.Kind)+" "+e.Name+" "+e.Reason)
	}
	return changes, exceptions
}

func TestRollbackBringsBackTheContent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, &adminv1.Settings{Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3)}},
		fake("p", "m", "n"), fake("q", "m"), group("g", "p/m"), group("h", "q/m"),
		&adminv1.ApiKey{Name: "app", Groups: []string{"g"}, Secret: keySecret},
		&adminv1.FailureKeyword{Name: "busy", Keyword: "overloaded"})
	want := b.content()
	good := b.Current().Revision

	b.put(t, &adminv1.Settings{}, fake("p", "m"), fake("r", "m"), group("g", "r/m"), &adminv1.ApiKey{Name: "app", Groups: []string{"h"}})
	b.drop(t, controlplane.KindFailureKeyword, "busy")
	b.put(t, group("h", "p/m"))
	b.drop(t, controlplane.KindProvider, "q")
	bad := b.Current().Revision

	preview, err := b.Rollback(t.Context(), "alice", good, true)
	if err != nil {
		t.Fatal(err)
	}
	if b.Current().Revision != bad || preview.Revision != bad {
		t.Errorf("the preview changed something, or says revision %d", preview.Revision)
	}
	result, err := b.Rollback(t.Context(), "alice", good, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.content(), protocmp.Transform()); diff != "" {
		t.Errorf("the content is not that of revision %d (-want +got):\n%s", good, diff)
	}
	if result.Revision != bad+1 || b.Current().Revision != bad+1 {
		t.Errorf("revision %d, want one new one, %d", result.Revision, bad+1)
	}
	if diff := cmp.Diff(preview.Changes, result.Changes); diff != "" {
		t.Errorf("preview and result differ:\n%s", diff)
	}
	changes, exceptions := rollbackLines(result)
	wantLines := []string{
		"update Settings settings failover.max_attempts: (unset) -> 3",
		`update Provider p models[1]: (unset) -> {id: "n"}`,
		"create Provider q",
		"delete Provider r",
		`update Group g members[0].provider: "r" -> "p"`,
		`update Group h members[0].provider: "p" -> "q"`,
		`update ApiKey app groups[0]: "h" -> "g"`,
		"create FailureKeyword busy",
	}
	if diff := cmp.Diff(wantLines, changes); diff != "" || exceptions != nil {
		t.Errorf("exceptions %q, changes (-want +got):\n%s", exceptions, diff)
	}
	if again, err := b.Rollback(t.Context(), "alice", good, false); err != nil || again.Revision != bad+1 || again.Changes != nil {
		t.Errorf("back to where it is already: %+v, %v", again, err)
	}
	empty, err := b.Rollback(t.Context(), "alice", 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if changes, _ := rollbackLines(empty); len(changes) != 7 || changes[0] != "update Settings settings failover.max_attempts: 3 -> (unset)" {
		t.Errorf("back to before the first settings, which is to the defaults: %q", changes)
	}
	_, err = b.Rollback(t.Context(), "alice", bad+2, false)
	refusal(t, err, errs.InvalidArgument, "must not be above the current revision")
}

func TestRollbackBringsNoKeyBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, fake("p", "m"), group("g", "p/m"))
	for _, name := range []string{"deleted", "revoked", "rotated", "disabled", "replaced"} {
		b.put(t, &adminv1.ApiKey{Name: name, Groups: []string{"g"}, Secret: "secret-of-" + name + "-key"})
	}
	good := b.Current().Revision
	b.drop(t, controlplane.KindAPIKey, "deleted")
	b.put(t, group("later", "p/m"), &adminv1.ApiKey{Name: "revoked", Groups: []string{"later"}})
	if _, err := b.RevokeKey(t.Context(), "bob", "revoked", false); err != nil {
		t.Fatal(err)
	}
	_, secret, err := b.RotateKey(t.Context(), "bob", "rotated", 0)
	if err != nil {
		t.Fatal(err)
	}
	b.put(t, &adminv1.ApiKey{Name: "disabled", Groups: []string{"g"}, Enabled: proto.Bool(false)})
	b.drop(t, controlplane.KindAPIKey, "replaced")
	b.put(t, &adminv1.ApiKey{Name: "replaced", Groups: []string{"later"}, Secret: "another-one-of-that-name"})
	b.put(t, &adminv1.ApiKey{Name: "made-since", Groups: []string{"later"}, Secret: "secret-made-since-then"})

	result, err := b.Rollback(t.Context(), "alice", good, false)
	if err != nil {
		t.Fatal(err)
	}
	_, exceptions := rollbackLines(result)
	want := []string{
		"ApiKey deleted was deleted since, and stays so; create it again",
		"ApiKey replaced got another secret since, and keeps it",
		"ApiKey revoked was revoked since, and stays so",
		"ApiKey rotated got another secret since, and keeps it",
	}
	if diff := cmp.Diff(want, exceptions); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
	for secret, want := range map[string]controlplane.RevokeReason{
		"secret-of-deleted-key": controlplane.RevokeDeleted, "secret-of-revoked-key": controlplane.RevokeForGood,
		"secret-of-rotated-key": controlplane.RevokeRotated, "secret-of-disabled-key": "",
		"secret-of-replaced-key": controlplane.RevokeDeleted, "another-one-of-that-name": "",
		"secret-made-since-then": controlplane.RevokeDeleted, secret: "",
	} {
		if got := b.reason(secret); got != want {
			t.Errorf("%s is %q, want %q", secret, got, want)
		}
	}
	if k := b.key(t, "revoked"); k.GetEnabled() || k.GetRevokeTime() == nil || !slices.Equal(k.GetGroups(), []string{"g"}) {
		t.Errorf("the revoked key is %v", k)
	}
	if k := b.key(t, "disabled"); k.Enabled != nil {
		t.Errorf("the disabled key is %v, want it as it was", k)
	}
	// Forward again: the revoked key stays revoked on every way through history.
	for revision := controlplane.Revision(1); revision <= result.Revision; revision++ {
		if _, err := b.Rollback(t.Context(), "alice", revision, false); err != nil {
			t.Fatalf("back to %d: %v", revision, err)
		}
		if got := b.reason("secret-of-revoked-key"); got != controlplane.RevokeForGood {
			t.Errorf("back at %d the revoked key's secret is %q", revision, got)
		}
		if got := b.reason("secret-of-deleted-key"); got != controlplane.RevokeDeleted {
			t.Errorf("back at %d the deleted key's secret is %q", revision, got)
		}
	}
}

func TestRollbackAndTheSecretsOfProviders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, upstream("same", cred("main", "old-same")), upstream("gone", cred("main", "old-gone")), upstream("lost", cred("main", "old-lost")))
	moved := upstream("moved", cred("main", "old-moved"))
	b.put(t, moved)
	good := b.Current().Revision
	lost := b.Current()

	b.put(t, upstream("same", cred("main", "new-same")))
	elsewhere := upstream("moved", cred("main", "new-moved"))
	elsewhere.BaseUrl = "https://elsewhere.example/v1"
	b.put(t, elsewhere)
	b.drop(t, controlplane.KindProvider, "gone")
	b.drop(t, controlplane.KindProvider, "lost")
	r, _ := lost.Get(controlplane.KindProvider, "lost")
	b.store.loseSecret(r.Spec.(*adminv1.Provider).GetCredentials()[0].GetSecretRef())

	b = replica(t, b.store) // one that was started since
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	preview, err := b.Rollback(t.Context(), "alice", good, true)
	if err != nil {
		t.Fatal(err)
	}
	result, err := b.Rollback(t.Context(), "alice", good, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(preview.Exceptions, result.Exceptions); diff != "" {
		t.Errorf("preview and result differ:\n%s", diff)
	}
	_, exceptions := rollbackLines(result)
	want := []string{
		`Provider lost the secret of credential "main" is not stored any more; it is disabled until it is given again`,
		`Provider same credential "main" got another secret since, and keeps it`,
	}
	if diff := cmp.Diff(want, exceptions); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"same": "new-same", "moved": "old-moved", "gone": "old-gone"} {
		if got := b.secretOf(t, name, "main"); got != want {
			t.Errorf("provider %q has the secret %q, want %q", name, got, want)
		}
	}
	r, _ = b.Current().Get(controlplane.KindProvider, "lost")
	if c := r.Spec.(*adminv1.Provider).GetCredentials()[0]; c.GetEnabled() || c.Enabled == nil || c.GetSecretRef() != "" {
		t.Errorf("the credential without a secret is %v", c)
	}
	// It works again when the secret is given, and not before.
	again := upstream("lost", cred("main", ""))
	_, err = b.Update(t.Context(), "alice", again)
	if got := errstest.Violations(t, err); len(got) != 1 || !strings.HasSuffix(got[0], "is required") {
		t.Errorf("enabled without a secret: %q", got)
	}
	again.Credentials[0].Secret = "new-lost"
	if _, err := b.Update(t.Context(), "alice", again); err != nil || b.secretOf(t, "lost", "main") != "new-lost" {
		t.Errorf("given again: %v", err)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	b := withKey(t)
	b.put(t, &adminv1.ApiKey{Name: "app", Groups: []string{"g"}, Secret: "another-secret-0123456789", Debug: true})
	b.drop(t, controlplane.KindAPIKey, "app")
	list, err := b.Revisions(t.Context(), 0, 2)
	if err != nil || len(list) != 2 || list[0].Revision != 5 || list[0].Actor != "bob" || list[0].Changes[0].Op != controlplane.OpDelete || list[1].Revision != 4 {
		t.Errorf("the newest two revisions: %+v, %v", list, err)
	}
	summary, changes, err := b.Revision(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Actor != "alice" || summary.Count != 1 || !slices.Equal(changes[0].Differences, []string{"secret: (changed)", "debug: (unset) -> true"}) {
		t.Errorf("revision 4: %+v %+v", summary, changes)
	}
	for _, missing := range []controlplane.Revision{0, 6} {
		_, _, err := b.Revision(t.Context(), missing)
		refusal(t, err, errs.NotFound, "revision")
	}
	brief := func(from, to controlplane.Revision) string {
		t.Helper()
		until, changes, err := b.DiffRevisions(t.Context(), from, to)
		if err != nil || to != 0 && until != to {
			t.Fatalf("from %d to %d: %v", from, to, err)
		}
		var parts []string
		for _, c := range changes {
			parts = append(parts, string(c.Op)+" "+c.Name+strings.Join(c.Differences, ","))
		}
		return strings.Join(parts, "; ")
	}
	for _, tc := range []struct {
		from, to controlplane.Revision
		want     string
	}{
		{0, 0, "create p; create g"}, // the key came and went
		{0, 3, "create p; create g; create app"},
		{3, 0, "delete app"},
		{5, 3, "create app"},
		{4, 3, "update appsecret: (changed),debug: true -> (unset)"},
		{5, 5, ""},
		{3, 2, "delete app"},
	} {
		if got := brief(tc.from, tc.to); got != tc.want {
			t.Errorf("from %d to %d: %q, want %q", tc.from, tc.to, got, tc.want)
		}
	}
	_, _, err = b.DiffRevisions(t.Context(), 6, 5)
	refusal(t, err, errs.InvalidArgument, "from must not be above the current revision, which is 5")
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	b := withKey(t)
	before := b.Current()
	behind := replica(t, b.store)
	if err := behind.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The database was put back; this replica has seen more than it has.
	b.put(t, group("lost", "p/m"))
	b.store.replace(before)
	_, _, err := b.Create(t.Context(), "alice", group("h", "p/m"))
	if err == nil {
		t.Log("the memory store does not look at the base")
	}
	c, err := b.Adopt(t.Context(), "alice", []string{"of-a-node"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Lineage == before.Lineage || !slices.Equal(c.Replaces, []string{"of-a-node", "lineage"}) || b.Current().Lineage != c.Lineage {
		t.Errorf("adopted as %q in place of %q", c.Lineage, c.Replaces)
	}
	if _, ok := b.Current().Get(controlplane.KindGroup, "lost"); ok {
		t.Error("what the database lost is still there")
	}
	// Other replicas follow, and none goes back to what was replaced.
	ended := make(chan error, 1)
	ctx, stop := contextOf(t)
	go func() { ended <- behind.Run(ctx) }()
	for deadline := time.Now().Add(10 * time.Second); behind.Current().Lineage != c.Lineage; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other replica does not follow the adopted database")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	list, err := b.Revisions(t.Context(), 0, 1)
	if err != nil || list[0].Actor != "alice" || list[0].Changes[0].Op != controlplane.OpAdopt {
		t.Errorf("the history says %+v, %v", list, err)
	}
	_, changes, err := b.Revision(t.Context(), c.Revision)
	if err != nil || changes[0].Op != controlplane.OpAdopt || changes[0].Kind != controlplane.KindDatabase {
		t.Errorf("the revision says %+v, %v", changes, err)
	}
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return ctx, cancel
}

func TestRollbackAndTheSecretsOfAlertChannels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret := func(n byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32)) }
	webhook := func(name, url string, n byte) *adminv1.AlertChannel {
		return &adminv1.AlertChannel{Name: name, Webhook: &adminv1.AlertWebhook{Url: url, Secret: secret(n)}}
	}
	open := func(name string) string {
		t.Helper()
		r, _ := b.Current().Get(controlplane.KindAlertChannel, name)
		text, err := b.OpenAlertChannel(r)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	back := b.put(t, webhook("same", "https://a.example/1", 1), webhook("moved", "https://a.example", 1), webhook("gone", "https://a.example", 1))
	b.put(t, webhook("same", "https://a.example/2", 2), webhook("moved", "https://b.example", 2))
	b.drop(t, controlplane.KindAlertChannel, "gone")
	result, err := b.Rollback(t.Context(), "alice", back, false)
	if err != nil {
		t.Fatal(err)
	}
	_, exceptions := rollbackLines(result)
	if want := []string{"AlertChannel same its secret was replaced since, and stays so"}; !slices.Equal(exceptions, want) {
		t.Errorf("exceptions %q, want %q", exceptions, want)
	}
	for name, n := range map[string]byte{"same": 2, "moved": 1, "gone": 1} {
		if got := open(name); got != secret(n) {
			t.Errorf("channel %s has the secret %q, want number %d", name, got, n)
		}
	}
}
