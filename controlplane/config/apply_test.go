package config_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// file is a whole configuration as a declarative file gives it; a group comes before the
// provider it names, since order does not matter.
func file() []proto.Message {
	return []proto.Message{
		&adminv1.Group{Name: "pool", Members: []*adminv1.Member{{Provider: "p", Model: "m"}}, Policy: &adminv1.FailoverPolicy{Cooldown: seconds(10)}},
		&adminv1.Provider{
			Name: "p", BaseUrl: "https://a.example/v1", Credentials: []*adminv1.Credential{cred("main", "canary-upstream")},
			Headers: map[string]string{"x-team": "search"},
			Models:  []*adminv1.Model{{Id: "m", Price: &adminv1.Price{Input: "0.15"}}, {Id: "n"}},
		},
		&adminv1.ApiKey{Name: "given", Groups: []string{"pool"}, Secret: "canary-0123456789", ExpireTime: timestamppb.New(noonUTC)},
		&adminv1.ApiKey{Name: "made", Groups: []string{"pool"}},
		&adminv1.FailureKeyword{Name: "k", Keyword: "overloaded"},
		&adminv1.Settings{Failover: &adminv1.FailoverPolicy{MinRatio: proto.Float64(0.5)}},
	}
}

// lines writes changes as text: op kind name, then the differences.
func lines(changes []config.ResourceChange) (out []string) {
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s %s", c.Op, c.Kind, c.Name))
		for _, d := range c.Differences {
			out = append(out, "  "+d)
		}
	}
	return out
}

