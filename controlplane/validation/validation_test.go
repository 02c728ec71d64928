package validation_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/validation"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// documents is a small valid configuration in stored form, to be spoiled by tests.
type documents struct {
	settings *adminv1.Settings
	provider *adminv1.Provider
	group    *adminv1.Group
	key      *adminv1.ApiKey
	keyword  *adminv1.FailureKeyword
	more     []*controlplane.Resource
	stored   []controlplane.Secret
}

func validDocuments() *documents {
	return &documents{
		settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{FailureThreshold: proto.Int32(3)}},
		provider: &adminv1.Provider{
			Name: "openai-main", BaseUrl: "https://api.openai.com/v1", Dialect: "openai",
			Credentials: []*adminv1.Credential{{Name: "main", SecretRef: "credential/1"}},
			Headers:     map[string]string{"x-team": "search"},
			Models: []*adminv1.Model{
				{Id: "gpt-4o-mini", Alias: "mini", Price: &adminv1.Price{Input: "0.15", Output: "0.60"}},
				{Id: "gpt-4o"},
			},
		},
		group: &adminv1.Group{
			Name: "pool", Aliases: []string{"gpt-4"},
			Members: []*adminv1.Member{{Provider: "openai-main", Model: "mini"}, {Provider: "openai-main", Model: "gpt-4o", Priority: 1}},
		},
		key:     &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}, SecretHash: bytes.Repeat([]byte{1}, 32)},
		keyword: &adminv1.FailureKeyword{Name: "overloaded", Keyword: "model is overloaded"},
	}
}

func (d *documents) config() *controlplane.Config {
	resources := []*controlplane.Resource{
		{Kind: controlplane.KindSettings, Name: "settings", Revision: 1, Spec: d.settings},
		{Kind: controlplane.KindProvider, Name: "openai-main", Revision: 1, Spec: d.provider},
		{Kind: controlplane.KindGroup, Name: "pool", Revision: 1, Spec: d.group},
		{Kind: controlplane.KindAPIKey, Name: "app", Revision: 1, Spec: d.key},
		{Kind: controlplane.KindFailureKeyword, Name: "overloaded", Revision: 1, Spec: d.keyword},
	}
	return controlplane.NewConfig(1, "lineage", append(resources, d.more...), append(d.stored, controlplane.Secret{Ref: "credential/1"}))
}

// secrets are stored besides the credential's.
func (d *documents) secrets(refs ...string) {
	for _, ref := range refs {
		d.stored = append(d.stored, controlplane.Secret{Ref: ref})
	}
}

// also adds a document that was changed at a later revision.
func (d *documents) also(kind controlplane.Kind, name string, spec proto.Message) {
	d.more = append(d.more, &controlplane.Resource{Kind: kind, Name: name, Revision: controlplane.Revision(2 + len(d.more)), Spec: spec})
}

