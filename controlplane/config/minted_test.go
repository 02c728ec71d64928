package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func oauth(secret, tokenURL string) *adminv1.Credential {
	return &adminv1.Credential{Name: "main", Secret: secret, Oauth: &adminv1.OAuthClient{TokenUrl: tokenURL, ClientId: "id"}}
}

// A client's secret goes to the token endpoint: it is sealed like a key, and bound to that host and to the kind.
func TestSecretsOfMintedCredentialsFollowWhereTheyGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const at = "https://login.example/token"
	res := b.create(t, upstream("p", oauth("canary-client-secret-CRT", at)))
	public := config.Public(res).(*adminv1.Provider).GetCredentials()[0]
	if public.GetSecret() != "" || public.GetSecretHint() != "CRT" || public.GetOauth().GetTokenUrl() != at {
		t.Errorf("shown as %v", public)
	}
	u, err := b.Upstream("p")
	if err != nil {
		t.Fatal(err)
	}
	opened, secret, err := u.Credential("")
	spec, minted := controlplane.MintedSpec(opened, secret)
	if want := (cloudauth.Spec{Kind: cloudauth.OAuth, TokenURL: at, ClientID: "id", Secret: "canary-client-secret-CRT"}); err != nil || !minted || spec != want {
		t.Errorf("opened as %+v, %v", spec, err)
	}
	const again = `providers["p"].credentials[0].secret: must be given again, because the credential's kind, or the host that the secret is sent to, is another`
	for name, tt := range map[string]struct {
		cred *adminv1.Credential
		want []string
	}{
		"another path of the host": {oauth("", "https://LOGIN.example:443/v2"), nil},
		"another client":           {&adminv1.Credential{Name: "main", Oauth: &adminv1.OAuthClient{TokenUrl: at, ClientId: "other"}}, nil},
		"another host":             {oauth("", "https://thief.example/token"), []string{again}},
		"without TLS":              {oauth("", "http://login.example/token"), []string{again}},
		"sent itself":              {cred("main", ""), []string{again}},
		"another kind":             {&adminv1.Credential{Name: "main", AwsSigv4: &adminv1.AwsSigV4{Region: "us-east-1", AccessKeyId: "AKIAEXAMPLE000000000"}}, []string{again}},
		"a machine's identity":     {&adminv1.Credential{Name: "main", Google: &adminv1.GoogleIdentity{Source: "metadata"}}, nil},
		"and a secret beside it": {&adminv1.Credential{Name: "main", Secret: "canary", Google: &adminv1.GoogleIdentity{Source: "metadata"}},
			[]string{`providers["p"].credentials[0].secret: is not used: the credential is the identity of the machine that calls`}},
		"keys after a machine": {&adminv1.Credential{Name: "main", AwsSigv4: &adminv1.AwsSigV4{Region: "us-east-1", Source: "instance"}}, nil},
		"no file": {&adminv1.Credential{Name: "main", Secret: "canary", Google: &adminv1.GoogleIdentity{}},
			[]string{`providers["p"].credentials[0].secret: is not JSON: give the whole key file of a service account`}},
	} {
		_, err := b.DraftUpstream(upstream("p", tt.cred))
		if len(tt.want) == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := errstest.Violations(t, err); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	hunt(t, b, "canary")
}

func TestMintedCredentialsAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		cred *adminv1.Credential
		want []string
	}{
		"no region": {&adminv1.Credential{Name: "c", Secret: "s", AwsSigv4: &adminv1.AwsSigV4{AccessKeyId: "AKIAEXAMPLE000000000"}},
			[]string{`providers["p"].credentials[0].aws_sigv4.region: is required`}},
		"no secret": {oauth("", "https://login.example"), []string{`providers["p"].credentials[0].secret: is required: none is stored for a credential named "main"`}},
		"another source": {&adminv1.Credential{Name: "c", Secret: "s", Entra: &adminv1.EntraIdentity{Source: "keys", TenantId: "t", ClientId: "i"}},
			[]string{`providers["p"].credentials[0].entra.source: must be in list [, secret, managed_identity, workload_identity]`}},
		"two kinds": {&adminv1.Credential{Name: "c", Secret: "s", Oauth: &adminv1.OAuthClient{TokenUrl: "https://l.example", ClientId: "i"}, Entra: &adminv1.EntraIdentity{TenantId: "t", ClientId: "i"}},
			[]string{`providers["p"].credentials[0]: has several of aws_sigv4, google, entra and oauth; one credential is of one kind`}},
		"scopes with spaces": {&adminv1.Credential{Name: "c", Google: &adminv1.GoogleIdentity{Source: "metadata", Scopes: []string{"a\"b"}}},
			[]string{`providers["p"].credentials[0].google.scopes: must be scopes without spaces and quotes`}},
	} {
		_, _, err := b.Create(t.Context(), "test", upstream("p", tt.cred))
		if got := errstest.Violations(t, err); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A rollback does not bring a host back that a later secret was not entered for.
func TestRollbackAndMintedCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, upstream("p", oauth("old-secret", "https://old.example"), &adminv1.Credential{Name: "node", AwsSigv4: &adminv1.AwsSigV4{Region: "us-east-1", Source: "container"}}))
	good := b.Current().Revision
	if _, err := b.Update(t.Context(), "test", upstream("p", oauth("new-secret", "https://new.example"))); err != nil {
		t.Fatal(err)
	}
	result, err := b.Rollback(t.Context(), "alice", good, false)
	if err != nil {
		t.Fatal(err)
	}
	_, exceptions := rollbackLines(result)
	if diff := cmp.Diff([]string(nil), exceptions); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
	if got := b.secretOf(t, "p", "main"); got != "old-secret" {
		t.Errorf("the old host gets %q", got)
	}
	doc := b.Current().List(controlplane.KindProvider)[0].Spec.(*adminv1.Provider)
	if c := doc.GetCredentials()[1]; c.Enabled != nil || c.GetSecretRef() != "" || !strings.HasPrefix(c.GetAwsSigv4().GetSource(), "cont") {
		t.Errorf("the machine's identity came back as %v", c)
	}
}