func expect(t *testing.T, r *config.ApplyResult, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(r.Changes); !slices.Equal(got, want) {
		t.Errorf("changes:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.Apply(t.Context(), "test", file(), config.ApplyOptions{})
	expect(t, r, err, "create Group pool", "create Provider p", "create ApiKey given", "create ApiKey made",
		"create FailureKeyword k", "create Settings settings")
	if r.Revision != 1 || b.store.changes() != 6 {
		t.Errorf("revision %d, %d changes; want one revision for all six", r.Revision, b.store.changes())
	}
	if len(r.Generated) != 1 || r.Generated[0].Name != "made" || !apikey.Ours(r.Generated[0].Secret) || !apikey.Valid(r.Generated[0].Secret) {
		t.Errorf("generated %v, want one for made", r.Generated)
	}
	before := b.Current()
	for _, prune := range []bool{false, true} {
		r, err = b.Apply(t.Context(), "test", file(), config.ApplyOptions{Prune: prune})
		expect(t, r, err, "unchanged Group pool", "unchanged Provider p", "unchanged ApiKey given", "unchanged ApiKey made",
			"unchanged FailureKeyword k", "unchanged Settings settings")
		if r.Revision != 1 || len(r.Generated) != 0 || b.store.changes() != 6 || b.Current() != before {
			t.Errorf("again: revision %d, generated %v, %d changes; want nothing written", r.Revision, r.Generated, b.store.changes())
		}
	}
	// A second replica, which knows the configuration from the store alone, agrees.
	other := replica(t, b.store)
	if err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err = other.Apply(t.Context(), "test", file(), config.ApplyOptions{Prune: true})
	if err != nil || r.Revision != 1 {
		t.Errorf("on another replica: %v, %v", r, err)
	}
	hunt(t, b, "canary-upstream", "canary-0123456789", "sk-tl-"+strings.Repeat("x", 3))
}

func TestApplySaysWhatDiffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Apply(t.Context(), "test", file(), config.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	docs := file()
	g, p, k := docs[0].(*adminv1.Group), docs[1].(*adminv1.Provider), docs[2].(*adminv1.ApiKey)
	g.Aliases = []string{"gpt-4"}
	g.Members = append(g.Members, &adminv1.Member{Provider: "p", Model: "n", Priority: 2, Weight: proto.Int32(3)})
	g.Policy = nil
	p.BaseUrl = "https://a.example/v2"
	p.Credentials = append([]*adminv1.Credential{}, cred("main", "canary-rotated"), cred("second", "canary-second"))
	p.Headers = map[string]string{"x-team": "ads", "x-new": "1"}
	p.Models = []*adminv1.Model{{Id: "m", Price: &adminv1.Price{Input: "0.20", Output: "1"}, ContextWindow: 10}, {Id: "n", Price: &adminv1.Price{}}}
	p.Enabled, p.AllowPrivateNetwork = proto.Bool(true), true
	k.Secret, k.ExpireTime = "canary-9876543210", nil
	docs[4] = &adminv1.FailureKeyword{Name: "k", Pattern: `over"load`}
	docs[5] = &adminv1.Settings{Retention: &adminv1.Retention{Calls: seconds(7200)}}

	want := []string{
		"update Group pool",
		`  aliases[0]: (unset) -> "gpt-4"`,
		`  members[1]: (unset) -> {provider: "p", model: "n", priority: 2, weight: 3}`,
		"  policy.cooldown: 10s -> (unset)",
		"update Provider p",
		`  base_url: "https://a.example/v1" -> "https://a.example/v2"`,
		"  credentials[0].secret: (changed)",
		`  credentials[1]: (unset) -> {name: "second"}`,
		`  headers["x-new"]: (unset) -> "1"`,
		`  headers["x-team"]: "search" -> "ads"`,
		"  allow_private_network: (unset) -> true",
		"  enabled: (unset) -> true",
		`  models[0].price.input: "0.15" -> "0.20"`,
		`  models[0].price.output: (unset) -> "1"`,
		"  models[0].context_window: (unset) -> 10",
		"  models[1].price: (unset) -> {}",
		"update ApiKey given",
		"  expire_time: 2026-11-23T12:00:00.123456Z -> (unset)",
		"  secret: (changed)",
		"unchanged ApiKey made",
		"update FailureKeyword k",
		`  keyword: "overloaded" -> (unset)`,
		`  pattern: (unset) -> "over\"load"`,
		"update Settings settings",
		"  failover.min_ratio: 0.5 -> (unset)",
		"  retention.calls: (unset) -> 2h",
	}
	before := b.Current()
	r, err := b.Diff(docs, config.ApplyOptions{})
	expect(t, r, err, want...)
	if b.Current() != before || r.Revision != 1 {
		t.Errorf("Diff changed something, or compares against revision %d", r.Revision)
	}
	r, err = b.Apply(t.Context(), "test", docs, config.ApplyOptions{})
	expect(t, r, err, want...)
	if r.Revision != 2 || b.secretOf(t, "p", "main") != "canary-rotated" {
		t.Errorf("revision %d, secret %q", r.Revision, b.secretOf(t, "p", "main"))
	}
	if text := strings.Join(lines(r.Changes), "\n"); strings.Contains(text, "canary") || strings.Contains(text, "credential/") {
		t.Errorf("the differences hold a secret or its reference:\n%s", text)
	}
	hunt(t, b, "canary")
}

func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	docs := file()
	docs[4].(*adminv1.FailureKeyword).Keyword = ""
	docs[0].(*adminv1.Group).Members[0].Model = "ghost"
	_, err := b.Apply(t.Context(), "test", docs, config.ApplyOptions{})
	want := []string{
		`groups["pool"].members[0].model: refers to model "ghost", which provider "p" does not have`,
		`failure_keywords["k"]: set either keyword or pattern`,
	}
	if got := errstest.Violations(t, err); !slices.Equal(got, want) {
		t.Errorf("violations %q, want %q", got, want)
	}
	if _, err := b.Diff(docs, config.ApplyOptions{}); !slices.Equal(errstest.Violations(t, err), want) {
		t.Errorf("Diff: %v, want the same refusal", err)
	}
	if b.Current().Revision != 0 || b.store.changes() != 0 {
		t.Errorf("revision %d, %d changes; want none", b.Current().Revision, b.store.changes())
	}

	twice := append(file(), &adminv1.Group{Name: "pool"}, &adminv1.Settings{})
	_, err = b.Apply(t.Context(), "test", twice, config.ApplyOptions{})
	if got, want := errstest.Violations(t, err), []string{`groups["pool"]: occurs twice`, "settings: occurs twice"}; !slices.Equal(got, want) {
		t.Errorf("violations %q, want %q", got, want)
	}
	// Faults of several documents come together.
	docs = []proto.Message{upstream("a", cred("x", "")), upstream("b", cred("y", "")), &adminv1.ApiKey{Name: "k", Secret: "short"}}
	_, err = b.Apply(t.Context(), "test", docs, config.ApplyOptions{})
	if got := errstest.Violations(t, err); len(got) != 3 {
		t.Errorf("violations %q, want one for each document", got)
	}
}

func TestPruneDeletesWhatIsNotGiven(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Apply(t.Context(), "test", file(), config.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	b.create(t, fake("z"))
	b.create(t, fake("other"))

	some := []proto.Message{fake("other", "m"), group("new", "other/m")}
	r, err := b.Diff(some, config.ApplyOptions{})
	expect(t, r, err, "update Provider other", `  models[0]: (unset) -> {id: "m"}`, "create Group new")
	want := []string{
		"update Provider other", `  models[0]: (unset) -> {id: "m"}`, "create Group new",
		"delete Provider p", "delete Provider z", "delete Group pool", "delete ApiKey given", "delete ApiKey made", "delete FailureKeyword k",
	}
	r, err = b.Diff(some, config.ApplyOptions{Prune: true})
	expect(t, r, err, want...)
	r, err = b.Apply(t.Context(), "test", some, config.ApplyOptions{Prune: true})
	expect(t, r, err, want...)
	used := map[string][]string{}
	for _, c := range r.Changes {
		used[c.Name] = c.UsedBy
	}
	if got, want := used["p"], []string{`group "pool" (deleted too)`}; !slices.Equal(got, want) {
		t.Errorf("the provider is used by %q, want %q", got, want)
	}
	if got, want := used["pool"], []string{`API key "given" (deleted too)`, `API key "made" (deleted too)`}; !slices.Equal(got, want) {
		t.Errorf("the group is used by %q, want %q", got, want)
	}
	if got := b.Current().Settings().GetFailover().GetMinRatio(); got != 0.5 {
		t.Errorf("min_ratio %v after prune, want the settings to stay", got)
	}

	// What is kept may not refer to what goes.
	_, err = b.Apply(t.Context(), "test", []proto.Message{group("new", "other/m")}, config.ApplyOptions{Prune: true})
	refusal(t, err, errs.InvalidArgument, `groups["new"].members[0].provider refers to provider "other", which does not exist`)
}

func TestApplyOnlyAtTheExpectedRevision(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, fake("p"))
	docs := []proto.Message{fake("q")}
	for _, expected := range []controlplane.Revision{b.Current().Revision - 1, b.Current().Revision + 1} {
		if expected == 0 {
			continue // that is any
		}
		o := config.ApplyOptions{ExpectRevision: expected}
		_, err := b.Diff(docs, o)
		refusal(t, err, errs.Conflict, fmt.Sprintf("the configuration is at revision %d, not %d: it has changed in the meantime", b.Current().Revision, expected))
		if _, err := b.Apply(t.Context(), "test", docs, o); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("revision %d: %v", expected, err)
		}
	}
	if _, there := b.Current().Get(controlplane.KindProvider, "q"); there {
		t.Error("it was applied at another revision")
	}
	r, err := b.Apply(t.Context(), "test", docs, config.ApplyOptions{ExpectRevision: b.Current().Revision})
	expect(t, r, err, "create Provider q")
}

