package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func parameter(name, secret string) *adminv1.SecretParameter {
	return &adminv1.SecretParameter{Name: name, Secret: secret}
}

// gated is a provider behind a gate that asks for a header and a signature in the URL.
func gated(header, signature string) *adminv1.Provider {
	p := upstream("p", cred("main", ""))
	p.Headers = map[string]string{"x-team": "search"}
	p.SecretHeaders = []*adminv1.SecretParameter{parameter("X-Gate-Token", header)}
	p.SecretQuery = []*adminv1.SecretParameter{parameter("sig", signature)}
	return p
}

func TestSecretParametersAreSealedAndKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := gated("canary-header-that-is-long-enough-HEAD", "canary-query-that-is-long-enough-QURY")
	first.Credentials[0].Secret = "canary-credential"
	res := b.create(t, first)
	public := config.Public(res).(*adminv1.Provider)
	for i, got := range []*adminv1.SecretParameter{public.GetSecretHeaders()[0], public.GetSecretQuery()[0]} {
		if want := []string{"HEAD", "QURY"}[i]; got.GetSecret() != "" || got.GetSecretRef() != "" || got.GetSecretHint() != want || got.GetSecretSetTime() == nil {
			t.Errorf("shown as %v, want the hint %s alone", got, want)
		}
	}

	// Without values they are kept; a name in another case is another header's.
	again, err := b.Update(t.Context(), "test", gated("", ""))
	if err != nil || again.Revision != res.Revision {
		t.Fatalf("the same again: %v, %v", again, err)
	}
	u, err := b.Upstream("p")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"x-team": "search", "X-Gate-Token": "canary-header-that-is-long-enough-HEAD"}, u.Headers()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"sig": "canary-query-that-is-long-enough-QURY"}, u.SecretQuery()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}

	// They follow the host as credentials do.
	moved := gated("", "")
	moved.BaseUrl = "https://thief.example/v1"
	const why = "must be given again, because base_url moves to another scheme, host or port"
	_, err = b.Update(t.Context(), "test", moved)
	want := []string{`providers["p"].credentials[0].secret: ` + why, `providers["p"].secret_headers[0].secret: ` + why, `providers["p"].secret_query[0].secret: ` + why}
	if got := errstest.Violations(t, err); !slices.Equal(got, want) {
		t.Errorf("violations %q, want %q", got, want)
	}
	renamed := gated("", "")
	renamed.SecretQuery[0].Name = "signature"
	_, err = b.Update(t.Context(), "test", renamed)
	want = []string{`providers["p"].secret_query[0].secret: is required: none is stored for a query parameter named "signature"`}
	if got := errstest.Violations(t, err); !slices.Equal(got, want) {
		t.Errorf("violations %q, want %q", got, want)
	}
	_, err = b.Update(t.Context(), "test", gated("canary\nx-evil: 1", ""))
	if got := errstest.Violations(t, err); len(got) != 1 || !strings.Contains(got[0], "secret_headers[0].secret: must be at most 16384 ASCII") || strings.Contains(got[0], "canary") {
		t.Errorf("a line break: %q", got)
	}
	hunt(t, b, "canary")
}

func TestSecretParametersAreBoundToTheirPlace(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	doc := upstream("p", cred("a", ""), cred("b", ""))
	doc.SecretHeaders = []*adminv1.SecretParameter{parameter("a", ""), parameter("b", "")}
	doc.SecretQuery = []*adminv1.SecretParameter{parameter("a", "")}
	for part := range controlplane.SealedParts(doc) {
		for _, provider := range []string{"p", "q"} {
			binding := string(part.Binding(controlplane.KindProvider, provider))
			place := provider + " " + part.Path()
			if other, taken := seen[binding]; taken {
				t.Errorf("%s and %s have the same binding", place, other)
			}
			seen[binding] = place
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d parts, want 5", len(seen)/2)
	}
}

func TestRollbackAndSecretParameters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := gated("old-header", "old-query")
	first.Credentials[0].Secret = "old-credential"
	r := b.create(t, first)
	stored := r.Spec.(*adminv1.Provider)
	good := b.Current().Revision
	b.drop(t, controlplane.KindProvider, "p")
	b.store.loseSecret(stored.GetSecretHeaders()[0].GetSecretRef())

	b = replica(t, b.store)
	if err := b.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := b.Rollback(t.Context(), "alice", good, false)
	if err != nil {
		t.Fatal(err)
	}
	_, exceptions := rollbackLines(result)
	want := []string{`Provider p the secret of header "X-Gate-Token" is not stored any more; it is disabled until it is given again`}
	if diff := cmp.Diff(want, exceptions); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
	u, err := b.Upstream("p")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"x-team": "search"}, u.Headers()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got := u.SecretQuery()["sig"]; got != "old-query" {
		t.Errorf("query %q", got)
	}
}

// Secrets are sent to the hosts of all base URLs, so that each must be one that they were entered for.
func TestSecretsAreBoundToTheHostsOfEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	with := func(base string, hosts ...string) *adminv1.Provider {
		p := upstream("p", cred("one", ""))
		p.BaseUrl = base
		for i, host := range hosts {
			p.Endpoints = append(p.Endpoints, &adminv1.Endpoint{Api: []string{"messages", "embeddings"}[i], BaseUrl: host})
		}
		return p
	}
	const a, other, thief = "https://a.example/v1", "https://b.example/anthropic", "https://thief.example"
	first := with(a, other)
	first.Credentials[0].Secret = "canary-one"
	b.create(t, first)
	for _, tt := range []struct {
		what string
		next *adminv1.Provider
		why  string
	}{
		{"an endpoint moves", with(a, thief), "an endpoint's base_url names a scheme, host or port that the provider did not have"},
		{"an endpoint joins", with(a, other, thief), "an endpoint's base_url names a scheme, host or port that the provider did not have"},
		{"an endpoint without TLS", with(a, "http://b.example"), "an endpoint's base_url names a scheme, host or port that the provider did not have"},
		{"the base URL moves", with(thief, other), "base_url moves to another scheme, host or port"},
		{"another path", with(a, "https://B.example:443/v2"), ""},
		{"both change places", with(other, a), ""},
		{"one host is left", with("https://b.example"), ""},
		{"what was left", with(a), "base_url moves to another scheme, host or port"},
	} {
		_, err := b.Update(t.Context(), "test", tt.next)
		switch {
		case tt.why == "" && (err != nil || b.secretOf(t, "p", "one") != "canary-one"):
			t.Errorf("%s: %v, want the secret kept", tt.what, err)
		case tt.why != "":
			want := []string{`providers["p"].credentials[0].secret: must be given again, because ` + tt.why}
			if got := errstest.Violations(t, err); !slices.Equal(got, want) {
				t.Errorf("%s: violations %q, want %q", tt.what, got, want)
			}
		}
	}
}
