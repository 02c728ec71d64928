package adminapi_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/store"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// provider is a valid provider with one model.
func provider(name string) *adminv1.Provider {
	return &adminv1.Provider{
		Name:        name,
		BaseUrl:     "https://api.example.com/v1",
		Credentials: []*adminv1.Credential{{Name: "main", Secret: "sk-upstream-canary-of-a-provider-0123456789-1234"}},
		Models: []*adminv1.Model{{
			Id: "gpt-4o-mini", Alias: "mini", Price: &adminv1.Price{Input: "0.15", CachedInput: "0.075", Output: "0.60"},
		}},
	}
}

// group is a valid group of the provider.
func group(name, provider string) *adminv1.Group {
	return &adminv1.Group{Name: name, Members: []*adminv1.Member{{Provider: provider, Model: "mini", Priority: 1}}}
}

func (c *client) createProvider(t *testing.T, p *adminv1.Provider) *adminv1.Provider {
	t.Helper()
	return ok(c.providers.CreateProvider(t.Context(), &adminv1.CreateProviderRequest{Provider: p}))(t).GetProvider()
}

func (c *client) createGroup(t *testing.T, g *adminv1.Group) *adminv1.Group {
	t.Helper()
	return ok(c.groups.CreateGroup(t.Context(), &adminv1.CreateGroupRequest{Group: g}))(t).GetGroup()
}

func (c *client) createKey(t *testing.T, k *adminv1.ApiKey) *adminv1.CreateApiKeyResponse {
	t.Helper()
	return ok(c.keys.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: k}))(t)
}

func TestProviderLifecycle(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	ctx := t.Context()

	created := c.createProvider(t, provider("main"))
	if created.GetUid() == "" || created.GetEtag() != "1" || !created.GetCreateTime().AsTime().Equal(e.clock.Now()) {
		t.Errorf("created %v", created)
	}
	if cred := created.GetCredentials()[0]; cred.GetSecret() != "" || cred.GetSecretRef() != "" || cred.GetSecretHint() != "1234" {
		t.Errorf("credential %v", cred)
	}
	got := ok(c.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: "main"}))(t).GetProvider()
	if diff := cmp.Diff(created, got, protocmp.Transform()); diff != "" {
		t.Errorf("get differs from create:\n%s", diff)
	}

	// What a client read it can send back, changed: the stored secret stays.
	e.clock.Advance(time.Minute)
	change := proto.CloneOf(got)
	change.MaxInFlight = 20
	updated := ok(c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: change}))(t).GetProvider()
	if updated.GetMaxInFlight() != 20 || updated.GetEtag() != "2" || updated.GetUid() != created.GetUid() ||
		updated.GetCredentials()[0].GetSecretHint() != "1234" || !updated.GetUpdateTime().AsTime().Equal(e.clock.Now()) {
		t.Errorf("updated %v", updated)
	}

	// Who changes what others have changed meanwhile is told so.
	change.MaxInFlight = 30
	_, err := c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: change})
	if stale := wantCode(t, err, connect.CodeAborted); !strings.Contains(stale.Message(), `its etag is "2", not "1"`) {
		t.Errorf("message %q", stale.Message())
	}
	_, err = c.providers.DeleteProvider(ctx, &adminv1.DeleteProviderRequest{Name: "main", Etag: "1"})
	wantCode(t, err, connect.CodeAborted)

	_, err = c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: provider("main")})
	if taken := wantCode(t, err, connect.CodeAlreadyExists); !strings.Contains(taken.Message(), `"main"`) {
		t.Errorf("message %q", taken.Message())
	}
	ok(c.providers.DeleteProvider(ctx, &adminv1.DeleteProviderRequest{Name: "main", Etag: "2"}))(t)
	_, err = c.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: "main"})
	wantCode(t, err, connect.CodeNotFound)
}

func TestDeleteNamesWhoRefers(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	ctx := t.Context()
	c.createProvider(t, provider("main"))
	c.createGroup(t, group("pool-a", "main"))
	c.createGroup(t, group("pool-b", "main"))
	c.createKey(t, &adminv1.ApiKey{Name: "app", Groups: []string{"pool-a"}})

	_, err := c.providers.DeleteProvider(ctx, &adminv1.DeleteProviderRequest{Name: "main"})
	if refused := wantCode(t, err, connect.CodeFailedPrecondition); !strings.Contains(refused.Message(), `group "pool-a", group "pool-b"`) {
		t.Errorf("message %q", refused.Message())
	}
	_, err = c.groups.DeleteGroup(ctx, &adminv1.DeleteGroupRequest{Name: "pool-a"})
	if refused := wantCode(t, err, connect.CodeFailedPrecondition); !strings.Contains(refused.Message(), `API key "app"`) {
		t.Errorf("message %q", refused.Message())
	}
	ok(c.keys.DeleteApiKey(ctx, &adminv1.DeleteApiKeyRequest{Name: "app"}))(t)
	ok(c.groups.DeleteGroup(ctx, &adminv1.DeleteGroupRequest{Name: "pool-a"}))(t)
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	for _, name := range []string{"nobody", "no\x00body", strings.Repeat("x", 5000), "../../etc"} {
		for what, call := range map[string]func() error{
			"get provider": func() error {
				_, err := c.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: name})
				return err
			},
			"get group": func() error { _, err := c.groups.GetGroup(ctx, &adminv1.GetGroupRequest{Name: name}); return err },
			"get key":   func() error { _, err := c.keys.GetApiKey(ctx, &adminv1.GetApiKeyRequest{Name: name}); return err },
			"get keyword": func() error {
				_, err := c.keywords.GetFailureKeyword(ctx, &adminv1.GetFailureKeywordRequest{Name: name})
				return err
			},
			"get call": func() error { _, err := c.calls.GetCall(ctx, &adminv1.GetCallRequest{Id: name}); return err },
			"delete provider": func() error {
				_, err := c.providers.DeleteProvider(ctx, &adminv1.DeleteProviderRequest{Name: name})
				return err
			},
			"delete group": func() error { _, err := c.groups.DeleteGroup(ctx, &adminv1.DeleteGroupRequest{Name: name}); return err },
			"delete key":   func() error { _, err := c.keys.DeleteApiKey(ctx, &adminv1.DeleteApiKeyRequest{Name: name}); return err },
			"delete keyword": func() error {
				_, err := c.keywords.DeleteFailureKeyword(ctx, &adminv1.DeleteFailureKeywordRequest{Name: name})
				return err
			},
			"delete token": func() error { _, err := c.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: name}); return err },
		} {
			if err := call(); connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("%s %.20q: %v", what, name, err)
			}
		}
	}
	_, err := c.groups.UpdateGroup(ctx, &adminv1.UpdateGroupRequest{Group: &adminv1.Group{Name: "nobody"}})
	wantCode(t, err, connect.CodeNotFound)
}

// Rules of the protos and rules of the configuration name fields in the same way.
func TestViolationsNameTheField(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	c.createProvider(t, provider("main"))
	c.createGroup(t, group("pool", "main"))

	spoilt := func(spoil func(*adminv1.Provider)) error {
		p := provider("new")
		spoil(p)
		_, err := c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: p})
		return err
	}
	badGroup := func(g *adminv1.Group) error {
		_, err := c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: g})
		return err
	}
	badKey := func(k *adminv1.ApiKey) error {
		_, err := c.keys.CreateApiKey(ctx, &adminv1.CreateApiKeyRequest{ApiKey: k})
		return err
	}
	badSettings := func(s *adminv1.Settings) error {
		_, err := c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: s})
		return err
	}
	apply := func(docs ...*adminv1.Resource) error {
		_, err := c.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: docs})
		return err
	}
	_, missing := c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{})
	_, page := c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{PageSize: 1001})
	_, keyword := c.keywords.CreateFailureKeyword(ctx, &adminv1.CreateFailureKeywordRequest{FailureKeyword: &adminv1.FailureKeyword{Name: "k"}})
	_, token := c.tokens.CreateToken(ctx, &adminv1.CreateTokenRequest{Token: &adminv1.Token{}})

	for name, tt := range map[string]struct {
		err  error
		want []string // the fields at fault, in order
	}{
		"proto: document missing":     {missing, []string{"provider"}},
		"proto: page size":            {page, []string{"page_size"}},
		"proto: nested list":          {spoilt(func(p *adminv1.Provider) { p.Credentials[0].Name = "" }), []string{"provider.credentials[0].name"}},
		"proto: two fields":           {spoilt(func(p *adminv1.Provider) { p.Name, p.MaxInFlight = " x", -1 }), []string{"provider.name", "provider.max_in_flight"}},
		"proto: whole document":       {keyword, []string{"failure_keyword"}},
		"proto: settings":             {badSettings(&adminv1.Settings{Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(0)}}), []string{"settings.failover.max_attempts"}},
		"proto: token name":           {token, []string{"token.name"}},
		"proto: short key":            {badKey(&adminv1.ApiKey{Name: "k", Secret: "short"}), []string{"api_key.secret"}},
		"domain: base URL":            {spoilt(func(p *adminv1.Provider) { p.BaseUrl = "ftp://x" }), []string{"provider.base_url"}},
		"domain: unknown provider":    {badGroup(group("g", "nobody")), []string{"group.members[0].provider"}},
		"domain: unknown group":       {badKey(&adminv1.ApiKey{Name: "k", Groups: []string{"nobody"}}), []string{"api_key.groups[0]"}},
		"domain: cooldowns":           {badSettings(&adminv1.Settings{Failover: &adminv1.FailoverPolicy{Cooldown: durationpb.New(time.Hour)}}), []string{"settings.failover.cooldown"}},
		"proto: in many documents":    {apply(resource(provider("new")), resource(&adminv1.Group{Name: "g", Members: []*adminv1.Member{{Provider: "new"}}})), []string{`groups["g"].members[0].model`}},
		"proto: document has no name": {apply(resource(&adminv1.Group{})), []string{"resources[0].group.name"}},
		"proto: empty envelope":       {apply(resource(provider("new")), &adminv1.Resource{}), []string{"resources[1].spec"}},
		"domain: in many documents":   {apply(resource(group("g", "nobody")), resource(group("h", "nobody"))), []string{`groups["g"].members[0].provider`, `groups["h"].members[0].provider`}},
		"domain: given twice":         {apply(resource(group("g", "main")), resource(group("g", "main"))), []string{`groups["g"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fields []string
			for _, v := range violations(t, tt.err) {
				field, description, _ := strings.Cut(v, ": ")
				if description == "" {
					t.Errorf("%s has no description", field)
				}
				fields = append(fields, field)
			}
			if !slices.Equal(fields, tt.want) {
				t.Errorf("fields %q, want %q", fields, tt.want)
			}
		})
	}
}

// An update that breaks another document names that one, where it is.
func TestViolationsOfOtherDocumentsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	c.createProvider(t, provider("main"))
	c.createGroup(t, group("pool", "main"))
	p := provider("main")
	p.Models[0].Id, p.Models[0].Alias = "another", ""
	_, err := c.providers.UpdateProvider(t.Context(), &adminv1.UpdateProviderRequest{Provider: p})
	if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], `groups["pool"].members[0].model: `) {
		t.Errorf("violations %q", got)
	}
}

func TestAPIKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	made := c.createKey(t, &adminv1.ApiKey{Name: "made"})
	if !strings.HasPrefix(made.GetSecret(), "sk-tl-") || made.GetApiKey().GetSecret() != "" || len(made.GetApiKey().GetSecretHash()) != 0 ||
		!strings.HasPrefix(made.GetSecret(), made.GetApiKey().GetPrefix()) || !strings.HasSuffix(made.GetSecret(), made.GetApiKey().GetLastFour()) {
		t.Errorf("created %v", made)
	}
	given := c.createKey(t, &adminv1.ApiKey{Name: "given", Secret: "a-key-of-my-own-0123456789abcdef-0001"})
	if given.GetSecret() != "" || given.GetApiKey().GetLastFour() != "0001" {
		t.Errorf("created %v", given)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	before := ok(c.settings.GetSettings(ctx, &adminv1.GetSettingsRequest{}))(t).GetSettings()
	if before.GetEtag() != "" || before.GetFailover() != nil || before.GetRetention() != nil || before.GetCors() != nil {
		t.Errorf("before the first change: %v", before)
	}
	change := &adminv1.Settings{Failover: &adminv1.FailoverPolicy{FailureThreshold: proto.Int32(7)}}
	first := ok(c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: change}))(t).GetSettings()
	if first.GetEtag() != "1" || first.GetFailover().GetFailureThreshold() != 7 {
		t.Errorf("after it: %v", first)
	}
	first.Failover.FailureThreshold = proto.Int32(8)
	ok(c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: first}))(t)
	_, err := c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: first})
	// The same document again changes nothing, but its etag is stale.
	wantCode(t, err, connect.CodeAborted)
	if now := ok(c.settings.GetSettings(ctx, &adminv1.GetSettingsRequest{}))(t).GetSettings(); now.GetEtag() != "2" || now.GetFailover().GetFailureThreshold() != 8 {
		t.Errorf("now %v", now)
	}
}

func TestTheChangeLogNamesTheActor(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	c.createGroup(t, &adminv1.Group{Name: "by hand"})
	script := e.client(t, header{"Authorization": "Bearer " + c.bearer(t, "ci")})
	script.createGroup(t, &adminv1.Group{Name: "by script"})
	changes, err := store.NewConfiguration(e.backend.db).Changes(t.Context(), 0, 10)
	if err != nil || len(changes) != 2 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	if changes[0].Actor != "user:"+adminUser || changes[1].Actor != "token:ci" {
		t.Errorf("actors %q and %q", changes[0].Actor, changes[1].Actor)
	}
}

// names collects a list page by page.
func names(t *testing.T, size int, page func(token string) (names []string, next string)) (all []string, pages int) {
	t.Helper()
	for token := ""; ; pages++ {
		got, next := page(token)
		if pages == 100 {
			t.Fatal("the list does not end")
		}
		if len(got) > size || next != "" && len(got) != size {
			t.Fatalf("page %d has %d entries, next %q", pages, len(got), next)
		}
		all = append(all, got...)
		if next == "" {
			return all, pages + 1
		}
		token = next
	}
}

func TestPagesAreInNameOrderAndComplete(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	var want []string
	for i := range 7 {
		name := "group " + strconv.Itoa((i*3)%7)
		want = append(want, name)
		c.createGroup(t, &adminv1.Group{Name: name})
	}
	slices.Sort(want)
	for size := 1; size <= 8; size++ {
		all, pages := names(t, size, func(token string) ([]string, string) {
			res := ok(c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{PageSize: int32(size), PageToken: token}))(t)
			var out []string
			for _, g := range res.GetGroups() {
				out = append(out, g.GetName())
			}
			return out, res.GetNextPageToken()
		})
		if wantPages := (7 + size - 1) / size; !slices.Equal(all, want) || pages != wantPages {
			t.Errorf("page size %d: %q in %d pages, want %d", size, all, pages, wantPages)
		}
	}
	if res := ok(c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{}))(t); len(res.GetGroups()) != 7 {
		t.Errorf("default page size: %d groups", len(res.GetGroups()))
	}
}

// What stays is listed exactly once, whatever comes and goes between the pages.
func TestPagesAreStableWhileResourcesChange(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	for _, name := range []string{"b", "d", "f", "h"} {
		c.createGroup(t, &adminv1.Group{Name: name})
	}
	first := ok(c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{PageSize: 2}))(t)
	c.createGroup(t, &adminv1.Group{Name: "a"})
	ok(c.groups.DeleteGroup(ctx, &adminv1.DeleteGroupRequest{Name: "d"}))(t) // the one the page ended with
	c.createGroup(t, &adminv1.Group{Name: "g"})
	second := ok(c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{PageSize: 5, PageToken: first.GetNextPageToken()}))(t)
	var got []string
	for _, g := range append(first.GetGroups(), second.GetGroups()...) {
		got = append(got, g.GetName())
	}
	if want := []string{"b", "d", "f", "g", "h"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func TestBadPageTokens(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	ctx := t.Context()
	c.createProvider(t, provider("a"))
	c.createProvider(t, provider("b"))
	ofProviders := ok(c.providers.ListProviders(ctx, &adminv1.ListProvidersRequest{PageSize: 1}))(t).GetNextPageToken()
	if ofProviders == "" {
		t.Fatal("no next page")
	}
	for name, token := range map[string]string{
		"not base64":      "?!",
		"another list's":  ofProviders,
		"empty name":      "R3JvdXAA",
		"cut":             ofProviders[:3],
		"a name in clear": "a",
	} {
		_, err := c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{PageToken: token})
		if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "page_token: ") {
			t.Errorf("%s: violations %q", name, got)
		}
		_, err = c.calls.ListCalls(ctx, &adminv1.ListCallsRequest{PageToken: token})
		if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "page_token: ") {
			t.Errorf("%s: violations of calls %q", name, got)
		}
	}
}
