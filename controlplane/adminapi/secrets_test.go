package adminapi_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Nothing that is given as a secret comes back: not in an answer, an error, a header or
// the log. Everything a client can do is done once, with canaries as secrets.
func TestSecretsNeverComeBack(t *testing.T) {
	t.Parallel()
	const (
		upstream = "sk-upstream-canary-of-a-provider-0123456789"
		second   = "sk-upstream-canary-of-another-credential-99"
		own      = "own-key-canary-of-an-application-0123456789"
	)
	e := start(t)
	c := e.admin(t)
	ctx := t.Context()

	p := provider("main")
	p.Credentials = []*adminv1.Credential{{Name: "a", Secret: upstream}}
	c.createProvider(t, p)
	c.createGroup(t, group("pool", "main"))
	c.createKey(t, &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}, Secret: own})
	_, err := c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: p}) // exists
	wantCode(t, err, connect.CodeAlreadyExists)

	p.Credentials = append(p.Credentials, &adminv1.Credential{Name: "b", Secret: second})
	rotated := &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}, Secret: own + "-rotated"}
	docs := []*adminv1.Resource{resource(p), resource(rotated)}
	ok(c.config.DiffConfig(ctx, &adminv1.DiffConfigRequest{Resources: docs}))(t)
	ok(c.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: docs}))(t)
	ok(c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: p}))(t)
	ok(c.keys.UpdateApiKey(ctx, &adminv1.UpdateApiKeyRequest{ApiKey: rotated}))(t)

	// Refused requests that carry secrets.
	broken := proto.CloneOf(p)
	broken.Credentials[0].Secret = upstream + "\n"
	_, err = c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: broken})
	violations(t, err)
	_, err = c.keys.CreateApiKey(ctx, &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "x", Secret: own + " with a space"}})
	violations(t, err)
	moved := proto.CloneOf(p)
	moved.BaseUrl, moved.Etag = "https://elsewhere.example", "1"
	_, err = c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: moved})
	wantCode(t, err, connect.CodeAborted)
	wantCode(t, c.try(t, adminPassword, upstream), connect.CodeUnauthenticated)

	for _, m := range methods(t) {
		if strings.HasPrefix(string(m.Name()), "List") && !pending(m) && m.Name() != "ListClientSetups" || m.Name() == "ExportConfig" || m.Name() == "WhoAmI" || m.Name() == "GetSettings" {
			if err := c.invoke(t, m); err != nil {
				t.Fatalf("%s: %v", m.Name(), err)
			}
		}
	}
	setups := &adminv1.ListClientSetupsRequest{Group: "pool", GatewayUrl: "https://gateway.example", ApiKey: "app"}
	ok(adminv1connect.NewClientSetupServiceClient(c.conn).ListClientSetups(ctx, setups))(t)
	ok(c.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: "main"}))(t)
	ok(c.keys.GetApiKey(ctx, &adminv1.GetApiKeyRequest{Name: "app"}))(t)

	seen := map[string]string{"answers": e.seen.String(), "log": e.logs.String()}
	if !strings.Contains(seen["answers"], `"secretHint"`) || !strings.Contains(seen["log"], "action=Login") {
		t.Fatal("nothing was recorded")
	}
	for _, secret := range []string{upstream, second, own, adminPassword} {
		for encoding, form := range map[string]string{
			"clear":  secret,
			"base64": base64.StdEncoding.EncodeToString([]byte(secret))[:40],
			"hex":    hex.EncodeToString([]byte(secret)),
		} {
			for where, text := range seen {
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("%.12s… is in the %s in %s: …%s…", secret, where, encoding, text[max(0, at-60):at])
				}
			}
		}
	}
	for _, name := range []string{"secretHash", "secretRef", `"secret":`} {
		if strings.Contains(seen["answers"], name) {
			t.Errorf("an answer holds a field %s", name)
		}
	}
}

// What Trunkline makes is shown exactly once, to who asked for it.
func TestGeneratedSecretsComeBackOnce(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	ctx := t.Context()
	secrets := []string{
		c.createKey(t, &adminv1.ApiKey{Name: "one"}).GetSecret(),
		ok(c.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: []*adminv1.Resource{resource(&adminv1.ApiKey{Name: "two"})}}))(t).GetGeneratedKeys()[0].GetSecret(),
		c.bearer(t, "ci"),
		c.cookie(t, e),
	}
	script := e.client(t, header{"Authorization": "Bearer " + secrets[2]})
	ok(script.config.ExportConfig(ctx, &adminv1.ExportConfigRequest{}))(t)
	ok(script.keys.ListApiKeys(ctx, &adminv1.ListApiKeysRequest{}))(t)
	ok(script.tokens.ListTokens(ctx, &adminv1.ListTokensRequest{}))(t)
	ok(c.whoAmI(t))(t)
	for i, secret := range secrets {
		if n := strings.Count(e.seen.String(), secret); secret == "" || n != 1 {
			t.Errorf("secret %d was shown %d times", i, n)
		}
		if strings.Contains(e.logs.String(), secret) {
			t.Errorf("secret %d is in the log", i)
		}
	}
}
