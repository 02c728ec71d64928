package server

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/settings"
)

// An identity provider that is half described would be none, and nobody would see why.
func TestPartsOfAnIdentityProviderNeedTheProvider(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                   "",
		"--oidc-client-id=x": "--oidc-client-id needs --oidc-issuer",
		"--oidc-redirect-url=https://console.example.com/login":                                              "--oidc-redirect-url needs --oidc-issuer",
		"--oidc-roles=admins=owner":                                                                          "--oidc-roles needs --oidc-issuer",
		"--oidc-issuer=https://idp.example.com":                                                              "redirect URL",
		"--oidc-issuer=idp.example.com --oidc-redirect-url=https://c/login --oidc-client-id=x":               "issuer",
		"--oidc-issuer=https://idp.example.com --oidc-redirect-url=https://c/login":                          "client id is missing",
		"--oidc-issuer=https://i --oidc-redirect-url=https://c/login --oidc-client-id=x --oidc-session=1m":   "want 5m0s to 168h0m0s",
		"--oidc-issuer=https://i --oidc-redirect-url=https://c/login --oidc-client-id=x --oidc-roles=a=boss": `"boss" is not a role`,
		"--oidc-issuer=https://i --oidc-redirect-url=https://c/login --oidc-client-id=x":                     "",
	} {
		var s Settings
		set := settings.New(settings.Config{Program: "test", LookupEnv: func(string) (string, bool) { return "", false }, DotEnv: filepath.Join(t.TempDir(), ".env")})
		s.Register(set)
		if err := set.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OIDC.Config(); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}