func TestApplyHonoursAnETagWhereItWouldOverwrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, fake("p"))
	b.create(t, fake("q"))
	stale := fake("p", "m")
	stale.Etag = "7"
	_, err := b.Apply(t.Context(), "test", []proto.Message{stale}, config.ApplyOptions{})
	refusal(t, err, errs.Conflict, `its etag is "1", not "7"`)
	stale.Etag = "1"
	for _, op := range []string{"update", "unchanged"} { // the second time the etag is old
		r, err := b.Apply(t.Context(), "test", []proto.Message{stale}, config.ApplyOptions{})
		if err != nil || string(r.Changes[0].Op) != op {
			t.Errorf("%s: %v, %v", op, r, err)
		}
	}
}

func TestDiffMakesNoKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.Diff([]proto.Message{&adminv1.ApiKey{Name: "k"}}, config.ApplyOptions{})
	expect(t, r, err, "create ApiKey k")
	if r.Generated != nil || b.store.changes() != 0 {
		t.Errorf("generated %v, %d changes; want none", r.Generated, b.store.changes())
	}
}

func TestSealedWithALostKeyASecretCanBeGivenAgain(t *testing.T) {
	t.Parallel()
	stored := &adminv1.Provider{
		Name: "openai-main", BaseUrl: "https://api.openai.com/v1", Credentials: []*adminv1.Credential{{Name: "main", SecretRef: "credential/1"}},
	}
	store := newMemStore()
	store.replace(controlplane.NewConfig(1, "lineage", []*controlplane.Resource{
		{Kind: controlplane.KindProvider, Name: "openai-main", Revision: 1, Spec: stored},
	}, []controlplane.Secret{{Ref: "credential/1"}}))
	store.secrets = []controlplane.Secret{{Ref: "credential/1", Ciphertext: []byte("sealed with another key")}}
	b := replica(t, store)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := proto.CloneOf(stored)
	p.Credentials = []*adminv1.Credential{cred("main", "canary-again")}
	r, err := b.Apply(t.Context(), "test", []proto.Message{p}, config.ApplyOptions{})
	expect(t, r, err, "update Provider openai-main", "  credentials[0].secret: (changed)")
	if got := b.secretOf(t, "openai-main", "main"); got != "canary-again" {
		t.Errorf("secret %q", got)
	}
}

