package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Every request whose key is not accepted is told of once, with the reason.
func TestAuthFailuresAreTold(t *testing.T) {
	t.Parallel()
	const expired, elsewhere, newer = "sk-expired-0123456789", "sk-elsewhere-0123456789", "sk-newer-0123456789"
	told := make(chan proxy.AuthFailure, 100)
	r := newRig(t, setup{
		models: []string{"ok"},
		snapshot: func(s *nodev1.Snapshot) {
			add := func(secret string, k *nodev1.ApiKey) {
				hash := apikey.Hash(s.GetKeyPepper(), secret)
				k.Hash, k.Groups = hash[:], []string{"g"}
				s.ApiKeys = append(s.ApiKeys, k)
			}
			add(expired, &nodev1.ApiKey{Name: "expired", ExpireTime: timestamppb.New(time.Now().Add(-time.Minute))})
			add(elsewhere, &nodev1.ApiKey{Name: "elsewhere", AllowedIps: []string{"192.0.2.0/24"}})
			add(newer, &nodev1.ApiKey{Name: "newer", RequiredFeatures: []string{"key.new"}})
		},
		config: func(c *proxy.Config) { c.AuthFailed = func(f proxy.AuthFailure) { told <- f } },
	})
	for secret, want := range map[string]proxy.AuthFailure{
		"": proxy.KeyMissing, "sk-unknown-0123456789": proxy.KeyUnknown, expired: proxy.KeyExpired, elsewhere: proxy.KeyAddress, newer: proxy.KeyUnsupported,
	} {
		var header []string
		if secret != "" {
			header = []string{"Authorization", "Bearer " + secret}
		}
		r.request(http.MethodPost, "/v1/chat/completions", `{"model":"g","messages":[]}`, append(header, "Content-Type", "application/json")...)
		r.request(http.MethodGet, "/v1/models", "", header...)
		for range 2 {
			if got := <-told; got != want {
				t.Errorf("%s: told %s", want, got)
			}
		}
	}
	for _, name := range []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		key := clientKey
		if name == "Authorization" {
			key = "Bearer " + key
		}
		if got := r.request(http.MethodGet, "/v1/models", "", name, key, name, key+"x"); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "twice") {
			t.Errorf("two %s: %d %s", name, got.status, got.body)
		}
		if got := <-told; got != proxy.KeyUnknown {
			t.Errorf("two %s: told %s", name, got)
		}
	}
	bearer := "Bearer " + clientKey
	for name, tt := range map[string]struct {
		path   string
		header []string
		fault  string // empty: served
	}{
		"the same in all places":     {"/v1beta/models?key=" + clientKey, []string{"Authorization", bearer, "X-Api-Key", clientKey, "Api-Key", " " + clientKey, "X-Goog-Api-Key", clientKey}, ""},
		"empty ones beside it":       {"/v1beta/models?key=", []string{"Authorization", "Bearer ", "X-Api-Key", "", "Api-Key", clientKey}, ""},
		"another scheme beside it":   {"/v1/models", []string{"Authorization", "Basic eDp5", "X-Api-Key", clientKey}, ""},
		"a query that means nothing": {"/v1/models?key=other", []string{"X-Api-Key", clientKey}, ""},
		"bearer and a stranger's":    {"/v1/models", []string{"Authorization", bearer, "X-Api-Key", "sk-ant-other"}, ""},
		"a stranger's and bearer":    {"/v1/models", []string{"Authorization", "Bearer other", "X-Goog-Api-Key", clientKey}, ""},
		"a stranger's behind many":   {"/v1beta/models?key=other", []string{"Authorization", bearer, "X-Api-Key", clientKey}, ""},
		"the last of many":           {"/v1beta/models?key=" + clientKey, []string{"Authorization", "Bearer a", "X-Api-Key", "b", "Api-Key", "c", "X-Goog-Api-Key", "d"}, ""},
		"strangers' alone":           {"/v1/models", []string{"Authorization", "Bearer other", "X-Api-Key", "another"}, "not valid"},
		"two of ours":                {"/v1/models", []string{"X-Api-Key", clientKey, "Api-Key", elsewhere}, "in x-api-key and in api-key"},
		"an expired one of ours":     {"/v1/models", []string{"Authorization", bearer, "X-Api-Key", expired}, "in Authorization and in x-api-key"},
		"one that needs a new node":  {"/v1/models", []string{"Authorization", "Bearer " + newer, "X-Goog-Api-Key", clientKey}, "in Authorization and in x-goog-api-key"},
		"two of ours and another":    {"/v1beta/models?key=" + elsewhere, []string{"Authorization", "Bearer other", "X-Api-Key", clientKey}, "in x-api-key and in the query"},
		"two in the query":           {"/v1beta/models?key=" + clientKey + "&key=" + clientKey, nil, "twice in the query"},
	} {
		got := r.request(http.MethodGet, tt.path, "", tt.header...)
		if served := got.status == http.StatusOK; served != (tt.fault == "") || !strings.Contains(got.body, tt.fault) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if tt.fault != "" {
			if told := <-told; got.status != http.StatusUnauthorized || told != proxy.KeyUnknown {
				t.Errorf("%s: %d, told %s", name, got.status, told)
			}
		}
	}
	r.chat(false)
	if len(told) != 0 {
		t.Errorf("a good request was told of: %s", <-told)
	}
}
