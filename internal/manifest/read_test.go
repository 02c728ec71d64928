package manifest_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// env is the environment of the tests.
func env(name string) (string, bool) {
	values := map[string]string{
		"OPENAI_API_KEY": "sk-upstream",
		"EMPTY":          "",
		"YES":            "true",
		"SEVEN":          "7",
		"TRICKY":         "a: b # {${OPENAI_API_KEY}}\nkind: Group",
		"CANARY":         "canary-secret",
		"LATIN1":         "caf\xe9",
		"_x9":            "under",
	}
	v, ok := values[name]
	return v, ok
}

func read(t *testing.T, text string) []proto.Message {
	t.Helper()
	docs, err := manifest.Read(strings.NewReader(text), env)
	if err != nil {
		t.Fatalf("Read: %v\n%s", err, text)
	}
	return docs
}

// example is the file of the architecture's page.
const example = `kind: Provider
name: openai-main
base_url: https://api.openai.com/v1
dialect: openai                       # default: pass-through
credentials:
  - {name: main, secret: "${OPENAI_API_KEY}", enabled: true}
headers: {x-team: search}             # added to every upstream request
allow_private_network: false
max_in_flight: 0                      # 0 = no limit
enabled: true
models:
  - id: gpt-4o-mini
    alias: mini                       # optional other name for it in groups
    price: {input: "0.15", cached_input: "0.075", output: "0.60"}
    context_window: 128000            # optional
---
kind: Group
name: gpt-4-pool
aliases: [gpt-4]
members:
  - {provider: openai-main, model: gpt-4o-mini, priority: 1, weight: 1, enabled: true}
  - {provider: backup,      model: some-model,  priority: 2}
policy: {first_token_timeout: 10s}    # any field of Settings.failover
---
kind: ApiKey
name: my-app
groups: [gpt-4-pool]
enabled: true
expire_time: 2027-01-01T00:00:00Z      # optional
limits: {requests_per_minute: 600, tokens_per_minute: 200000, concurrency: 20}
budget: {amount: "50", period: month}
---
kind: FailureKeyword
name: overloaded
keyword: "model is overloaded"        # or pattern: RE2
---
kind: Settings
failover:
  failure_threshold: 5
  failure_window: 60s
  min_ratio: 0.2
  cooldown: 30s
  cooldown_max: 300s
  max_attempts: 5
  connect_timeout: 5s
  total_timeout: 600s
`

func exampleDocs() []proto.Message {
	return []proto.Message{
		&adminv1.Provider{
			Name: "openai-main", BaseUrl: "https://api.openai.com/v1", Dialect: "openai",
			Credentials: []*adminv1.Credential{{Name: "main", Secret: "sk-upstream", Enabled: proto.Bool(true)}},
			Headers:     map[string]string{"x-team": "search"},
			Enabled:     proto.Bool(true),
			Models: []*adminv1.Model{{
				Id: "gpt-4o-mini", Alias: "mini", ContextWindow: 128000,
				Price: &adminv1.Price{Input: "0.15", CachedInput: "0.075", Output: "0.60"},
			}},
		},
		&adminv1.Group{
			Name: "gpt-4-pool", Aliases: []string{"gpt-4"},
			Members: []*adminv1.Member{
				{Provider: "openai-main", Model: "gpt-4o-mini", Priority: 1, Weight: proto.Int32(1), Enabled: proto.Bool(true)},
				{Provider: "backup", Model: "some-model", Priority: 2},
			},
			Policy: &adminv1.FailoverPolicy{FirstTokenTimeout: duration(10 * time.Second)},
		},
		&adminv1.ApiKey{
			Name: "my-app", Groups: []string{"gpt-4-pool"}, Enabled: proto.Bool(true),
			ExpireTime: timestamppb.New(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)),
			Limits:     &adminv1.KeyLimits{RequestsPerMinute: 600, TokensPerMinute: 200_000, Concurrency: 20},
			Budget:     &adminv1.Budget{Amount: "50", Period: "month"},
		},
		&adminv1.FailureKeyword{Name: "overloaded", Keyword: "model is overloaded"},
		&adminv1.Settings{Failover: &adminv1.FailoverPolicy{
			FailureThreshold: proto.Int32(5), FailureWindow: duration(time.Minute), MinRatio: proto.Float64(0.2),
			Cooldown: duration(30 * time.Second), CooldownMax: duration(300 * time.Second), MaxAttempts: proto.Int32(5),
			ConnectTimeout: duration(5 * time.Second), TotalTimeout: duration(600 * time.Second),
		}},
	}
}