func TestCheckNamesTheFieldAtFault(t *testing.T) {
	t.Parallel()
	const (
		nameRule = "must be 1 to 128 bytes of UTF-8 without control or invisible characters and without spaces at either end"
		decimal  = "must be a decimal number with at most 9 digits before and 6 after the point"
		plain    = "must be without control or invisible characters and without spaces at either end"
		ours     = "is set by Trunkline for each request"
		hop      = "is a hop-by-hop header, which the connection sets"
	)
	tests := []struct {
		name  string
		spoil func(*documents)
		want  []string // field: description
	}{
		{"nothing is wrong", func(*documents) {}, nil},

		// Names and kinds.
		{"a name with a control character", func(d *documents) { d.also(controlplane.KindGroup, "a\nb", &adminv1.Group{Name: "a\nb"}) },
			[]string{`groups["a\nb"].name: ` + nameRule}},
		{"a name with a zero-width character", func(d *documents) {
			d.also(controlplane.KindGroup, "a\u200bb", &adminv1.Group{Name: "a\u200bb"})
		}, []string{`groups["a\u200bb"].name: ` + nameRule}},
		{"a name that turns the direction", func(d *documents) {
			d.also(controlplane.KindGroup, "a\u202eb", &adminv1.Group{Name: "a\u202eb"})
		}, []string{`groups["a\u202eb"].name: ` + nameRule}},
		{"an empty name", func(d *documents) { d.also(controlplane.KindGroup, "", &adminv1.Group{}) },
			[]string{`groups[""].name: ` + nameRule}},
		{"a name of 129 bytes", func(d *documents) {
			long := strings.Repeat("é", 64) + "x"
			d.also(controlplane.KindGroup, long, &adminv1.Group{Name: long})
		}, []string{`groups["` + strings.Repeat("é", 64) + `x"].name: ` + nameRule}},
		{"a document stored under another name", func(d *documents) { d.keyword.Name = "other" },
			[]string{`failure_keywords["overloaded"].name: is "other" in a document stored as "overloaded"`}},
		{"a document of another kind", func(d *documents) { d.also(controlplane.KindGroup, "x", &adminv1.ApiKey{Name: "x"}) },
			[]string{`groups["x"]: holds a document of another kind: *adminv1.ApiKey`}},
		{"no document", func(d *documents) { d.also(controlplane.KindGroup, "x", nil) },
			[]string{`groups["x"]: holds a document of another kind: <nil>`}},
		{"a second settings document", func(d *documents) { d.also(controlplane.KindSettings, "x", &adminv1.Settings{}) },
			[]string{`settings.name: is "settings" in a document stored as "x"`}},

		// Field rules.
		{"field rules", func(d *documents) {
			d.provider.FieldRules = []*adminv1.FieldRule{{Field: "max_tokens", Action: "rename", To: "max_completion_tokens"}}
			d.provider.Models[0].FieldRules = []*adminv1.FieldRule{{Field: "max_tokens", Action: "drop"}, {Field: "reasoning.effort", Action: "default", Value: `"low"`}}
		}, nil},
		{"bad field rules of a provider", func(d *documents) {
			d.provider.FieldRules = []*adminv1.FieldRule{
				{Field: "model", Action: "drop"}, {Field: "a", Action: "force", Value: "low"}, {Field: "b", Action: "drop", Endpoints: []string{"embeddings"}},
				{Field: "b", Action: "drop"}, {Field: "B", Action: "force", Value: "1", Endpoints: []string{"embeddings", "rerank"}},
			}
		}, []string{
			`providers["openai-main"].field_rules[0].field: must not be model: it decides who is asked for what`,
			`providers["openai-main"].field_rules[1].value: must be JSON; a text is written in quotes, such as "low"`,
			`providers["openai-main"].field_rules[4].field: is already the field of field_rules[2]`,
		}},
		{"a bad field rule of a model", func(d *documents) {
			d.provider.Models[1].FieldRules = []*adminv1.FieldRule{{Field: "a", Action: "rename"}}
		}, []string{`providers["openai-main"].models[1].field_rules[0].to: must be a name of up to 64 letters, digits, _ and -`}},

		// Endpoints.
		{"good endpoints", endpoints(
			&adminv1.Endpoint{Api: "chat", Path: "/deployments/{model}/chat/completions", Query: "api-version=2024-10-21", Auth: "api-key"},
			&adminv1.Endpoint{Api: "messages", BaseUrl: "https://b.example/anthropic", Auth: "x-api-key"},
			&adminv1.Endpoint{Api: "gemini", BaseUrl: "https://c.example/v1beta", Auth: "x-goog-api-key"}, &adminv1.Endpoint{Api: "rerank", BaseUrl: "https://d.example/x#"},
		), nil},
		{"APIs of nobody", endpoints(&adminv1.Endpoint{Api: "klingon"}, &adminv1.Endpoint{Api: "chat", Auth: "basic"}, &adminv1.Endpoint{Api: "chat"}), []string{
			`providers["openai-main"].endpoints[0].api: must be one of chat, responses, messages, gemini, completions, embeddings, moderations, images, audio, rerank, models`,
			`providers["openai-main"].endpoints[1].auth: must be one of bearer, x-api-key, api-key, x-goog-api-key`,
			`providers["openai-main"].endpoints[2].api: is already the API of endpoints[1]`,
		}},
		{"formats of nobody", endpoints(
			&adminv1.Endpoint{Api: "rerank", Format: "cohere_v2"}, &adminv1.Endpoint{Api: "chat", Format: "cohere_v2"}, &adminv1.Endpoint{Api: "embeddings", Format: "jina"},
		), []string{
			`providers["openai-main"].endpoints[1].format: must be empty, or cohere_v2 for rerank and embeddings`,
			`providers["openai-main"].endpoints[2].format: must be empty, or cohere_v2 for rerank and embeddings`,
		}},
		{"an endpoint without an API", endpoints(&adminv1.Endpoint{Auth: "bearer"}), []string{
			`providers["openai-main"].endpoints[0].api: must be at least 1 characters`,
		}},
		{"bad base URLs of endpoints", endpoints(
			&adminv1.Endpoint{Api: "chat", BaseUrl: "ftp://b.example"}, &adminv1.Endpoint{Api: "messages", BaseUrl: "https://u:canary@b.example"},
			&adminv1.Endpoint{Api: "responses", BaseUrl: "https://b.example/v1?key=canary-sk-1234567890abcdef"},
		), []string{
			`providers["openai-main"].endpoints[0].base_url: must start with http:// or https://`,
			`providers["openai-main"].endpoints[1].base_url: must not contain a user name or password; use credentials`,
			`providers["openai-main"].endpoints[2].base_url: must not contain a secret in its query; give it in secret_query, where it is stored encrypted and never shown`,
		}},
		{"bad paths of endpoints", endpoints(
			&adminv1.Endpoint{Api: "chat", Path: "chat"}, &adminv1.Endpoint{Api: "messages", Path: "/a?b=c"}, &adminv1.Endpoint{Api: "responses", Path: "/{deployment}/x"},
			&adminv1.Endpoint{Api: "images", Path: "/a/../b"}, &adminv1.Endpoint{Api: "audio", Path: "/a/"}, &adminv1.Endpoint{Api: "rerank", BaseUrl: "https://d.example/x#", Path: "/a"},
		), []string{
			`providers["openai-main"].endpoints[0].path: must start with a slash`,
			`providers["openai-main"].endpoints[1].path: must be plain ASCII without spaces and without ? # % \; parameters belong into query`,
			`providers["openai-main"].endpoints[2].path: may hold {model} and no other braces`,
			`providers["openai-main"].endpoints[3].path: must not contain empty parts, . or .., nor end in a slash`,
			`providers["openai-main"].endpoints[4].path: must not contain empty parts, . or .., nor end in a slash`,
			`providers["openai-main"].endpoints[5].path: has no effect: its base URL is exact (it ends in #)`,
		}},
		{"bad queries of endpoints", func(d *documents) {
			endpoints(
				&adminv1.Endpoint{Api: "chat", Query: "?a=1"}, &adminv1.Endpoint{Api: "messages", Query: "api_key=canary-sk-1234567890abcdef"}, &adminv1.Endpoint{Api: "responses", Query: "=1"},
				&adminv1.Endpoint{Api: "images", BaseUrl: "https://b.example?v=1", Query: "v=2"}, &adminv1.Endpoint{Api: "audio", Query: "gate=1"},
			)(d)
			d.provider.SecretQuery = []*adminv1.SecretParameter{{Name: "gate", SecretRef: d.provider.GetCredentials()[0].GetSecretRef()}}
		}, []string{
			`providers["openai-main"].endpoints[0].query: must be parameters as they stand behind the ? of a URL: name=value&name=value`,
			`providers["openai-main"].endpoints[1].query: must not contain a secret; give it in secret_query, where it is stored encrypted and never shown`,
			`providers["openai-main"].endpoints[2].query: holds a parameter without a name`,
			`providers["openai-main"].endpoints[3].query: names "v", which is in the query of its base URL already`,
			`providers["openai-main"].endpoints[4].query: names "gate", which is in secret_query already`,
		}},
		{"a secret parameter in an endpoint's URL", func(d *documents) {
			endpoints(&adminv1.Endpoint{Api: "chat", BaseUrl: "https://b.example/v1?gate=1"})(d)
			d.provider.SecretQuery = []*adminv1.SecretParameter{{Name: "gate", SecretRef: d.provider.GetCredentials()[0].GetSecretRef()}}
		}, []string{`providers["openai-main"].secret_query[0].name: is in the query of endpoints[0].base_url already`}},

		// Providers.
		{"no base URL", func(d *documents) { d.provider.BaseUrl = "" }, []string{`providers["openai-main"].base_url: is required`}},
		{"dialect fake needs none", func(d *documents) { d.provider.BaseUrl, d.provider.Dialect = "", "fake" }, nil},
		{"dialect fake with a bad one", func(d *documents) { d.provider.BaseUrl, d.provider.Dialect = "ftp://x", "fake" },
			[]string{`providers["openai-main"].base_url: must start with http:// or https://`}},
		{"the default dialect", func(d *documents) { d.provider.Dialect = "" }, nil},
		{"an unknown dialect", func(d *documents) { d.provider.Dialect = "klingon" },
			[]string{`providers["openai-main"].dialect: must be one of openai, anthropic, gemini, fake`}},
		{"a relative URL", baseURL("/v1"), []string{`providers["openai-main"].base_url: must start with http:// or https://`}},
		{"no scheme", baseURL("api.openai.com/v1"), []string{`providers["openai-main"].base_url: must start with http:// or https://`}},
		{"another scheme", baseURL("file:///etc/passwd"), []string{`providers["openai-main"].base_url: must start with http:// or https://`}},
		{"no host", baseURL("https:///v1"), []string{`providers["openai-main"].base_url: must name a host`}},
		{"an opaque URL", baseURL("https:api.openai.com"), []string{`providers["openai-main"].base_url: must name a host`}},
		{"only a port", baseURL("https://:443/v1"), []string{`providers["openai-main"].base_url: must name a host`}},
		{"a user", baseURL("https://canary:canary@host/v1"), []string{`providers["openai-main"].base_url: must not contain a user name or password; use credentials`}},
		{"a fragment", baseURL("https://host/v1#x"), []string{`providers["openai-main"].base_url: must not contain a fragment; a # at its very end makes it the exact URL of every call`}},
		{"an exact URL", baseURL("https://host/any/path?v=1#"), nil},
		{"two marks", baseURL("https://host/v1##"), []string{`providers["openai-main"].base_url: must not contain a fragment; a # at its very end makes it the exact URL of every call`}},
		{"port 0", baseURL("http://host:0/"), []string{`providers["openai-main"].base_url: must have a port from 1 to 65535`}},
		{"port 65536", baseURL("http://host:65536/"), []string{`providers["openai-main"].base_url: must have a port from 1 to 65535`}},
		{"a colon without a port", baseURL("http://host:/"), []string{`providers["openai-main"].base_url: must have a port from 1 to 65535`}},
		{"no number as port", baseURL("http://host:x/"), []string{`providers["openai-main"].base_url: is not a URL`}},
		{"a space around", baseURL("https://host/v1 "), []string{`providers["openai-main"].base_url: is not a URL`}},
		{"a control character", baseURL("https://ho\x7fst/"), []string{`providers["openai-main"].base_url: is not a URL`}},
		{"plain http with a port", baseURL("http://127.0.0.1:11434/v1"), nil},
		{"an IPv6 address", baseURL("http://[::1]:8080"), nil},
		{"a URL of 2049 characters", baseURL("https://host/" + strings.Repeat("x", 2049-13)),
			[]string{`providers["openai-main"].base_url: must be at most 2048 characters`}},
		{"credential names clash", func(d *documents) {
			d.provider.Credentials = append(d.provider.Credentials, &adminv1.Credential{Name: "main", SecretRef: "credential/1"})
		}, []string{`providers["openai-main"].credentials[1].name: is already the name of credentials[0]`}},
		{"a credential without a name", func(d *documents) { d.provider.Credentials[0].Name = "" },
			[]string{`providers["openai-main"].credentials[0].name: must be at least 1 characters`}},
		{"a credential name that breaks its binding", func(d *documents) { d.provider.Credentials[0].Name = "a\x00b" },
			[]string{`providers["openai-main"].credentials[0].name: ` + plain}},
		{"a credential without a secret", func(d *documents) { d.provider.Credentials[0].SecretRef = "" },
			[]string{`providers["openai-main"].credentials[0].secret: is required`}},
		{"a secret that is not stored", func(d *documents) { d.provider.Credentials[0].SecretRef = "credential/9" },
			[]string{`providers["openai-main"].credentials[0].secret: is not stored; enter it again`}},
		{"a secret in clear", func(d *documents) { d.provider.Credentials[0].Secret = "canary" },
			[]string{`providers["openai-main"].credentials[0].secret: is not sealed`}},
		{"a provider without credentials", func(d *documents) { d.provider.Credentials = nil }, nil},
		{"in flight below zero", func(d *documents) { d.provider.MaxInFlight = -1 },
			[]string{`providers["openai-main"].max_in_flight: must be greater than or equal to 0 and less than or equal to 1000000`}},
		{"a timer of zero", func(d *documents) { d.provider.Timeouts = &adminv1.ProviderTimeouts{Connect: seconds(0)} },
			[]string{`providers["openai-main"].timeouts.connect: must be greater than or equal to 0.001s and less than or equal to 600s`}},
		{"a timer that is no duration", func(d *documents) {
			d.provider.Timeouts = &adminv1.ProviderTimeouts{Response: &durationpb.Duration{Seconds: 5, Nanos: -5}}
		}, []string{`providers["openai-main"].timeouts.response: is not a duration`}},

		// Headers.
		{"authorization", header("Authorization", "x"), []string{`providers["openai-main"].headers["Authorization"]: carries the credential; use credentials`}},
		{"host", header("host", "x"), []string{`providers["openai-main"].headers["host"]: ` + ours}},
		{"content-length", header("CONTENT-LENGTH", "1"), []string{`providers["openai-main"].headers["CONTENT-LENGTH"]: ` + ours}},
		{"connection", header("connection", "x-team"), []string{`providers["openai-main"].headers["connection"]: ` + hop}},
		{"te", header("TE", "trailers"), []string{`providers["openai-main"].headers["TE"]: ` + hop}},
		{"proxy-authorization", header("Proxy-Authorization", "x"), []string{`providers["openai-main"].headers["Proxy-Authorization"]: ` + hop}},
		{"a name with a colon", header("x:y", "x"), []string{`providers["openai-main"].headers["x:y"]: is not a header name`}},
		{"an empty name as header", header("", "x"), []string{`providers["openai-main"].headers[""]: is not a header name`}},
		{"a line break in a value", header("x-a", "canary\r\nx-b: c"), []string{`providers["openai-main"].headers["x-a"]: has a value with control characters or with spaces at an end`}},
		{"a space at the end of a value", header("x-a", "b "), []string{`providers["openai-main"].headers["x-a"]: has a value with control characters or with spaces at an end`}},
		{"a secret in a header", header("X-Api-Key", "canary"), []string{`providers["openai-main"].headers["X-Api-Key"]: looks like a secret; give it in secret_headers, where it is stored encrypted and never shown`}},
		{"a secret under a plain name", header("x-gate", "Bearer canary-0123456789"), []string{`providers["openai-main"].headers["x-gate"]: looks like a secret; give it in secret_headers, where it is stored encrypted and never shown`}},
		{"secret parameters", func(d *documents) {
			d.provider.BaseUrl += "?api-version=1"
			d.provider.SecretHeaders = []*adminv1.SecretParameter{{Name: "X-Gate", SecretRef: "a"}}
			d.provider.SecretQuery = []*adminv1.SecretParameter{{Name: "x-gate", SecretRef: "b"}, {Name: "sig", SecretRef: "c"}}
			d.secrets("a", "b", "c")
		}, nil},
		{"faults of secret parameters", func(d *documents) {
			d.provider.Headers = map[string]string{"X-Team": "a"}
			d.provider.ForwardHeaders = []string{"x-gate"}
			d.provider.BaseUrl += "?api-version=1"
			d.provider.SecretHeaders = []*adminv1.SecretParameter{
				{Name: "x-team", SecretRef: "a"}, {Name: "X-Gate", SecretRef: "a"}, {Name: "x-gate"}, {Name: "Authorization", SecretRef: "a"}, {Name: "x y", SecretRef: "a"},
			}
			d.provider.SecretQuery = []*adminv1.SecretParameter{{Name: "sig", SecretRef: "a"}, {Name: "sig", SecretRef: "a"}, {Name: "api-version", SecretRef: "a"}, {Name: "\u200b", SecretRef: "a"}}
			d.secrets("a")
		}, []string{
			`providers["openai-main"].secret_headers[0].name: is the same header as headers["X-Team"]`,
			`providers["openai-main"].secret_headers[2].name: is already the name of secret_headers[1]`,
			`providers["openai-main"].secret_headers[2].secret: is required`,
			`providers["openai-main"].secret_headers[3].name: carries the credential; use credentials`,
			`providers["openai-main"].secret_headers[4].name: is not a header name`,
			`providers["openai-main"].secret_query[1].name: is already the name of secret_query[0]`,
			`providers["openai-main"].secret_query[2].name: is in the query of base_url already`,
			`providers["openai-main"].secret_query[3].name: must be without control or invisible characters and without spaces at either end`,
			`providers["openai-main"].forward_headers[0]: is set by headers already`,
		}},
		{"a secret that is not stored", func(d *documents) {
			d.provider.SecretQuery = []*adminv1.SecretParameter{{Name: "sig", SecretRef: "lost"}}
		}, []string{`providers["openai-main"].secret_query[0].secret: is not stored; enter it again`}},
		{"a secret in the URL", func(d *documents) { d.provider.BaseUrl = "https://api.example/v1?api-version=1&api-key=canary" },
			[]string{`providers["openai-main"].base_url: must not contain a secret in its query; give it in secret_query, where it is stored encrypted and never shown`}},
		{"the same header twice", header("X-Team", "b"), []string{`providers["openai-main"].headers["x-team"]: is the same header as "X-Team"`}},
		{"an empty value", header("x-empty", ""), nil},

		// Models and prices.
		{"model ids clash", func(d *documents) { d.provider.Models[1].Id = "gpt-4o-mini"; d.group.Members = d.group.Members[:1] },
			[]string{`providers["openai-main"].models[1].id: is already the id of models[0]`}},
		{"aliases clash", func(d *documents) { d.provider.Models[1].Alias = "mini" },
			[]string{`providers["openai-main"].models[1].alias: is already the alias of models[0]`}},
		{"an alias is another's id", func(d *documents) { d.provider.Models[0].Alias = "gpt-4o"; d.group.Members = d.group.Members[1:] },
			[]string{`providers["openai-main"].models[0].alias: is already the id of models[1]`}},
		{"an alias is the model's own id", func(d *documents) { d.provider.Models[1].Alias = "gpt-4o" }, nil},
		{"no model id", func(d *documents) { d.provider.Models = append(d.provider.Models, &adminv1.Model{}) },
			[]string{`providers["openai-main"].models[2].id: must be at least 1 characters`}},
		{"a price with too many places", func(d *documents) { d.provider.Models[0].Price.Input = "0.1234567" },
			[]string{`providers["openai-main"].models[0].price.input: ` + decimal}},
		{"a negative price", func(d *documents) { d.provider.Models[0].Price.Output = "-1" },
			[]string{`providers["openai-main"].models[0].price.output: ` + decimal}},
		{"a price with an exponent", func(d *documents) { d.provider.Models[0].Price.CachedInput = "1e-3" },
			[]string{`providers["openai-main"].models[0].price.cached_input: ` + decimal}},
		{"a price with a line break at the end", func(d *documents) { d.provider.Models[0].Price.Input = "1\n" },
			[]string{`providers["openai-main"].models[0].price.input: ` + decimal}},
		{"the highest prices", func(d *documents) {
			d.provider.Models[0].Price = &adminv1.Price{Input: "10000", CachedInput: "10000.000000", Output: "10000", PerCall: "1000000"}
		}, nil},
		{"prices that could overflow", func(d *documents) {
			d.provider.Models[0].Price = &adminv1.Price{Input: "10000.000001", CachedInput: "999999999", Output: "99999", PerCall: "1000000.000001"}
		}, []string{
			`providers["openai-main"].models[0].price.input: must be at most 10000 USD per million tokens`,
			`providers["openai-main"].models[0].price.cached_input: must be at most 10000 USD per million tokens`,
			`providers["openai-main"].models[0].price.output: must be at most 10000 USD per million tokens`,
			`providers["openai-main"].models[0].price.per_call: must be at most 1000000 USD per call`,
		}},
		{"a negative context window", func(d *documents) { d.provider.Models[1].ContextWindow = -1 },
			[]string{`providers["openai-main"].models[1].context_window: must be greater than or equal to 0 and less than or equal to 1000000000`}},

		// Groups.
		{"a member's provider does not exist", func(d *documents) { d.group.Members[1].Provider = "ghost" },
			[]string{`groups["pool"].members[1].provider: refers to provider "ghost", which does not exist`}},
		{"a member's model does not exist", func(d *documents) { d.group.Members[0].Model = "gpt-5" },
			[]string{`groups["pool"].members[0].model: refers to model "gpt-5", which provider "openai-main" does not have`}},
		{"a member without a model", func(d *documents) { d.group.Members[0].Model = "" },
			[]string{`groups["pool"].members[0].model: must be at least 1 characters`}},
		{"a weight of zero", func(d *documents) { d.group.Members[0].Weight = proto.Int32(0) },
			[]string{`groups["pool"].members[0].weight: must be greater than or equal to 1 and less than or equal to 1000000`}},
		{"a group without members", func(d *documents) { d.group.Members = nil }, nil},
		{"an alias is another group's name", func(d *documents) { d.also(controlplane.KindGroup, "gpt-4", &adminv1.Group{Name: "gpt-4"}) },
			[]string{`groups["gpt-4"].name: "gpt-4" is already a name of group "pool"`}},
		{"the group changed last is blamed", func(d *documents) {
			d.also(controlplane.KindGroup, "a", &adminv1.Group{Name: "a", Aliases: []string{"x", "pool"}})
		}, []string{`groups["a"].aliases[1]: "pool" is already a name of group "pool"`}},
		{"an alias is the group's own name", func(d *documents) { d.group.Aliases = []string{"pool"} },
			[]string{`groups["pool"].aliases[0]: occurs twice`}},
		{"an alias twice", func(d *documents) { d.group.Aliases = []string{"x", "x"} },
			[]string{`groups["pool"].aliases[1]: occurs twice`}},
		{"an alias with a control character", func(d *documents) { d.group.Aliases = []string{"a\tb"} },
			[]string{`groups["pool"].aliases[0]: ` + plain}},
		{"models with characters that nobody sees", func(d *documents) {
			d.provider.Models[1].Alias = "c\u200bd"
			d.provider.Models = append(d.provider.Models, &adminv1.Model{Id: "a\u202eb"}, &adminv1.Model{Id: "e\nf"})
		}, []string{`providers["openai-main"].models[2].id: ` + plain, `providers["openai-main"].models[3].id: ` + plain, `providers["openai-main"].models[1].alias: ` + plain}},
		{"an alias with a zero-width character", func(d *documents) { d.group.Aliases = []string{"a\u200bb", "a\u2066b"} },
			[]string{`groups["pool"].aliases[0]: ` + plain, `groups["pool"].aliases[1]: ` + plain}},
		{"names of two groups in other letters", func(d *documents) { d.also(controlplane.KindGroup, "POOL", &adminv1.Group{Name: "POOL"}) },
			[]string{`groups["POOL"].name: "POOL" differs only in letter case from a name of group "pool"`}},
		{"other letters in one group", func(d *documents) { d.group.Aliases = []string{"GPT-4", "gpt-4", "Pool"} }, nil},
		{"a pattern", func(d *documents) { d.group.Aliases = []string{"openai/*", "*"} }, nil},
		{"a pattern with two stars", func(d *documents) { d.group.Aliases = []string{"*/*"} }, []string{`groups["pool"].aliases[0]: must hold at most one *`}},
		{"the same pattern twice", func(d *documents) {
			d.group.Aliases = []string{"openai/*"}
			d.also(controlplane.KindGroup, "z", &adminv1.Group{Name: "z", Aliases: []string{"OpenAI/*"}})
		}, []string{`groups["z"].aliases[0]: "OpenAI/*" differs only in letter case from a name of group "pool"`}},
		{"headers to forward", func(d *documents) {
			d.provider.ForwardHeaders = []string{"HTTP-Referer", "X-Title", "Idempotency-Key", "OpenAI-Organization", "OpenAI-Project", "x-client-request-id"}
		}, nil},
		{"headers that are not forwarded", func(d *documents) {
			d.provider.ForwardHeaders = []string{"Authorization", "cookie", "Connection", "X-Trunkline-Provider", "X-Forwarded-For", "a b", "x_title", "X-Title", "x-title", "X-Secret-Thing"}
		}, []string{
			`providers["openai-main"].forward_headers[0]: must not be forwarded: it carries the credential; use credentials`,
			`providers["openai-main"].forward_headers[1]: must not be forwarded: it may carry a credential of the client`,
			`providers["openai-main"].forward_headers[2]: must not be forwarded: it is a hop-by-hop header, which the connection sets`,
			`providers["openai-main"].forward_headers[3]: must not be forwarded: it is for Trunkline`,
			`providers["openai-main"].forward_headers[4]: must not be forwarded: it tells who the client is`,
			`providers["openai-main"].forward_headers[5]: is not a header name`,
			`providers["openai-main"].forward_headers[6]: is not a header name`,
			`providers["openai-main"].forward_headers[8]: is the same header as forward_headers[7]`,
			`providers["openai-main"].forward_headers[9]: must not be forwarded: it may carry a credential of the client`,
		}},

		// Settings and policies.
		{"the first cooldown is above the default longest", func(d *documents) { d.settings.Failover.Cooldown = seconds(301) },
			[]string{`settings.failover.cooldown: must not be above cooldown_max, which is 5m`}},
		{"the longest cooldown is below the default first", func(d *documents) { d.settings.Failover.CooldownMax = seconds(29) },
			[]string{`settings.failover.cooldown_max: must not be below cooldown, which is 30s`}},
		{"both cooldowns are equal", func(d *documents) { d.settings.Failover.CooldownMax = seconds(30) }, nil},
		{"a group's cooldown is above the settings' longest", func(d *documents) {
			d.settings.Failover.CooldownMax = seconds(60)
			d.group.Policy = &adminv1.FailoverPolicy{Cooldown: seconds(90)}
		}, []string{`groups["pool"].policy.cooldown: must not be above cooldown_max, which is 1m`}},
		{"a group's longest cooldown is below the settings' first", func(d *documents) {
			d.group.Policy = &adminv1.FailoverPolicy{CooldownMax: seconds(10)}
		}, []string{`groups["pool"].policy.cooldown_max: must not be below cooldown, which is 30s`}},
		{"a policy that sets neither is not blamed for the settings", func(d *documents) {
			d.settings.Failover.Cooldown = seconds(301)
			d.group.Policy = &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(2)}
		}, []string{`settings.failover.cooldown: must not be above cooldown_max, which is 5m`}},
		{"a threshold of zero", func(d *documents) { d.settings.Failover.FailureThreshold = proto.Int32(0) },
			[]string{`settings.failover.failure_threshold: must be greater than or equal to 1 and less than or equal to 100000`}},
		{"a wait that is too long to wait out", func(d *documents) { d.settings.Failover.RetryWait = seconds(3) },
			[]string{`settings.failover.retry_wait: must be greater than or equal to 0s and less than or equal to 2s`}},
		{"a hedge that is too late", func(d *documents) { d.group.Policy = &adminv1.FailoverPolicy{HedgeAfter: seconds(3601)} },
			[]string{`groups["pool"].policy.hedge_after: must be greater than or equal to 0s and less than or equal to 3600s`}},
		{"an unknown way with empty answers", func(d *documents) { d.group.Policy = &adminv1.FailoverPolicy{EmptyAnswer: "maybe"} },
			[]string{`groups["pool"].policy.empty_answer: must be in list [, pass, move_on]`}},
		{"a ratio above one", func(d *documents) { d.group.Policy = &adminv1.FailoverPolicy{MinRatio: proto.Float64(1.5)} },
			[]string{`groups["pool"].policy.min_ratio: must be greater than or equal to 0 and less than or equal to 1`}},
		{"a ratio that is no number", func(d *documents) { d.settings.Failover.MinRatio = proto.Float64(math.NaN()) },
			[]string{`settings.failover.min_ratio: must be greater than or equal to 0 and less than or equal to 1`}},
		{"a retention of a minute", func(d *documents) { d.settings.Retention = &adminv1.Retention{Calls: seconds(60)} },
			[]string{`settings.retention.calls: must be greater than or equal to 3600s and less than or equal to 315360000s`}},

		// API keys.
		{"a key's group does not exist", func(d *documents) { d.key.Groups = []string{"pool", "ghost"} },
			[]string{`api_keys["app"].groups[1]: refers to group "ghost", which does not exist`}},
		{"a key names an alias", func(d *documents) { d.key.Groups = []string{"gpt-4"} },
			[]string{`api_keys["app"].groups[0]: refers to group "gpt-4", which does not exist; it is an alias of group "pool"`}},
		{"a key names a group twice", func(d *documents) { d.key.Groups = []string{"pool", "pool"} },
			[]string{`api_keys["app"].groups: repeated value must contain unique items`}},
		{"a key without a hash", func(d *documents) { d.key.SecretHash = nil }, []string{`api_keys["app"].secret: is required`}},
		{"a key with a short hash", func(d *documents) { d.key.SecretHash = []byte("short") },
			[]string{`api_keys["app"].secret: has a hash of 5 bytes, want 32`}},
		{"a key in clear", func(d *documents) { d.key.Secret = "canary-canary-canary" }, []string{`api_keys["app"].secret: is not hashed`}},
		{"two keys are the same secret", func(d *documents) {
			d.also(controlplane.KindAPIKey, "a", &adminv1.ApiKey{Name: "a", SecretHash: bytes.Repeat([]byte{1}, 32)})
			d.also(controlplane.KindAPIKey, "z", &adminv1.ApiKey{Name: "z", SecretHash: bytes.Repeat([]byte{1}, 32)})
		}, []string{
			`api_keys["a"].secret: is the secret of API key "app" too; each needs its own`,
			`api_keys["z"].secret: is the secret of API key "app" too; each needs its own`,
		}},
		{"an expiry beyond the calendar", func(d *documents) { d.key.ExpireTime = &timestamppb.Timestamp{Seconds: math.MaxInt64} },
			[]string{`api_keys["app"].expire_time: must be a time between the years 1 and 9999`}},
		{"an expiry in the past", func(d *documents) { d.key.ExpireTime = timestamppb.New(time.Unix(0, 0)) }, nil},

		// Failure keywords.
		{"neither keyword nor pattern", func(d *documents) { d.keyword.Keyword = "" },
			[]string{`failure_keywords["overloaded"]: set either keyword or pattern`}},
		{"both keyword and pattern", func(d *documents) { d.keyword.Pattern = "x" },
			[]string{`failure_keywords["overloaded"]: set either keyword or pattern`}},
		{"a keyword that holds in one place", func(d *documents) {
			d.keyword.Scopes, d.keyword.Providers, d.keyword.Groups = []string{"error"}, []string{"openai-main"}, []string{"pool"}
		}, nil},
		{"a keyword for nobody", func(d *documents) {
			d.keyword.Providers, d.keyword.Groups = []string{"openai-main", "ghost"}, []string{"gpt-4", "none"}
		}, []string{
			`failure_keywords["overloaded"].providers[1]: refers to provider "ghost", which does not exist`,
			`failure_keywords["overloaded"].groups[0]: refers to group "gpt-4", which does not exist; it is an alias of group "pool"`,
			`failure_keywords["overloaded"].groups[1]: refers to group "none", which does not exist`,
		}},
		{"an unknown scope", func(d *documents) { d.keyword.Scopes = []string{"head"} },
			[]string{`failure_keywords["overloaded"].scopes[0]: must be in list [error, answer, stream]`}},
		{"a blank keyword", func(d *documents) { d.keyword.Keyword = " " },
			[]string{`failure_keywords["overloaded"].keyword: must not be blank: nearly every response would fail`}},
		{"a pattern that does not compile", pattern(`a(b`),
			[]string{"failure_keywords[\"overloaded\"].pattern: is not an RE2 pattern: error parsing regexp: missing closing ): `a(b`"}},
		{"a look-ahead is not RE2", pattern(`(?=x)`),
			[]string{"failure_keywords[\"overloaded\"].pattern: is not an RE2 pattern: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"}},
		{"a pattern that matches everything", pattern(`x*`),
			[]string{`failure_keywords["overloaded"].pattern: matches empty text, so every response would fail`}},
		{"a good pattern", pattern(`(?i)quota .* exceeded`), nil},

		// Several faults come in the order of an export.
		{"faults everywhere", func(d *documents) {
			d.keyword.Keyword = ""
			d.key.Groups = []string{"ghost"}
			d.group.Members[0].Provider = "ghost"
			d.provider.BaseUrl = ""
			d.settings.Failover.MaxAttempts = proto.Int32(21)
		}, []string{
			`settings.failover.max_attempts: must be greater than or equal to 1 and less than or equal to 20`,
			`providers["openai-main"].base_url: is required`,
			`groups["pool"].members[0].provider: refers to provider "ghost", which does not exist`,
			`api_keys["app"].groups[0]: refers to group "ghost", which does not exist`,
			`failure_keywords["overloaded"]: set either keyword or pattern`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := validDocuments()
			tt.spoil(d)
			err := validation.Check(d.config())
			if got := errstest.Violations(t, err); !slices.Equal(got, tt.want) {
				t.Errorf("violations:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error quotes a value that may be secret: %v", err)
			}
		})
	}
}

