package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestImportRulesAreChecked(t *testing.T) {
	t.Parallel()
	for want, bad := range map[string]*adminv1.ProviderImport{
		"import.interval":                     {Interval: durationpb.New(59 * time.Minute)},
		"import.rules.include[1]":             {Rules: &adminv1.ImportRules{Include: []string{"gpt", " x"}}},
		"import.rules.exclude[0]":             {Rules: &adminv1.ImportRules{Exclude: []string{""}}},
		"import.rules.default_price.input":    {Rules: &adminv1.ImportRules{DefaultPrice: &adminv1.Price{Input: "10001"}}},
		"import.rules.default_price.per_call": {Rules: &adminv1.ImportRules{DefaultPrice: &adminv1.Price{PerCall: "1e9"}}},
		"import.rules.credential":             {Rules: &adminv1.ImportRules{Credential: "nobody"}},
		"import.rules.alias.prefix":           {Rules: &adminv1.ImportRules{Alias: &adminv1.AliasTemplate{Prefix: strings.Repeat("x", 65)}}},
	} {
		l := setup(t)
		_, _, err := l.Create(t.Context(), "user:ann", &adminv1.Provider{Name: "p", BaseUrl: "https://p.example", Import: bad})
		if errs.CodeOf(err) != errs.InvalidArgument || !strings.Contains(err.Error(), `providers["p"].`+want) {
			t.Errorf("%v is refused with %v, want %s", bad, err, want)
		}
	}
}

// What nobody can set is not taken from callers, and an empty block says nothing.
func TestImportMarksAreNotTakenFromCallers(t *testing.T) {
	t.Parallel()
	l := setup(t)
	r, _, err := l.Create(t.Context(), "user:ann", &adminv1.Provider{
		Name: "p", BaseUrl: "https://p.example", Import: &adminv1.ProviderImport{RemovedModels: []string{"x"}},
		Models: []*adminv1.Model{{Id: "m", Imported: &adminv1.ModelImport{Import: "forged"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &adminv1.Provider{Name: "p", BaseUrl: "https://p.example", Models: []*adminv1.Model{{Id: "m"}}}
	if !proto.Equal(r.Spec, want) {
		t.Errorf("stored is %v, want %v", r.Spec, want)
	}
}

func TestUpstreamOpensSecretsWithoutShowingThem(t *testing.T) {
	t.Parallel()
	l := setup(t)
	p := &adminv1.Provider{Name: "p", BaseUrl: "https://p.example", Credentials: []*adminv1.Credential{
		{Name: "off", Secret: "sk-canary-off", Enabled: new(false)}, {Name: "on", Secret: "sk-canary-on"},
	}}
	if _, _, err := l.Create(t.Context(), "user:ann", p); err != nil {
		t.Fatal(err)
	}
	u, err := l.Upstream("p")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "on sk-canary-on", "off": "off sk-canary-off"} {
		cred, secret, err := u.Credential(name)
		if got := cred.GetName() + " " + secret; err != nil || got != want {
			t.Errorf("credential %q is %q, %v; want %q", name, got, err, want)
		}
	}
	if _, _, err := u.Credential("nobody"); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("error %v", err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, u); strings.Contains(text, "canary") {
			t.Errorf("%s shows the secret: %s", format, text)
		}
	}
	if _, err := l.Upstream("q"); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("error %v", err)
	}

	// A draft has the stored secret while it stays where it is, and is stored nowhere.
	draft := func(base string) *adminv1.Provider {
		return &adminv1.Provider{Name: "p", BaseUrl: base, Credentials: []*adminv1.Credential{{Name: "on"}, {Name: "new", Secret: "sk-canary-new"}}}
	}
	u, err = l.DraftUpstream(draft("https://P.example:443/v2"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"on": "sk-canary-on", "new": "sk-canary-new"} {
		if _, secret, err := u.Credential(name); err != nil || secret != want {
			t.Errorf("credential %q is %q, %v", name, secret, err)
		}
	}
	if _, err := l.DraftUpstream(draft("https://thief.example")); errs.CodeOf(err) != errs.InvalidArgument || !strings.Contains(err.Error(), "must be given again") {
		t.Errorf("error %v", err)
	}
	if r, _ := l.Current().Get(controlplane.KindProvider, "p"); r.Spec.(*adminv1.Provider).GetBaseUrl() != "https://p.example" || l.Current().Revision != 1 {
		t.Errorf("stored is %v at %d", r.Spec, l.Current().Revision)
	}
}