// The whole circle: a file, applied, exported, written, read and applied again.
func TestAnExportAppliesAgainWithoutChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Apply(t.Context(), "test", file(), config.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	revision, docs := b.Export()
	if revision != 1 || len(docs) != 6 {
		t.Fatalf("export of revision %d has %d documents", revision, len(docs))
	}
	var order []string
	for _, doc := range docs {
		order = append(order, string(doc.ProtoReflect().Descriptor().Name()))
	}
	if want := []string{"Settings", "Provider", "Group", "ApiKey", "ApiKey", "FailureKeyword"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	var text bytes.Buffer
	if err := manifest.Write(&text, docs); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "canary") {
		t.Errorf("the export holds a secret:\n%s", text.String())
	}
	back, err := manifest.Read(&text, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Apply(t.Context(), "test", back, config.ApplyOptions{Prune: true})
	if err != nil || r.Revision != 1 {
		t.Errorf("applied again: %v, %v; want revision 1", r, err)
	}
	// Documents as the API shows them, etags and all, apply without change too.
	r, err = b.Apply(t.Context(), "test", docs, config.ApplyOptions{Prune: true})
	if err != nil || r.Revision != 1 {
		t.Errorf("the documents themselves: %v, %v; want revision 1", r, err)
	}
	// Another database has no secrets: it says which.
	_, err = setup(t).Apply(t.Context(), "test", docs, config.ApplyOptions{})
	refusal(t, err, errs.InvalidArgument, `providers["p"].credentials[0].secret is required`)
}

func TestApplyManyKeysInOneTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	docs := make([]proto.Message, 5000)
	for i := range docs {
		docs[i] = &adminv1.ApiKey{Name: fmt.Sprintf("key-%05d", i)}
	}
	start := time.Now()
	r, err := b.Apply(t.Context(), "test", docs, config.ApplyOptions{})
	if err != nil || r.Revision != 1 || len(r.Generated) != len(docs) {
		t.Fatalf("%d keys made, %v", len(r.Generated), err)
	}
	seen := map[string]bool{}
	for _, k := range r.Generated {
		seen[k.Secret] = true
	}
	if len(seen) != len(docs) {
		t.Errorf("%d different keys, want %d", len(seen), len(docs))
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

// ApplyMissing makes what never was there and leaves alone what somebody changed or deleted.
func TestApplyMissingUndoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.ApplyMissing(t.Context(), "file", file())
	expect(t, r, err, "create Group pool", "create Provider p", "create ApiKey given", "create ApiKey made",
		"create FailureKeyword k", "create Settings settings")
	if len(r.Generated) != 1 {
		t.Errorf("generated %v, want one key", r.Generated)
	}
	if _, err := b.Update(t.Context(), "admin", &adminv1.FailureKeyword{Name: "k", Keyword: "edited"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.RotateKey(t.Context(), "admin", "given", 0); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), "admin", controlplane.KindAPIKey, "made", ""); err != nil {
		t.Fatal(err)
	}
	before := b.Current()
	docs := append(file(), &adminv1.FailureKeyword{Name: "new", Keyword: "fresh"})
	r, err = b.ApplyMissing(t.Context(), "file", docs)
	expect(t, r, err, "unchanged Group pool", "unchanged Provider p", "left alone ApiKey given", "left alone ApiKey made",
		"left alone FailureKeyword k", "unchanged Settings settings", "create FailureKeyword new")
	if r.Revision != before.Revision+1 {
		t.Errorf("revision %d after %d", r.Revision, before.Revision)
	}
	for _, name := range []string{"given", "made"} {
		was, _ := before.Get(controlplane.KindAPIKey, name)
		is, _ := b.Current().Get(controlplane.KindAPIKey, name)
		if (was == nil) != (is == nil) || was != nil && !proto.Equal(was.Spec, is.Spec) {
			t.Errorf("key %s was %v and is %v", name, was, is)
		}
	}
	if r, err = b.ApplyMissing(t.Context(), "file", docs); err != nil || b.Current().Revision != before.Revision+1 {
		t.Errorf("again: %v, %v; want nothing written", r, err)
	}
}

// A file with a fault is refused as a whole in every mode.
func TestApplyMissingIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	docs := append(file(), &adminv1.Group{Name: "broken", Members: []*adminv1.Member{{Provider: "nobody", Model: "m"}}})
	if _, err := b.ApplyMissing(t.Context(), "file", docs); errs.CodeOf(err) != errs.InvalidArgument {
		t.Errorf("%v, want it refused", err)
	}
	if b.Current().Revision != 0 {
		t.Errorf("revision %d, want nothing written", b.Current().Revision)
	}
}
