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
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func upstream(name string, credentials ...*adminv1.Credential) *adminv1.Provider {
	return &adminv1.Provider{Name: name, BaseUrl: "https://api.openai.com/v1", Credentials: credentials}
}

func cred(name, secret string) *adminv1.Credential {
	return &adminv1.Credential{Name: name, Secret: secret}
}

// secretOf opens what is stored for a credential.
func (b *bundle) secretOf(t *testing.T, provider, credential string) string {
	t.Helper()
	r, ok := b.Current().Get(controlplane.KindProvider, provider)
	if !ok {
		t.Fatalf("provider %q does not exist", provider)
	}
	for _, c := range r.Spec.(*adminv1.Provider).GetCredentials() {
		if c.GetName() != credential {
			continue
		}
		sealed, ok := b.Current().Secret(c.GetSecretRef())
		if !ok {
			t.Fatalf("secret %q is not stored", c.GetSecretRef())
		}
		plain, err := b.sealer.Open(sealed, controlplane.CredentialBinding(provider, credential))
		if err != nil {
			t.Fatal(err)
		}
		return string(plain)
	}
	t.Fatalf("provider %q has no credential %q", provider, credential)
	return ""
}

func TestCreate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc := fake("p", "m")
	doc.Uid, doc.Etag, doc.CreateTime = "forged", "99", timestamppb.Now() // ignored: not the caller's to set
	res, generated, err := b.Create(t.Context(), "alice", doc)
	if err != nil || generated != "" {
		t.Fatalf("Create: key %q, %v", generated, err)
	}
	want := &adminv1.Provider{
		Name: "p", Uid: "uid-1", Etag: "1", Dialect: "fake", Models: []*adminv1.Model{{Id: "m"}},
		CreateTime: timestamppb.New(time.Unix(1_800_000_000, 0)), UpdateTime: timestamppb.New(time.Unix(1_800_000_000, 0)),
	}
	if got := config.Public(res); !proto.Equal(got, want) {
		t.Errorf("created\n%v\nwant\n%v", got, want)
	}
	if !proto.Equal(res.Spec, fake("p", "m")) {
		t.Errorf("the stored form %v holds output-only fields", res.Spec)
	}
	if doc.GetUid() != "forged" {
		t.Error("the caller's document was changed")
	}
	log, err := b.store.Changes(t.Context(), 0, 10)
	if err != nil || len(log) != 1 || log[0].Actor != "alice" || log[0].Op != controlplane.OpCreate {
		t.Errorf("change log %v, %v", log, err)
	}

	_, _, err = b.Create(t.Context(), "alice", fake("p"))
	refusal(t, err, errs.AlreadyExists, `Provider "p" already exists`)
	_, _, err = b.Create(t.Context(), "alice", group("g", "ghost/m"))
	refusal(t, err, errs.InvalidArgument, `groups["g"].members[0].provider refers to provider "ghost", which does not exist`)
	_, _, err = b.Create(t.Context(), "alice", &adminv1.Group{})
	refusal(t, err, errs.InvalidArgument, `groups[""].name must be 1 to 128 bytes`)
	_, _, err = b.Create(t.Context(), "alice", &adminv1.Credential{})
	refusal(t, err, errs.InvalidArgument, "is no part of the configuration")
	_, _, err = b.Create(t.Context(), "alice", nil)
	refusal(t, err, errs.InvalidArgument, "a document is missing")
	_, _, err = b.Create(t.Context(), "alice", (*adminv1.Group)(nil))
	refusal(t, err, errs.InvalidArgument, "a document is missing")
	if b.Current().Revision != 1 {
		t.Errorf("revision %d after refusals, want 1", b.Current().Revision)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, fake("p", "m"))
	_, err := b.Update(t.Context(), "test", fake("ghost"))
	refusal(t, err, errs.NotFound, `Provider "ghost" does not exist`)

	stale := fake("p", "m", "n")
	stale.Etag = "7"
	_, err = b.Update(t.Context(), "test", stale)
	refusal(t, err, errs.Conflict, `Provider "p" has changed in the meantime: its etag is "1", not "7"; read it again`)

	stale.Etag = "1"
	res, err := b.Update(t.Context(), "test", stale)
	if err != nil || res.Revision != 2 || res.UID != "uid-1" || len(res.Spec.(*adminv1.Provider).GetModels()) != 2 {
		t.Fatalf("with the present etag: %v, %v", res, err)
	}
	res, err = b.Update(t.Context(), "test", fake("p", "m", "n"))
	if err != nil || res.Revision != 2 || b.store.changes() != 2 {
		t.Errorf("the same document again: revision %d, %d changes, %v; want nothing written", res.Revision, b.store.changes(), err)
	}
	stale.Etag = "1"
	_, err = b.Update(t.Context(), "test", stale)
	refusal(t, err, errs.Conflict, "read it again") // even where nothing would change
	if _, err := b.Update(t.Context(), "test", fake("p")); err != nil {
		t.Errorf("without an etag: %v", err)
	}
}