func endpoints(all ...*adminv1.Endpoint) func(*documents) {
	return func(d *documents) { d.provider.Endpoints = all }
}

func baseURL(u string) func(*documents) { return func(d *documents) { d.provider.BaseUrl = u } }

func header(name, value string) func(*documents) {
	return func(d *documents) { d.provider.Headers[name] = value }
}

func pattern(p string) func(*documents) {
	return func(d *documents) { d.keyword.Keyword, d.keyword.Pattern = "", p }
}

func TestManyFaultsAreCountedAndCut(t *testing.T) {
	t.Parallel()
	d := validDocuments()
	for i := range 250 {
		name := fmt.Sprintf("key-%03d", i)
		d.also(controlplane.KindAPIKey, name, &adminv1.ApiKey{Name: name})
	}
	err := validation.Check(d.config())
	list := errstest.Violations(t, err)
	if len(list) != 100 || list[0] != `api_keys["key-000"].secret: is required` || list[99] != `api_keys["key-099"].secret: is required` {
		t.Errorf("%d violations, first %q; want the first 100 in order", len(list), list[0])
	}
	if !strings.Contains(err.Error(), "(250 faults, these are the first 100)") {
		t.Errorf("the message does not count them: %.80s", err.Error())
	}
}

// What is not checked again must not hide a fault that a change elsewhere causes.
func TestAChangeElsewhereIsNoticed(t *testing.T) {
	t.Parallel()
	provider := func(models ...string) *adminv1.Provider {
		p := &adminv1.Provider{Name: "openai-main", Dialect: "fake"}
		for _, id := range models {
			p.Models = append(p.Models, &adminv1.Model{Id: id})
		}
		return p
	}
	tests := []struct {
		name string
		op   controlplane.Op
		want []string
	}{
		{"a model goes away", controlplane.Op{Kind: controlplane.KindProvider, Name: "openai-main", Spec: provider("gpt-4o")},
			[]string{`groups["pool"].members[0].model: refers to model "mini", which provider "openai-main" does not have`}},
		{"the provider goes away", controlplane.Op{Kind: controlplane.KindProvider, Name: "openai-main"}, []string{
			`groups["pool"].members[0].provider: refers to provider "openai-main", which does not exist`,
			`groups["pool"].members[1].provider: refers to provider "openai-main", which does not exist`,
		}},
		{"the group goes away", controlplane.Op{Kind: controlplane.KindGroup, Name: "pool"},
			[]string{`api_keys["app"].groups[0]: refers to group "pool", which does not exist`}},
		{"the settings' longest cooldown falls below a group's first", controlplane.Op{
			Kind: controlplane.KindSettings, Name: "settings",
			Spec: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{CooldownMax: seconds(60)}},
		}, []string{`groups["pool"].policy.cooldown: must not be above cooldown_max, which is 1m`}},
		{"a new key has an old secret", controlplane.Op{
			Kind: controlplane.KindAPIKey, Name: "a", Spec: &adminv1.ApiKey{Name: "a", SecretHash: bytes.Repeat([]byte{1}, 32)},
		}, []string{`api_keys["a"].secret: is the secret of API key "app" too; each needs its own`}},
		{"a new group has an old alias", controlplane.Op{
			Kind: controlplane.KindGroup, Name: "a", Spec: &adminv1.Group{Name: "a", Aliases: []string{"gpt-4"}},
		}, []string{`groups["a"].aliases[0]: "gpt-4" is already a name of group "pool"`}},
		{"an unrelated change", controlplane.Op{Kind: controlplane.KindFailureKeyword, Name: "overloaded"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := validDocuments()
			d.group.Policy = &adminv1.FailoverPolicy{Cooldown: seconds(90)}
			base := d.config()
			if err := validation.Check(base); err != nil {
				t.Fatal(err)
			}
			if got := errstest.Violations(t, validation.Check(change(base, tt.op))); !slices.Equal(got, tt.want) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
			// A step between that was never validated must not hide it either.
			between := change(base, controlplane.Op{Kind: controlplane.KindGroup, Name: "other", Spec: &adminv1.Group{Name: "other"}})
			third := controlplane.Op{Kind: controlplane.KindGroup, Name: "third", Spec: &adminv1.Group{Name: "third"}}
			if got := errstest.Violations(t, validation.Check(change(change(between, tt.op), third))); !slices.Equal(got, tt.want) {
				t.Errorf("over two steps: violations %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAnInvalidConfigurationStaysInvalidUntilItIsFixed(t *testing.T) {
	t.Parallel()
	d := validDocuments()
	d.keyword.Keyword = ""
	c := d.config()
	want := []string{`failure_keywords["overloaded"]: set either keyword or pattern`}
	for range 2 {
		if got := errstest.Violations(t, validation.Check(c)); !slices.Equal(got, want) {
			t.Fatalf("violations %q, want %q", got, want)
		}
	}
	c = change(c, controlplane.Op{Kind: controlplane.KindGroup, Name: "other", Spec: &adminv1.Group{Name: "other"}})
	if got := errstest.Violations(t, validation.Check(c)); !slices.Equal(got, want) {
		t.Fatalf("after another change: violations %q, want %q", got, want)
	}
	c = change(c, controlplane.Op{Kind: controlplane.KindFailureKeyword, Name: "overloaded"})
	if err := validation.Check(c); err != nil {
		t.Errorf("fixed: %v", err)
	}
}

// However secrets wander among keys, and whether or not each step was checked, two keys with the same one are noticed.
func TestTheSameSecretIsNoticedAfterAnyChanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	hash := func() []byte {
		if n := random.IntN(6); n > 0 {
			return bytes.Repeat([]byte{byte(n)}, 32)
		}
		return nil
	}
	refused := 0
	for range 200 {
		c := validDocuments().config()
		for step := range 20 {
			name := fmt.Sprint("key-", random.IntN(4))
			op := controlplane.Op{Kind: controlplane.KindAPIKey, Name: name}
			if random.IntN(5) > 0 {
				op.Spec = &adminv1.ApiKey{Name: name, Groups: []string{"pool"}, SecretHash: bytes.Repeat([]byte{byte(10 + step)}, 32), OldSecretHash: hash()}
				if secret := hash(); secret != nil {
					op.Spec.(*adminv1.ApiKey).SecretHash = secret
				}
			}
			next := change(c, op)
			if random.IntN(3) == 0 {
				c = next // several steps are checked at once
				continue
			}
			var all []*controlplane.Resource
			for _, kind := range controlplane.Kinds {
				all = append(all, next.List(kind)...)
			}
			stored := controlplane.Secret{Ref: "credential/1"}
			want := errstest.Violations(t, validation.Check(controlplane.NewConfig(1, "lineage", all, []controlplane.Secret{stored})))
			if got := errstest.Violations(t, validation.Check(next)); !slices.Equal(got, want) {
				t.Fatalf("violations %q; of all documents %q", got, want)
			}
			if len(want) > 0 {
				refused++
				break
			}
			c = next
		}
	}
	if refused < 50 {
		t.Errorf("%d of 200 sequences ended with the same secret twice", refused)
	}
}

// change applies one op the way a store does.
func change(c *controlplane.Config, op controlplane.Op) *controlplane.Config {
	revision := c.Revision + 1
	return c.With(revision, c.Changes(revision, time.Unix(0, 0), "test", []controlplane.Op{op}, func() string { return "uid" }), op.Secrets)
}

func manyKeys(n int) *controlplane.Config {
	d := validDocuments()
	for i := range n {
		name := fmt.Sprintf("key-%06d", i)
		hash := make([]byte, 32)
		copy(hash, name)
		d.also(controlplane.KindAPIKey, name, &adminv1.ApiKey{Name: name, Groups: []string{"pool"}, SecretHash: hash})
	}
	return d.config()
}

func BenchmarkCheckWith100000Keys(b *testing.B) {
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			c := manyKeys(100_000)
			b.StartTimer()
			if err := validation.Check(c); err != nil {
				b.Fatal(err)
			}
		}
	})
	ops := map[string]controlplane.Op{
		"limits of one key": {Kind: controlplane.KindAPIKey, Name: "app", Spec: &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}, SecretHash: bytes.Repeat([]byte{1}, 32)}},
		"one key":           {Kind: controlplane.KindAPIKey, Name: "new", Spec: &adminv1.ApiKey{Name: "new", SecretHash: bytes.Repeat([]byte{9}, 32)}},
		"one provider":      {Kind: controlplane.KindProvider, Name: "new", Spec: &adminv1.Provider{Name: "new", Dialect: "fake"}},
		"one group":         {Kind: controlplane.KindGroup, Name: "new", Spec: &adminv1.Group{Name: "new"}},
	}
	base := manyKeys(100_000)
	if err := validation.Check(base); err != nil {
		b.Fatal(err)
	}
	for name, op := range ops {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := validation.Check(change(base, op)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func seconds(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }
