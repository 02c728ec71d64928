package adminapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// listKeys reads a list of API keys page by page, as "name name", and how many it says there are.
func (c *client) listKeys(t *testing.T, req *adminv1.ListApiKeysRequest) (names []string, total int32) {
	t.Helper()
	for {
		page := ok(c.keys.ListApiKeys(t.Context(), req))(t)
		for _, k := range page.GetApiKeys() {
			names = append(names, k.GetName())
		}
		total, req.PageToken = page.GetTotalSize(), page.GetNextPageToken()
		if req.GetPageToken() == "" {
			return names, total
		}
	}
}

func TestKeysAreSearchedOrderedAndFiltered(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	c.createProvider(t, provider("main"))
	c.createGroup(t, group("pool", "main"))
	c.createGroup(t, group("other", "main"))
	later := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(e.clock.Now().Add(d)) }
	for _, k := range []*adminv1.ApiKey{
		{Name: "delta", Groups: []string{"pool"}, Owner: "Team Search", ExpireTime: later(72 * time.Hour)},
		{Name: "alpha", Groups: []string{"pool", "other"}, Tags: []string{"nightly", "Été"}},
		{Name: "charlie", Groups: []string{"other"}, Enabled: proto.Bool(false), ExpireTime: later(48 * time.Hour)},
		{Name: "bravo", Groups: []string{"pool"}, Owner: "ops@example.com", ExpireTime: later(time.Hour), Secret: "0123456789abcdefghijklmnopqrstuvWXYZ"},
		{Name: "echo_search", Groups: []string{"pool"}},
	} {
		c.createKey(t, k)
		e.clock.Advance(time.Minute)
	}
	ok(c.keys.RevokeApiKey(t.Context(), &adminv1.RevokeApiKeyRequest{Name: "alpha"}))(t)
	e.clock.Advance(time.Hour)

	const (
		active   = adminv1.ApiKeyState_API_KEY_STATE_ACTIVE
		disabled = adminv1.ApiKeyState_API_KEY_STATE_DISABLED
		expired  = adminv1.ApiKeyState_API_KEY_STATE_EXPIRED
		revoked  = adminv1.ApiKeyState_API_KEY_STATE_REVOKED
	)
	for name, tt := range map[string]struct {
		req  *adminv1.ListApiKeysRequest
		want string
	}{
		"everything":         {&adminv1.ListApiKeysRequest{}, "alpha bravo charlie delta echo_search"},
		"names turned round": {&adminv1.ListApiKeysRequest{OrderBy: "name desc"}, "echo_search delta charlie bravo alpha"},
		"oldest first":       {&adminv1.ListApiKeysRequest{OrderBy: "create_time"}, "delta alpha charlie bravo echo_search"},
		"changed last first": {&adminv1.ListApiKeysRequest{OrderBy: "update_time desc"}, "alpha echo_search bravo charlie delta"},
		"expiring first":     {&adminv1.ListApiKeysRequest{OrderBy: "expire_time"}, "bravo charlie delta alpha echo_search"},
		"never expiring":     {&adminv1.ListApiKeysRequest{OrderBy: "expire_time desc"}, "alpha echo_search delta charlie bravo"},
		"name or owner":      {&adminv1.ListApiKeysRequest{Search: " SEARCH "}, "delta echo_search"},
		"a tag":              {&adminv1.ListApiKeysRequest{Search: "Night"}, "alpha"},
		"not ASCII":          {&adminv1.ListApiKeysRequest{Search: "éTÉ"}, "alpha"},
		"last four":          {&adminv1.ListApiKeysRequest{Search: "wxyz"}, "bravo"},
		"no secret":          {&adminv1.ListApiKeysRequest{Search: "cdefgh"}, ""},
		"a group":            {&adminv1.ListApiKeysRequest{Group: "other"}, "alpha charlie"},
		"active":             {&adminv1.ListApiKeysRequest{State: active}, "delta echo_search"},
		"disabled":           {&adminv1.ListApiKeysRequest{State: disabled}, "charlie"},
		"expired":            {&adminv1.ListApiKeysRequest{State: expired}, "bravo"},
		"revoked":            {&adminv1.ListApiKeysRequest{State: revoked}, "alpha"},
		"all of it":          {&adminv1.ListApiKeysRequest{State: active, Group: "pool", Search: "search", OrderBy: "create_time desc"}, "echo_search delta"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := strings.Fields(tt.want)
			for size := int32(0); size <= 6; size++ {
				req := proto.CloneOf(tt.req)
				req.PageSize = size
				if got, total := c.listKeys(t, req); !slices.Equal(got, want) || int(total) != len(want) {
					t.Errorf("in pages of %d: %q of %d, want %q", size, got, total, want)
				}
			}
		})
	}
	key := ok(c.keys.GetApiKey(t.Context(), &adminv1.GetApiKeyRequest{Name: "bravo"}))(t).GetApiKey()
	if key.GetState() != expired || key.GetOwner() != "ops@example.com" {
		t.Errorf("key %v", key)
	}
}

func TestListsRefuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	for _, name := range []string{"a", "b", "c"} {
		c.createProvider(t, provider(name))
		c.createKey(t, &adminv1.ApiKey{Name: name})
	}
	c.createGroup(t, group("pool", "a"))
	token := ok(c.keys.ListApiKeys(t.Context(), &adminv1.ListApiKeysRequest{PageSize: 1, OrderBy: "create_time"}))(t).GetNextPageToken()
	const order = `order_by: must be one of name, create_time, update_time, expire_time, with " desc" behind it to turn the order round`
	const other = "page_token: belongs to a list with another search, order or filter"
	for name, tt := range map[string]struct {
		req  *adminv1.ListApiKeysRequest
		want string
	}{
		"no field":           {&adminv1.ListApiKeysRequest{OrderBy: "secret"}, order},
		"two fields":         {&adminv1.ListApiKeysRequest{OrderBy: "name, create_time"}, order},
		"asc":                {&adminv1.ListApiKeysRequest{OrderBy: "name asc"}, order},
		"desc alone":         {&adminv1.ListApiKeysRequest{OrderBy: " desc"}, order},
		"desc twice":         {&adminv1.ListApiKeysRequest{OrderBy: "name desc desc"}, order},
		"another order":      {&adminv1.ListApiKeysRequest{PageToken: token}, other},
		"turned round":       {&adminv1.ListApiKeysRequest{PageToken: token, OrderBy: "create_time desc"}, other},
		"another search":     {&adminv1.ListApiKeysRequest{PageToken: token, OrderBy: "create_time", Search: "a"}, other},
		"another group":      {&adminv1.ListApiKeysRequest{PageToken: token, OrderBy: "create_time", Group: "pool"}, other},
		"another state":      {&adminv1.ListApiKeysRequest{PageToken: token, OrderBy: "create_time", State: 1}, other},
		"a made-up token":    {&adminv1.ListApiKeysRequest{PageToken: "AAAA"}, "page_token: must be empty or the next_page_token of this list"},
		"a token in no code": {&adminv1.ListApiKeysRequest{PageToken: "?"}, "page_token: must be empty or the next_page_token of this list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.keys.ListApiKeys(t.Context(), tt.req)
			if got := violations(t, err); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
		})
	}
	_, err := c.providers.ListProviders(t.Context(), &adminv1.ListProvidersRequest{PageToken: token, OrderBy: "create_time"})
	if got := violations(t, err); !slices.Equal(got, []string{other}) {
		t.Errorf("a token of keys for providers: %q", got)
	}
	_, err = c.groups.ListGroups(t.Context(), &adminv1.ListGroupsRequest{OrderBy: "expire_time"})
	if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "order_by: must be one of name, create_time, update_time, with") {
		t.Errorf("groups by expire_time: %q", got)
	}
	// The size of a page may change on the way.
	if got, _ := c.listKeys(t, &adminv1.ListApiKeysRequest{PageToken: token, OrderBy: "create_time", PageSize: 7}); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("the rest is %q", got)
	}
}

func TestGroupsProvidersAndKeywordsAreSearched(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	main, spare := provider("main"), provider("spare")
	spare.BaseUrl, spare.Models = "https://spare.example.org", []*adminv1.Model{{Id: "claude", Alias: "mini"}}
	c.createProvider(t, main)
	c.createProvider(t, spare)
	one := group("one", "main")
	one.Aliases = []string{"Uno"}
	c.createGroup(t, one)
	e.clock.Advance(time.Minute)
	c.createGroup(t, group("two", "spare"))
	for i := range 3 {
		c.createKey(t, &adminv1.ApiKey{Name: fmt.Sprint("k", i), Groups: []string{"one", "two"}[i%2:]})
	}
	ok(c.keywords.CreateFailureKeyword(ctx, &adminv1.CreateFailureKeywordRequest{FailureKeyword: &adminv1.FailureKeyword{Name: "busy", Keyword: "Overloaded"}}))(t)
	ok(c.keywords.CreateFailureKeyword(ctx, &adminv1.CreateFailureKeywordRequest{FailureKeyword: &adminv1.FailureKeyword{Name: "quota", Pattern: "quota.*(out|over)"}}))(t)

	for search, want := range map[string]string{"MINI": "main spare", "claude": "spare", "example.com": "main", "none": ""} {
		var got []string
		for _, p := range ok(c.providers.ListProviders(ctx, &adminv1.ListProvidersRequest{Search: search}))(t).GetProviders() {
			got = append(got, p.GetName())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("providers with %s: %q, want %s", search, got, want)
		}
	}
	for want, req := range map[string]*adminv1.ListGroupsRequest{
		"one 2": {Search: "uno"}, "two 3": {Provider: "spare"}, "one 2 two 3": {Search: "mini"}, "two 3 one 2": {OrderBy: "update_time desc"},
	} {
		var got []string
		for _, g := range ok(c.groups.ListGroups(ctx, req))(t).GetGroups() {
			got = append(got, g.GetName(), fmt.Sprint(g.GetApiKeyCount()))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("groups of %v: %q, want %q", req, got, want)
		}
	}
	for search, want := range map[string]string{"OVER": "busy quota", "quota": "quota", "loaded": "busy"} {
		page := ok(c.keywords.ListFailureKeywords(ctx, &adminv1.ListFailureKeywordsRequest{Search: search}))(t)
		var got []string
		for _, k := range page.GetFailureKeywords() {
			got = append(got, k.GetName())
		}
		if strings.Join(got, " ") != want || int(page.GetTotalSize()) != len(got) {
			t.Errorf("keywords with %s: %q of %d, want %s", search, got, page.GetTotalSize(), want)
		}
	}

	// The count follows the keys.
	ok(c.keys.DeleteApiKey(ctx, &adminv1.DeleteApiKeyRequest{Name: "k0"}))(t)
	if got := ok(c.groups.GetGroup(ctx, &adminv1.GetGroupRequest{Name: "two"}))(t).GetGroup().GetApiKeyCount(); got != 2 {
		t.Errorf("%d keys after a deletion, want 2", got)
	}
}