func TestSettingsAlwaysExist(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res, err := b.Update(t.Context(), "test", &adminv1.Settings{Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(2)}})
	if err != nil || res.Name != "settings" {
		t.Fatalf("first update: %v, %v", res, err)
	}
	if got := config.Public(res).(*adminv1.Settings); got.GetEtag() != "1" || got.GetUpdateTime() == nil {
		t.Errorf("public settings %v, want etag 1 and a time", got)
	}
	stale := &adminv1.Settings{Etag: "9"}
	_, err = b.Update(t.Context(), "test", stale)
	refusal(t, err, errs.Conflict, "read it again")
	refusal(t, b.Delete(t.Context(), "test", controlplane.KindSettings, "settings", ""), errs.FailedPrecondition, "settings cannot be deleted")
	_, _, err = b.Create(t.Context(), "test", &adminv1.Settings{})
	refusal(t, err, errs.AlreadyExists, "already exists")

	empty := setup(t)
	_, err = empty.Update(t.Context(), "test", &adminv1.Settings{Etag: "1"})
	refusal(t, err, errs.Conflict, "has no etag yet")
}

func TestDeleteIsRefusedWhileReferenced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, fake("p", "m"))
	b.create(t, group("g", "p/m", "p/m"))
	for i := range 8 {
		b.create(t, &adminv1.ApiKey{Name: fmt.Sprintf("key-%d", i), Groups: []string{"g"}})
	}
	refusal(t, b.Delete(t.Context(), "test", controlplane.KindProvider, "p", ""), errs.FailedPrecondition,
		`Provider "p" is in use by group "g"`)
	refusal(t, b.Delete(t.Context(), "test", controlplane.KindGroup, "g", ""), errs.FailedPrecondition,
		`Group "g" is in use by API key "key-0", API key "key-1", API key "key-2", API key "key-3", API key "key-4" and 3 more`)
	refusal(t, b.Delete(t.Context(), "test", controlplane.KindGroup, "ghost", ""), errs.NotFound, `Group "ghost" does not exist`)
	refusal(t, b.Delete(t.Context(), "test", controlplane.KindAPIKey, "key-0", "1"), errs.Conflict, "read it again")

	for i := range 8 {
		if err := b.Delete(t.Context(), "test", controlplane.KindAPIKey, fmt.Sprintf("key-%d", i), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(t.Context(), "test", controlplane.KindGroup, "g", "2"); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), "test", controlplane.KindProvider, "p", ""); err != nil {
		t.Fatal(err)
	}
	if _, docs := b.Export(); len(docs) != 0 {
		t.Errorf("%d documents are left", len(docs))
	}
}

func TestAProvidersSecretIsSealedAndKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const canary = "sk-canary-0123456789abcdefghijkl-TAIL"
	res := b.create(t, upstream("p", cred("main", canary), cred("short", "hunter2")))
	if b.secretOf(t, "p", "main") != canary || b.secretOf(t, "p", "short") != "hunter2" {
		t.Error("what is stored does not open to what was given")
	}
	stored := res.Spec.(*adminv1.Provider).GetCredentials()
	if !strings.HasPrefix(stored[0].GetSecretRef(), "credential/") || stored[0].GetSecretRef() == stored[1].GetSecretRef() {
		t.Errorf("refs %q and %q, want two of their own", stored[0].GetSecretRef(), stored[1].GetSecretRef())
	}
	public := config.Public(res).(*adminv1.Provider).GetCredentials()
	want := []*adminv1.Credential{
		{Name: "main", SecretHint: "TAIL", SecretSetTime: timestamppb.New(noonUTC)},
		{Name: "short", SecretSetTime: timestamppb.New(noonUTC)}, // too short to show four of it
	}
	for i := range want {
		if !proto.Equal(public[i], want[i]) {
			t.Errorf("public credential %v, want %v", public[i], want[i])
		}
	}

	// Without a secret it is kept, with what is known about it.
	update := upstream("p", cred("main", ""), cred("second", "another-secret-0123456789"))
	update.Credentials[0].Enabled = proto.Bool(false)
	update.Credentials[0].SecretRef = "credential/forged"
	update.Credentials[0].SecretHint = "forged"
	update.BaseUrl = "https://api.openai.com/other/path" // the same host
	res, err := b.Update(t.Context(), "test", update)
	if err != nil {
		t.Fatal(err)
	}
	kept := res.Spec.(*adminv1.Provider).GetCredentials()[0]
	if kept.GetSecretRef() != stored[0].GetSecretRef() || kept.GetSecretHint() != "TAIL" || kept.GetEnabled() {
		t.Errorf("kept credential %v, want the ref %q", kept, stored[0].GetSecretRef())
	}
	if b.secretOf(t, "p", "main") != canary {
		t.Error("the secret changed")
	}

	// The same secret again is no change; another one gets a ref of its own.
	same := upstream("p", cred("main", canary), cred("second", "another-secret-0123456789"))
	same.BaseUrl, same.Credentials[0].Enabled = update.GetBaseUrl(), proto.Bool(false)
	if again, err := b.Update(t.Context(), "test", same); err != nil || again.Revision != res.Revision {
		t.Errorf("the same secret: revision %d, %v; want %d", again.Revision, err, res.Revision)
	}
	same.Credentials[0].Secret = canary + "2"
	res, err = b.Update(t.Context(), "test", same)
	if err != nil || res.Spec.(*adminv1.Provider).GetCredentials()[0].GetSecretRef() == stored[0].GetSecretRef() || b.secretOf(t, "p", "main") != canary+"2" {
		t.Errorf("another secret: %v, %v", res, err)
	}
	if _, ok := b.Current().Secret(stored[0].GetSecretRef()); !ok {
		t.Error("the old revision's secret is gone")
	}
	hunt(t, b, canary, "hunter2", "another-secret")
}

func TestSecretsThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, upstream("p", cred("main", "canary-secret")))
	const unsendable = "must be at most 16384 ASCII characters, without control characters and without spaces at either end"
	tests := []struct {
		name string
		doc  *adminv1.Provider
		want string
	}{
		{"a new credential without one", upstream("p", cred("main", ""), cred("new", "")),
			`providers["p"].credentials[1].secret is required: none is stored for a credential named "new"`},
		{"a renamed credential", upstream("p", cred("renamed", "")),
			`providers["p"].credentials[0].secret is required: none is stored for a credential named "renamed"`},
		{"a line break at the end", upstream("p", cred("main", "canary\n")), `providers["p"].credentials[0].secret ` + unsendable},
		{"a line break inside", upstream("p", cred("main", "canary\r\nx-evil: 1")), `providers["p"].credentials[0].secret ` + unsendable},
		{"not ASCII", upstream("p", cred("main", "canaryé")), `providers["p"].credentials[0].secret ` + unsendable},
		{"too long", upstream("p", cred("main", strings.Repeat("canary", 3000))), `providers["p"].credentials[0].secret ` + unsendable},
		{"the same name twice", upstream("p", cred("main", ""), cred("main", "")),
			`providers["p"].credentials[1].name is already the name of credentials[0]`},
	}
	for _, tt := range tests {
		_, err := b.Update(t.Context(), "test", tt.doc)
		refusal(t, err, errs.InvalidArgument, tt.want)
		if strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%s: the error holds the secret: %v", tt.name, err)
		}
	}
}

func TestSecretsFollowTheURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, from, to string
		kept           bool
	}{
		{"another path", "https://a.example/v1", "https://a.example/v2", true},
		{"the default port spelled out", "https://a.example/v1", "https://a.example:443/v1", true},
		{"capitals in the host", "https://a.example/v1", "HTTPS://A.Example/v1", true},
		{"another query", "https://a.example/v1", "https://a.example/v1?x=1", true},
		{"another host", "https://a.example/v1", "https://b.example/v1", false},
		{"a subdomain", "https://a.example/v1", "https://x.a.example/v1", false},
		{"a dot at the end", "https://a.example/v1", "https://a.example./v1", false},
		{"another scheme", "https://a.example/v1", "http://a.example/v1", false},
		{"another scheme, the same port", "https://a.example/v1", "http://a.example:443/v1", false},
		{"another port", "https://a.example/v1", "https://a.example:8443/v1", false},
		{"from a port to the default", "https://a.example:8443/v1", "https://a.example/v1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			doc := upstream("p", cred("one", "canary-one"), cred("two", "canary-two"))
			doc.BaseUrl = tt.from
			b.create(t, doc)
			moved := upstream("p", cred("one", ""), cred("two", ""))
			moved.BaseUrl = tt.to
			_, err := b.Update(t.Context(), "test", moved)
			if tt.kept {
				if err != nil || b.secretOf(t, "p", "one") != "canary-one" {
					t.Errorf("%v; want the secret kept", err)
				}
				return
			}
			const why = "must be given again, because base_url moves to another scheme, host or port"
			want := []string{`providers["p"].credentials[0].secret: ` + why, `providers["p"].credentials[1].secret: ` + why}
			if got := errstest.Violations(t, err); !slices.Equal(got, want) {
				t.Errorf("violations %q, want %q", got, want)
			}
			// Apply is no way around it, nor is giving only one of them.
			moved.Credentials[0].Secret = "canary-one"
			_, err = b.Apply(t.Context(), "test", []proto.Message{moved}, config.ApplyOptions{Prune: true})
			if got := errstest.Violations(t, err); !slices.Equal(got, want[1:]) {
				t.Errorf("by Apply: violations %q, want %q", got, want[1:])
			}
			moved.Credentials[1].Secret = "canary-three"
			if _, err := b.Update(t.Context(), "test", moved); err != nil || b.secretOf(t, "p", "two") != "canary-three" {
				t.Errorf("given again: %v", err)
			}
		})
	}
}

func TestSecretsDoNotSurviveADetour(t *testing.T) {
	t.Parallel()
	const required = `is required: none is stored`
	for name, detour := range map[string]func(*adminv1.Provider){
		"through a provider without credentials": func(p *adminv1.Provider) { p.Credentials = nil },
		"through dialect fake":                   func(p *adminv1.Provider) { p.Dialect, p.BaseUrl, p.Credentials = "fake", "", nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.create(t, upstream("p", cred("main", "canary")))
			between := upstream("p", cred("main", ""))
			detour(between)
			if _, err := b.Update(t.Context(), "test", between); err != nil {
				t.Fatal(err)
			}
			evil := upstream("p", cred("main", ""))
			evil.BaseUrl = "https://evil.example"
			_, err := b.Update(t.Context(), "test", evil)
			refusal(t, err, errs.InvalidArgument, required)
			if err := b.Delete(t.Context(), "test", controlplane.KindProvider, "p", ""); err != nil {
				t.Fatal(err)
			}
			_, _, err = b.Create(t.Context(), "test", evil)
			refusal(t, err, errs.InvalidArgument, required)
		})
	}
	b := setup(t)
	b.create(t, upstream("p", cred("main", "canary")))
	keep := upstream("p", cred("main", ""))
	keep.Dialect, keep.BaseUrl = "fake", ""
	_, err := b.Update(t.Context(), "test", keep)
	refusal(t, err, errs.InvalidArgument, "must be given again")
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res, generated, err := b.Create(t.Context(), "test", &adminv1.ApiKey{Name: "made", SecretHash: []byte("forged"), Prefix: "forged", LastFour: "forged"})
	if err != nil || !apikey.Valid(generated) || !apikey.Ours(generated) {
		t.Fatalf("generated %q, %v", generated, err)
	}
	doc := res.Spec.(*adminv1.ApiKey)
	hash := apikey.Hash(pepper, generated)
	if !bytes.Equal(doc.GetSecretHash(), hash[:]) || doc.GetPrefix() != generated[:8] || doc.GetLastFour() != generated[51:] || doc.GetSecret() != "" {
		t.Errorf("stored %v for %q", doc, generated)
	}
	if public := config.Public(res).(*adminv1.ApiKey); public.GetSecretHash() != nil || public.GetPrefix() != generated[:8] {
		t.Errorf("public key %v, want the prefix and no hash", public)
	}

	const own = "canary-own-key-0123456789abcdefg"
	res, shown, err := b.Create(t.Context(), "test", &adminv1.ApiKey{Name: "own", Secret: own})
	if err != nil || shown != "" {
		t.Fatalf("a key of one's own: shown %q, %v", shown, err)
	}
	if doc := res.Spec.(*adminv1.ApiKey); doc.GetPrefix() != "cana" || doc.GetLastFour() != "defg" {
		t.Errorf("stored %v", doc)
	}
	// An update without a secret keeps it, one with the same secret changes nothing.
	kept, err := b.Update(t.Context(), "test", &adminv1.ApiKey{Name: "own", Enabled: proto.Bool(false)})
	if err != nil || !bytes.Equal(kept.Spec.(*adminv1.ApiKey).GetSecretHash(), res.Spec.(*adminv1.ApiKey).GetSecretHash()) {
		t.Errorf("kept %v, %v", kept, err)
	}
	again, err := b.Update(t.Context(), "test", &adminv1.ApiKey{Name: "own", Enabled: proto.Bool(false), Secret: own})
	if err != nil || again.Revision != kept.Revision {
		t.Errorf("the same secret: revision %d, %v; want %d", again.Revision, err, kept.Revision)
	}

	broken := generated[:54] + "-"
	tests := map[string]string{
		broken:              "looks like a key that Trunkline made, but its checksum is wrong",
		"canary-short":      "must be 16 to 256 visible ASCII characters",
		"canary with space": "must be 16 to 256 visible ASCII characters",
		own:                 `is the secret of API key "own" too; each needs its own`,
		generated:           `is the secret of API key "made" too; each needs its own`,
	}
	for secret, want := range tests {
		_, _, err := b.Create(t.Context(), "test", &adminv1.ApiKey{Name: "x", Secret: secret})
		refusal(t, err, errs.InvalidArgument, `api_keys["x"].secret `+want)
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
	hunt(t, b, own, generated)
}

func TestPublicIsACopy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.create(t, upstream("p", cred("main", "canary-secret")))
	before := proto.Clone(res.Spec)
	public := config.Public(res).(*adminv1.Provider)
	public.Credentials[0].Name, public.BaseUrl = "changed", "changed"
	if !proto.Equal(res.Spec, before) {
		t.Error("changing the public document changed the stored one")
	}
}

// hunt looks for secrets in all that leaves the domain: documents, change log, logs.
func hunt(t *testing.T, b *bundle, canaries ...string) {
	t.Helper()
	places := map[string]string{"logs": b.logs.String()}
	_, docs := b.Export()
	for _, doc := range docs {
		places["export"] += fmt.Sprint(doc)
	}
	for _, ch := range b.store.log {
		places["change log"] += fmt.Sprint(ch.Before, ch.After)
	}
	for where, text := range places {
		for _, canary := range canaries {
			if strings.Contains(text, canary) {
				t.Errorf("%s hold the secret %q", where, canary)
			}
		}
	}
	if strings.Contains(places["export"], "secret_ref") || strings.Contains(places["export"], "secret_hash") {
		t.Errorf("the export holds references or hashes: %s", places["export"])
	}
}