func TestReadTheExample(t *testing.T) {
	t.Parallel()
	equal(t, read(t, example), exampleDocs())
}

func TestReadValues(t *testing.T) {
	t.Parallel()
	model := func(p *adminv1.Price) *adminv1.Provider {
		return &adminv1.Provider{Name: "p", Models: []*adminv1.Model{{Id: "m", Price: p}}}
	}
	policy := func(p *adminv1.FailoverPolicy) *adminv1.Settings { return &adminv1.Settings{Failover: p} }
	tests := []struct {
		name, text string
		want       proto.Message
	}{
		{"bare numbers stay as they are written",
			"kind: Provider\nname: p\nmodels: [{id: m, price: {input: 0.15, cached_input: 0.10, output: 12345678.000001, per_call: 1e3}}]",
			model(&adminv1.Price{Input: "0.15", CachedInput: "0.10", Output: "12345678.000001", PerCall: "1e3"})},
		{"bare scalars as text",
			"kind: Provider\nname: 007\nbase_url: true\ndialect: 2027-01-01\nmodels: [{id: 0x10, alias: 1_000}]",
			&adminv1.Provider{Name: "007", BaseUrl: "true", Dialect: "2027-01-01", Models: []*adminv1.Model{{Id: "0x10", Alias: "1_000"}}}},
		{"words that YAML once took for booleans", "kind: Group\nname: no\naliases: [yes, on, 'null', \"~\"]",
			&adminv1.Group{Name: "no", Aliases: []string{"yes", "on", "null", "~"}}},
		{"null leaves a field out", "kind: Group\nname: g\naliases:\npolicy: null\nenabled: ~\nmembers: []",
			&adminv1.Group{Name: "g"}},
		{"an empty message is there", "kind: Group\nname: g\npolicy: {}", &adminv1.Group{Name: "g", Policy: &adminv1.FailoverPolicy{}}},
		{"false is not unset", "kind: Group\nname: g\nenabled: false", &adminv1.Group{Name: "g", Enabled: proto.Bool(false)}},
		{"seconds", "kind: Settings\nfailover: {cooldown: 30s}", policy(&adminv1.FailoverPolicy{Cooldown: duration(30 * time.Second)})},
		{"minutes", "kind: Settings\nfailover: {cooldown: 5m}", policy(&adminv1.FailoverPolicy{Cooldown: duration(5 * time.Minute)})},
		{"mixed", "kind: Settings\nfailover: {cooldown: 1h30m}", policy(&adminv1.FailoverPolicy{Cooldown: duration(90 * time.Minute)})},
		{"fractions", "kind: Settings\nfailover: {cooldown: 2.5s}", policy(&adminv1.FailoverPolicy{Cooldown: duration(2500 * time.Millisecond)})},
		{"milliseconds", "kind: Settings\nfailover: {cooldown: 250ms}", policy(&adminv1.FailoverPolicy{Cooldown: duration(250 * time.Millisecond)})},
		{"a time with an offset", "kind: ApiKey\nname: k\nexpire_time: \"2027-01-01T02:00:00.5+02:00\"",
			&adminv1.ApiKey{Name: "k", ExpireTime: timestamppb.New(time.Date(2027, 1, 1, 0, 0, 0, 500_000_000, time.UTC))}},
		{"what the API answers, pasted", "kind: ApiKey\nname: k\nuid: u\netag: \"7\"\ncreate_time: 2026-01-01T00:00:00Z\nprefix: sk-tl-ab\nlast_four: wxyz\nsecret_hash: aGk=",
			&adminv1.ApiKey{Name: "k", Uid: "u", Etag: "7", Prefix: "sk-tl-ab", LastFour: "wxyz", SecretHash: []byte("hi"),
				CreateTime: timestamppb.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}},
		{"block text keeps its lines", "kind: FailureKeyword\nname: k\nkeyword: |\n  one\n  two\n", &adminv1.FailureKeyword{Name: "k", Keyword: "one\ntwo\n"}},
		{"an explicit tag", "kind: Group\nname: !!str 12", &adminv1.Group{Name: "12"}},

		// The environment.
		{"inside text", "kind: Provider\nname: p\nbase_url: https://${SEVEN}.example/${_x9}", &adminv1.Provider{Name: "p", BaseUrl: "https://7.example/under"}},
		{"twice in a row", "kind: Provider\nname: p\ndialect: ${SEVEN}${SEVEN}", &adminv1.Provider{Name: "p", Dialect: "77"}},
		{"set but empty", "kind: Provider\nname: p\ndialect: \"${EMPTY}\"", &adminv1.Provider{Name: "p"}},
		{"for a boolean and a number", "kind: Provider\nname: p\nenabled: ${YES}\nmax_in_flight: \"${SEVEN}\"",
			&adminv1.Provider{Name: "p", Enabled: proto.Bool(true), MaxInFlight: 7}},
		{"a value is neither YAML nor expanded again", "kind: Provider\nname: p\ndialect: ${TRICKY}",
			&adminv1.Provider{Name: "p", Dialect: "a: b # {${OPENAI_API_KEY}}\nkind: Group"}},
		{"escaped", "kind: FailureKeyword\nname: k\nkeyword: $${SEVEN} $$${SEVEN} $$$${x", &adminv1.FailureKeyword{Name: "k", Keyword: "${SEVEN} $${SEVEN} $$${x"}},
		{"other dollars stand for themselves", "kind: FailureKeyword\nname: k\nkeyword: $5 $HOME $$ a$", &adminv1.FailureKeyword{Name: "k", Keyword: "$5 $HOME $$ a$"}},
		{"keys are not expanded", "kind: Provider\nname: p\nheaders: {\"${SEVEN}\": x}", &adminv1.Provider{Name: "p", Headers: map[string]string{"${SEVEN}": "x"}}},

		// Anchors.
		{"an alias", "kind: Provider\nname: p\nmodels: [{id: a, price: &p {input: 1}}, {id: b, price: *p}]",
			&adminv1.Provider{Name: "p", Models: []*adminv1.Model{{Id: "a", Price: &adminv1.Price{Input: "1"}}, {Id: "b", Price: &adminv1.Price{Input: "1"}}}}},
		{"a merge, of which the mapping's own keys win", "kind: Provider\nname: p\nmodels:\n- &a {id: a, alias: x, context_window: 5}\n- {<<: *a, id: b, alias: y}",
			&adminv1.Provider{Name: "p", Models: []*adminv1.Model{{Id: "a", Alias: "x", ContextWindow: 5}, {Id: "b", Alias: "y", ContextWindow: 5}}}},
		{"a merge of several, of which the first wins", "kind: Group\nname: g\nmembers:\n- &a {provider: p, model: a}\n- &b {model: b, priority: 9}\n- <<: [*a, *b]",
			&adminv1.Group{Name: "g", Members: []*adminv1.Member{{Provider: "p", Model: "a"}, {Model: "b", Priority: 9}, {Provider: "p", Model: "a", Priority: 9}}}},
		{"an alias for text", "kind: Group\nname: &n g\naliases: [*n]", &adminv1.Group{Name: "g", Aliases: []string{"g"}}},

		// JSON.
		{"JSON", `{"kind": "Group", "name": "g", "members": [{"provider": "p", "model": "m", "priority": 3, "enabled": false}], "policy": null}`,
			&adminv1.Group{Name: "g", Members: []*adminv1.Member{{Provider: "p", Model: "m", Priority: 3, Enabled: proto.Bool(false)}}}},
		{"JSON with tabs", "{\n\t\"kind\": \"Group\",\n\t\"name\": \"g\"\n}\n", &adminv1.Group{Name: "g"}},
		{"JSON's own escapes", `{"kind": "FailureKeyword", "name": "k", "keyword": "\ud83d\ude00 \/ \u00e9 \t"}`, &adminv1.FailureKeyword{Name: "k", Keyword: "😀 / é \t"}},
		{"JSON numbers stay as they are written", `{"kind": "Provider", "name": "p", "models": [{"id": "m", "price": {"input": 0.10, "output": 123456789.123456}}]}`,
			model(&adminv1.Price{Input: "0.10", Output: "123456789.123456"})},
		{"the environment in JSON", `{"kind": "Provider", "name": "p", "credentials": [{"name": "c", "secret": "${OPENAI_API_KEY}"}]}`,
			&adminv1.Provider{Name: "p", Credentials: []*adminv1.Credential{{Name: "c", Secret: "sk-upstream"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			equal(t, read(t, tt.text), []proto.Message{tt.want})
		})
	}
}

func TestReadStreams(t *testing.T) {
	t.Parallel()
	a, b := &adminv1.Group{Name: "a"}, &adminv1.Group{Name: "b"}
	tests := []struct {
		name, text string
		want       []proto.Message
	}{
		{"nothing", "", nil},
		{"comments only", "# nothing\n---\n# here\n", nil},
		{"empty documents", "---\n---\nkind: Group\nname: a\n---\n\n---\nnull\n---\nkind: Group\nname: b\n...\n", []proto.Message{a, b}},
		{"a byte order mark and CRLF", "\ufeffkind: Group\r\nname: a\r\n---\r\nkind: Group\r\nname: b\r\n", []proto.Message{a, b}},
		{"a list", "- {kind: Group, name: a}\n- {kind: Group, name: b}\n", []proto.Message{a, b}},
		{"a JSON list", `[{"kind":"Group","name":"a"},{"kind":"Group","name":"b"}]`, []proto.Message{a, b}},
		{"JSON one after another", "{\"kind\":\"Group\",\"name\":\"a\"}\n{\"kind\":\"Group\",\"name\":\"b\"}\n", []proto.Message{a, b}},
		{"JSON between YAML's dashes", "{\"kind\":\"Group\",\"name\":\"a\"}\n---\n{\"kind\":\"Group\",\"name\":\"b\"}\n", []proto.Message{a, b}},
		{"the same name in two kinds", "kind: Group\nname: a\n---\nkind: ApiKey\nname: a\n", []proto.Message{a, &adminv1.ApiKey{Name: "a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			equal(t, read(t, tt.text), tt.want)
		})
	}
}

func TestReadFaultsNameLineAndField(t *testing.T) {
	t.Parallel()
	const known = "AlertChannel, ApiKey, FailureKeyword, Group, Provider, Settings"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"no kind", "name: x", []string{"line 1: kind: is missing; it is one of " + known}},
		{"an unknown kind", "# c\nkind: Provder\nname: x", []string{"line 2: kind: must be one of " + known}},
		{"a kind that is a list", "kind: [Group]\nname: x", []string{"line 1: kind: must be one of " + known}},
		{"a message that is no kind", "kind: Credential\nname: x", []string{"line 1: kind: must be one of " + known}},
		{"no name", "\nkind: Group\naliases: [a]", []string{"line 2: name: is missing"}},
		{"text as document", "hello", []string{"line 1: must be a mapping of fields to values"}},
		{"an unknown field", "kind: Group\nname: g\nmembres: []", []string{"line 3: membres: is not a field of Group"}},
		{"an unknown field far inside", "kind: Provider\nname: p\nmodels:\n- id: a\n- id: b\n  price:\n    inptu: 1",
			[]string{"line 7: models[1].price.inptu: is not a field of Price"}},
		{"two unknown fields, one of them a mapping", "kind: ApiKey\nname: k\nquota: {calls: 20}\ncolour: red",
			[]string{"line 3: quota: is not a field of ApiKey", "line 4: colour: is not a field of ApiKey"}},
		{"camel case", "kind: Provider\nname: p\nbaseUrl: x", []string{"line 3: baseUrl: is not a field of Provider"}},
		{"a field twice", "kind: Group\nname: g\nname: h", []string{"line 3: name: occurs twice"}},
		{"a kind twice", "kind: Group\nkind: ApiKey\nname: h", []string{"line 2: kind: occurs twice"}},
		{"a document twice", "kind: Group\nname: g\n---\nkind: Group\nname: g", []string{`line 4: Group "g" is on line 1 already`}},
		{"settings twice", "kind: Settings\n---\nkind: Settings", []string{`line 3: Settings "" is on line 1 already`}},
		{"the second document's line", "kind: Group\nname: g\n---\n\nkind: Group\nname: h\nenabled: maybe", []string{"line 7: enabled: must be true or false"}},
		{"yes is not true", "kind: Group\nname: g\nenabled: yes", []string{"line 3: enabled: must be true or false"}},
		{"text for a number", "kind: Provider\nname: p\nmax_in_flight: many", []string{"line 3: max_in_flight: must be a whole number"}},
		{"a fraction for a whole number", "kind: Provider\nname: p\nmax_in_flight: 1.0", []string{"line 3: max_in_flight: must be a whole number"}},
		{"a number beyond 32 bits", "kind: Provider\nname: p\nmax_in_flight: 2147483648", []string{"line 3: max_in_flight: must be a whole number"}},
		{"hexadecimal", "kind: Provider\nname: p\nmax_in_flight: 0x10", []string{"line 3: max_in_flight: must be a whole number"}},
		{"infinity", "kind: Settings\nfailover: {min_ratio: inf}", []string{"line 2: failover.min_ratio: must be a number"}},
		{"a duration without unit", "kind: Settings\nfailover: {cooldown: 30}", []string{"line 2: failover.cooldown: must be a duration such as 30s, 5m or 1h30m"}},
		{"a duration in days", "kind: Settings\nfailover: {cooldown: 1d}", []string{"line 2: failover.cooldown: must be a duration such as 30s, 5m or 1h30m"}},
		{"a duration as mapping", "kind: Settings\nfailover: {cooldown: {seconds: 1}}", []string{"line 2: failover.cooldown: must be a duration such as 30s, 5m or 1h30m"}},
		{"a date without time", "kind: ApiKey\nname: k\nexpire_time: 2027-01-01", []string{"line 3: expire_time: must be a time such as 2027-01-01T00:00:00Z"}},
		{"a list for text", "kind: Group\nname: [g]", []string{"line 2: name: must be text"}},
		{"text for a list", "kind: Group\nname: g\naliases: x", []string{"line 3: aliases: must be a list"}},
		{"a list for a message", "kind: Group\nname: g\npolicy: []", []string{"line 3: policy: must be a mapping of fields to values"}},
		{"text for a member", "kind: Group\nname: g\nmembers: [x]", []string{"line 3: members[0]: must be a mapping of fields to values"}},
		{"null in a list", "kind: Group\nname: g\naliases: [a, null]", []string{"line 3: aliases[1]: has no value"}},
		{"null in a map", "kind: Provider\nname: p\nheaders: {x-a: }", []string{`line 3: headers["x-a"]: has no value`}},
		{"a list in a map", "kind: Provider\nname: p\nheaders: {x-a: [b]}", []string{`line 3: headers["x-a"]: must be text`}},
		{"a key twice in a map", "kind: Provider\nname: p\nheaders: {x-a: b, x-a: c}", []string{"line 3: headers.x-a: occurs twice"}},
		{"a list as key", "kind: Group\nname: g\n? [a]\n: b", []string{"line 3: has a key that is not text"}},
		{"base64 that is none", "kind: ApiKey\nname: k\nsecret_hash: '!'", []string{"line 3: secret_hash: must be base64"}},
		{"a tag", "kind: Group\nname: !secret g", []string{"line 2: name: has the tag !secret, which is not supported"}},
		{"binary", "kind: Group\nname: !!binary aGk=", []string{"line 2: name: has the tag !!binary, which is not supported"}},

		{"unset variables, each of them", "kind: Provider\nname: p\nbase_url: ${NOPE}\ncredentials:\n- name: a\n  secret: \"x-${NOPE_2}\"", []string{
			"line 3: base_url: needs the environment variable NOPE, which is not set",
			"line 6: credentials[0].secret: needs the environment variable NOPE_2, which is not set",
		}},
		{"an unset variable in a map", "kind: Provider\nname: p\nheaders: {x-a: \"${NOPE}\"}",
			[]string{`line 3: headers["x-a"]: needs the environment variable NOPE, which is not set`}},
		{"a reference that is not closed", "kind: Provider\nname: p\ndialect: ${CANARY", []string{"line 3: dialect: has a ${ that is not ${NAME}; write $${ for the characters ${"}},
		{"a shell default", "kind: Provider\nname: p\ndialect: ${CANARY:-canary}", []string{"line 3: dialect: has a ${ that is not ${NAME}; write $${ for the characters ${"}},
		{"an empty reference", "kind: Provider\nname: p\ndialect: ${}", []string{"line 3: dialect: has a ${ that is not ${NAME}; write $${ for the characters ${"}},
		{"a name that begins with a digit", "kind: Provider\nname: p\ndialect: ${1A}", []string{"line 3: dialect: has a ${ that is not ${NAME}; write $${ for the characters ${"}},
		{"a secret in the wrong field", "kind: Provider\nname: p\nenabled: ${CANARY}\nmax_in_flight: ${CANARY}\ntimeouts: {connect: \"${CANARY}\"}", []string{
			"line 3: enabled: must be true or false", "line 4: max_in_flight: must be a whole number",
			"line 5: timeouts.connect: must be a duration such as 30s, 5m or 1h30m",
		}},
		{"a variable that is not UTF-8", "kind: Provider\nname: p\ndialect: ${LATIN1}", []string{"line 3: dialect: is not UTF-8"}},
		{"JSON has lines too", "{\n\"kind\": \"Group\",\n\"name\": \"g\",\n\"enabled\": 1\n}", []string{"line 4: enabled: must be true or false"}},
		{"a JSON key twice", "{\"kind\": \"Group\",\n\"name\": \"g\",\n\"name\": \"h\"}", []string{"line 3: name: occurs twice"}},
		{"several documents, several faults", "kind: Group\n---\nkind: X\n---\nkind: ApiKey\nname: k\nx: 1\ny: 2", []string{
			"line 1: name: is missing", "line 3: kind: must be one of " + known,
			"line 7: x: is not a field of ApiKey", "line 8: y: is not a field of ApiKey",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			docs, err := manifest.Read(strings.NewReader(tt.text), env)
			if docs != nil {
				t.Errorf("documents %v beside the error", docs)
			}
			if got := errstest.Violations(t, err); !slices.Equal(got, tt.want) {
				t.Errorf("faults:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error quotes a value: %v", err)
			}
		})
	}
}

func TestReadRefusesWhatIsNotYAML(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a: b: c", "kind: [", "{\"kind\": \"Group\"", "{\"kind\":", "[", "kind: Group\n\tname: x", "a: *nope", "kind: \x01", "kind: \xff",
	} {
		_, err := manifest.Read(strings.NewReader(text), env)
		if errs.CodeOf(err) != errs.InvalidArgument || !strings.HasPrefix(err.Error(), "manifest is not YAML: ") {
			t.Errorf("Read(%q): %v, want: manifest is not YAML", text, err)
		}
	}
}

func TestReadReportsAReaderThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk is gone")
	if _, err := manifest.Read(iotest.ErrReader(broken), env); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text io.Reader
		want string
	}{
		{"aliases of aliases", strings.NewReader(bomb()), "uses aliases that grow beyond 100000 nodes"},
		{"a merge of itself", strings.NewReader("&m\nkind: Group\nname: g\n<<: *m\n"), "uses aliases that grow beyond 100000 nodes"},
		{"a list of itself", strings.NewReader("kind: Group\nname: g\nmembers: &m [*m]\n"), "members[0] must be a mapping"},
		{"one large list, many times", strings.NewReader(wide()), "uses aliases that grow beyond 100000 nodes"},
		{"65 MiB", io.MultiReader(strings.NewReader("# "), io.LimitReader(zeros{}, 65<<20)), "manifest is larger than 64 MiB"},
		{"very deep", strings.NewReader("kind: " + strings.Repeat("[", 100_000)), "manifest is not YAML"},
		{"very deep JSON", strings.NewReader(strings.Repeat("[", 100_000)), "manifest is not YAML"},
		{"a thousand faults", strings.NewReader("kind: Group\nname: g\n" + manyFields(1000)), "(1000 faults, these are the first 50)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := manifest.Read(tt.text, env)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %.200v, want one with %q", err, tt.want)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// bomb is the billion laughs: nine levels of lists, each ten times the one before.
func bomb() string {
	var b strings.Builder
	b.WriteString("kind: Group\nname: g\nmembers:\n- &a0 {provider: p, model: m}\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "- &a%d {<<: [%s]}\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return b.String()
}

// wide is a list of a thousand models, used by a thousand documents of a list.
func wide() string {
	var b strings.Builder
	b.WriteString("- {kind: Group, name: g, aliases: &a [" + strings.TrimSuffix(strings.Repeat("x,", 1000), ",") + "]}\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "- {kind: Group, name: g%d, aliases: *a}\n", i)
	}
	return b.String()
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x%d: 1\n", i)
	}
	return b.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func equal(t *testing.T, got, want []proto.Message) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d documents %v, want %d", len(got), got, len(want))
	}
	for i := range got {
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("document %d:\n%v\nwant:\n%v", i, got[i], want[i])
		}
	}
}

func duration(d time.Duration) *durationpb.Duration { return durationpb.New(d) }
