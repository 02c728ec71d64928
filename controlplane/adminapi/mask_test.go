package adminapi_test

import (
	"slices"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func mask(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }

func TestUpdateOfNamedFieldsLeavesTheOthers(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	p := provider("main")
	p.Headers = map[string]string{"x-team": "search"}
	p.Timeouts = &adminv1.ProviderTimeouts{Connect: durationpb.New(5e9), Response: durationpb.New(60e9)}
	c.createProvider(t, p)
	c.createGroup(t, group("pool", "main"))

	// The rest of the document need not even be there, and is not looked at.
	got := ok(c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{
		Provider: &adminv1.Provider{
			Name: "main", Enabled: proto.Bool(false), BaseUrl: "https://elsewhere.example",
			Timeouts: &adminv1.ProviderTimeouts{Response: durationpb.New(30e9), StreamIdle: durationpb.New(9e9)},
		},
		UpdateMask: mask("enabled", "timeouts.connect", "timeouts.response", "headers", "max_in_flight"),
	}))(t).GetProvider()
	switch timeouts := got.GetTimeouts(); {
	case got.GetEnabled() || len(got.GetHeaders()) > 0 || timeouts.Connect != nil || timeouts.GetResponse().AsDuration() != 30e9:
		t.Errorf("what was named: %v", got)
	case got.GetBaseUrl() != p.GetBaseUrl() || len(got.GetModels()) != 1 || timeouts.StreamIdle != nil || got.GetCredentials()[0].GetSecretHint() != "1234":
		t.Errorf("what was not named: %v", got)
	}

	// Secrets: kept, replaced with their list, and replaced when they are named.
	got = ok(c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{
		Provider:   &adminv1.Provider{Name: "main", Credentials: []*adminv1.Credential{{Name: "second", Secret: "sk-of-another-credential-0123456789-9876"}, {Name: "main"}}},
		UpdateMask: mask("credentials"),
	}))(t).GetProvider()
	if len(got.GetCredentials()) != 2 || got.GetCredentials()[0].GetSecretHint() != "9876" || got.GetCredentials()[1].GetSecretHint() != "1234" {
		t.Errorf("credentials %v", got.GetCredentials())
	}
	key := c.createKey(t, &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}, Owner: "ops"}).GetApiKey()
	other := "another-secret-of-an-application-0123456789"
	ok(c.keys.UpdateApiKey(ctx, &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "app", Secret: other}, UpdateMask: mask("owner")}))(t)
	got2 := ok(c.keys.GetApiKey(ctx, &adminv1.GetApiKeyRequest{Name: "app"}))(t).GetApiKey()
	if got2.GetOwner() != "" || got2.GetLastFour() != key.GetLastFour() || !slices.Equal(got2.GetGroups(), []string{"pool"}) {
		t.Errorf("key %v", got2)
	}
	got2 = ok(c.keys.UpdateApiKey(ctx, &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "app", Secret: other}, UpdateMask: mask("secret")}))(t).GetApiKey()
	if got2.GetLastFour() != "6789" {
		t.Errorf("a secret that was named: %v", got2)
	}

	// Settings, before there are any and after.
	for i, mask := range []*fieldmaskpb.FieldMask{mask("failover.max_attempts"), mask("retention.calls")} {
		res := ok(c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{
			Settings: &adminv1.Settings{
				Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3), Cooldown: durationpb.New(7e9)}, Retention: &adminv1.Retention{Calls: durationpb.New(7200e9)},
			},
			UpdateMask: mask,
		}))(t).GetSettings()
		if res.GetFailover().GetMaxAttempts() != 3 || res.GetFailover().Cooldown != nil || (res.GetRetention() != nil) != (i == 1) {
			t.Errorf("settings after %v: %v", mask, res)
		}
	}

	// No mask and an empty one replace everything.
	for _, mask := range []*fieldmaskpb.FieldMask{nil, mask()} {
		ok(c.keys.UpdateApiKey(ctx, &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "app", Owner: "x"}, UpdateMask: mask}))(t)
		if got := ok(c.keys.UpdateApiKey(ctx, &adminv1.UpdateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "app"}, UpdateMask: mask}))(t).GetApiKey(); got.GetOwner() != "" || len(got.GetGroups()) != 0 {
			t.Errorf("after %v: %v", mask, got)
		}
	}
}

func TestUpdateMasksAreChecked(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	c.createProvider(t, provider("main"))
	keyword := &adminv1.FailureKeyword{Name: "busy", Keyword: "overloaded"}
	ok(c.keywords.CreateFailureKeyword(ctx, &adminv1.CreateFailureKeywordRequest{FailureKeyword: keyword}))(t)
	before := e.backend.live.Current().Revision
	for path, want := range map[string]string{
		"*":                      `"*" is no field of Provider`,
		"nope":                   `"nope" is no field of Provider`,
		"timeouts.nope":          `"timeouts.nope" is no field of Provider`,
		"enabled.x":              `"enabled.x" is no field of Provider`,
		"":                       `"" is no field of Provider`,
		"timeouts.":              `"timeouts." is no field of Provider`,
		"credentials.secret":     `"credentials.secret": credentials can only be named as a whole`,
		"headers.x-team":         `"headers.x-team": headers can only be named as a whole`,
		"name":                   `"name" cannot be set by an update`,
		"etag":                   `"etag" cannot be set by an update`,
		"uid":                    `"uid" cannot be set by an update`,
		"effective_timeouts":     `"effective_timeouts" cannot be set by an update`,
		"import.removed_models":  `"import.removed_models" cannot be set by an update`,
		"effective_timeouts.any": `"effective_timeouts.any" cannot be set by an update`,
	} {
		binary := e.client(t, header{"Cookie": "trunkline_session=" + c.cookie(t, e)}, connecthttp.WithSendCodec(connect.CodecNameProto))
		_, err := binary.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: &adminv1.Provider{Name: "main"}, UpdateMask: mask(path, "enabled")})
		if got := violations(t, err); !slices.Equal(got, []string{"update_mask: " + want}) {
			t.Errorf("%q: violations %q, want %q", path, got, want)
		}
	}

	// What comes out is held against the rules, as if it had been sent whole.
	_, err := c.keywords.UpdateFailureKeyword(ctx, &adminv1.UpdateFailureKeywordRequest{
		FailureKeyword: &adminv1.FailureKeyword{Name: "busy", Pattern: "over.*"}, UpdateMask: mask("pattern"),
	})
	if got := violations(t, err); !slices.Equal(got, []string{"failure_keyword: set either keyword or pattern"}) {
		t.Errorf("both: violations %q", got)
	}
	_, err = c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: &adminv1.Provider{Name: "main", MaxInFlight: -1}, UpdateMask: mask("max_in_flight")})
	if got := violations(t, err); len(got) != 1 || got[0] != "provider.max_in_flight: must be greater than or equal to 0 and less than or equal to 1000000" {
		t.Errorf("a negative number: violations %q", got)
	}
	_, err = c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: &adminv1.Provider{Name: "main", BaseUrl: "https://evil.example"}, UpdateMask: mask("base_url")})
	if got := violations(t, err); len(got) != 1 || got[0] != "provider.credentials[0].secret: must be given again, because base_url moves to another scheme, host or port" {
		t.Errorf("another host: violations %q", got)
	}
	for code, p := range map[connect.Code]*adminv1.Provider{
		connect.CodeAborted: {Name: "main", Etag: "99"}, connect.CodeNotFound: {Name: "none"},
	} {
		_, err := c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: p, UpdateMask: mask("enabled")})
		wantCode(t, err, code)
	}
	_, err = c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{UpdateMask: mask("enabled")})
	if got := violations(t, err); len(got) != 1 || got[0] != "provider: value is required" {
		t.Errorf("no document: violations %q", got)
	}
	if got := e.backend.live.Current().Revision; got != before {
		t.Errorf("the revision went from %d to %d", before, got)
	}
}
