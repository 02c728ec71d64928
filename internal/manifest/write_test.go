package manifest_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/manifest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func write(t *testing.T, docs ...proto.Message) string {
	t.Helper()
	var b bytes.Buffer
	if err := manifest.Write(&b, docs); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteIsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	want := `kind: Provider
name: openai-main
base_url: https://api.openai.com/v1
dialect: openai
credentials:
  - name: main
    secret: sk-upstream
    enabled: true
headers:
  x-team: search
enabled: true
models:
  - id: gpt-4o-mini
    alias: mini
    price:
      input: "0.15"
      cached_input: "0.075"
      output: "0.60"
    context_window: 128000
---
kind: Group
name: gpt-4-pool
aliases:
  - gpt-4
members:
  - provider: openai-main
    model: gpt-4o-mini
    priority: 1
    weight: 1
    enabled: true
  - provider: backup
    model: some-model
    priority: 2
policy:
  first_token_timeout: 10s
---
kind: ApiKey
name: my-app
groups:
  - gpt-4-pool
enabled: true
expire_time: 2027-01-01T00:00:00Z
limits:
  requests_per_minute: 600
  tokens_per_minute: 200000
  concurrency: 20
budget:
  amount: "50"
  period: month
---
kind: FailureKeyword
name: overloaded
keyword: model is overloaded
---
kind: Settings
failover:
  failure_threshold: 5
  failure_window: 1m
  min_ratio: 0.2
  cooldown: 30s
  cooldown_max: 5m
  max_attempts: 5
  connect_timeout: 5s
  total_timeout: 10m
`
	if got := write(t, exampleDocs()...); got != want {
		t.Errorf("Write =\n%s\nwant:\n%s", got, want)
	}
	if got := write(t); got != "" {
		t.Errorf("no documents give %q", got)
	}
}

func TestWriteLeavesOutputOnlyFieldsOut(t *testing.T) {
	t.Parallel()
	now := timestamppb.New(time.Unix(1_800_000_000, 0))
	got := write(t,
		&adminv1.ApiKey{Name: "k", Uid: "canary", Etag: "canary", CreateTime: now, UpdateTime: now, Prefix: "canary", LastFour: "canary", SecretHash: []byte("canary")},
		&adminv1.Provider{Name: "p", Credentials: []*adminv1.Credential{{Name: "c", SecretHint: "canary", SecretRef: "canary", SecretSetTime: now}}},
	)
	if want := "kind: ApiKey\nname: k\n---\nkind: Provider\nname: p\ncredentials:\n  - name: c\n"; got != want {
		t.Errorf("Write =\n%s\nwant:\n%s", got, want)
	}
}

func TestWriteDurationsAreShort(t *testing.T) {
	t.Parallel()
	tests := map[time.Duration]string{
		0: "0s", time.Second: "1s", 30 * time.Second: "30s", 90 * time.Second: "1m30s", 5 * time.Minute: "5m", 10 * time.Minute: "10m",
		100 * time.Minute: "1h40m", time.Hour: "1h", 10 * time.Hour: "10h", 720 * time.Hour: "720h", time.Hour + time.Second: "1h0m1s",
		2500 * time.Millisecond: "2.5s", 250 * time.Millisecond: "250ms", time.Nanosecond: "1ns", -time.Minute: "-1m",
	}
	for d, want := range tests {
		got := write(t, &adminv1.Settings{Failover: &adminv1.FailoverPolicy{Cooldown: duration(d)}})
		if want := "kind: Settings\nfailover:\n  cooldown: " + want + "\n"; got != want {
			t.Errorf("%s is written as %q, want %q", d, got, want)
		}
	}
}

func TestWriteRefusesWhatReadCouldNotRead(t *testing.T) {
	t.Parallel()
	tests := map[string]proto.Message{
		"no kind of resource":     &adminv1.Credential{Name: "c"},
		"a duration beyond limit": &adminv1.Settings{Failover: &adminv1.FailoverPolicy{Cooldown: &durationpb.Duration{Seconds: 300_000_000_000}}},
		"a broken duration":       &adminv1.Settings{Failover: &adminv1.FailoverPolicy{Cooldown: &durationpb.Duration{Seconds: 1, Nanos: -1}}},
		"a time beyond the years": &adminv1.ApiKey{Name: "k", ExpireTime: &timestamppb.Timestamp{Seconds: 1 << 60}},
	}
	for name, doc := range tests {
		if err := manifest.Write(&bytes.Buffer{}, []proto.Message{doc}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestWriteReportsAWriterThatFails(t *testing.T) {
	t.Parallel()
	if err := manifest.Write(broken{}, exampleDocs()); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("error %v, want: disk is full", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

// awkward are strings that YAML, the environment syntax or an emitter could spoil.
var awkward = []string{
	"", " ", "a", "0", "0.15", "1e3", "0x10", "1_000", "true", "yes", "no", "null", "~", "<<", "=", "-", "- a", "? a", ": a", "a: b", "a #b", "#a",
	"&a", "*a", "!a", "!!str a", "|", ">", "'", "\"", "''", "%a", "@a", "`a", "{a}", "[a]", "a,b", "---", "...", "--- a",
	"${A}", "$${A}", "$$${A}", "$", "$$", "${", "a${B}c", "}", "\\", "\\n", "a\nb", "\na", "a\n", "a\n\nb", "  a\n b", "a\r\nb", "\r", "\t", "a\tb",
	"\x00", "\x7f", "\u0085", "\u00a0", "\u2028", "\u2029", "\ufeff", "a\ufeffb", "\u200b", "😀", "组", strings.Repeat("word ", 2000) + "end",
	"2027-01-01", "2027-01-01T00:00:00Z", "12:30:45", "0o17", ".inf", "NaN", "\ud7ff", "\ufffd", "\U0010ffff",
}

func TestEveryTextSurvives(t *testing.T) {
	t.Parallel()
	for _, s := range awkward {
		roundTrip(t, &adminv1.Provider{
			Name: "n" + s, BaseUrl: s, Headers: map[string]string{s: s, "x": s},
			Models: []*adminv1.Model{{Id: s, Price: &adminv1.Price{Input: s}}},
		})
		roundTrip(t, &adminv1.Group{Name: "n", Aliases: []string{s, "x" + s}, Policy: &adminv1.FailoverPolicy{}})
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	t.Parallel()
	headers := map[string]string{}
	for _, s := range awkward {
		headers[s] = s
	}
	p := &adminv1.Provider{Name: "p", Headers: headers}
	first := write(t, p)
	for range 20 {
		if write(t, proto.Clone(p)) != first {
			t.Fatal("equal messages give different bytes")
		}
	}
}

// roundTrip writes doc, reads it, and writes it again. The environment is empty, so a
// reference that was not escaped fails.
func roundTrip(t *testing.T, doc proto.Message) {
	t.Helper()
	text := write(t, doc)
	docs, err := manifest.Read(strings.NewReader(text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	equal(t, docs, []proto.Message{doc})
	if again := write(t, docs...); again != text {
		t.Errorf("written again:\n%s\nfirst:\n%s", again, text)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, int64(30), int32(0), true, 0.2)
	}
	f.Add("x", int64(-1), int32(999_999_999), false, 1e-300)
	f.Fuzz(func(t *testing.T, s string, sec int64, nanos int32, b bool, ratio float64) {
		s = strings.ToValidUTF8(s, "?")
		if ratio != ratio || ratio > 1e308 || ratio < -1e308 {
			t.Skip("not a finite number")
		}
		d := durationpb.New(time.Duration(sec%1e9)*time.Second + time.Duration(nanos%1e9))
		roundTrip(t, &adminv1.Provider{
			Name: "n" + s, BaseUrl: s, Enabled: proto.Bool(b), MaxInFlight: nanos,
			Credentials: []*adminv1.Credential{{Name: s, Secret: s}},
			Headers:     map[string]string{s: s},
			Models:      []*adminv1.Model{{Id: s, ContextWindow: sec}},
			Timeouts:    &adminv1.ProviderTimeouts{Connect: d},
		})
		roundTrip(t, &adminv1.Settings{Failover: &adminv1.FailoverPolicy{MinRatio: proto.Float64(ratio), Cooldown: d, MaxAttempts: proto.Int32(nanos)}})
	})
}

// Whatever is read can be written, and reads as the same: except output-only fields.
func FuzzRead(f *testing.F) {
	f.Add(example)
	f.Add(bomb())
	f.Add(`{"kind": "Group", "name": "g", "members": [{"provider": "p"}]}`)
	f.Add("- {kind: Group, name: a}\n- &x {kind: ApiKey, name: b, groups: [a]}\n- {<<: *x, name: c}\n")
	f.Add("kind: Settings\nfailover: {cooldown: 1h30m, min_ratio: .5}\n---\n---\nkind: ApiKey\nname: k\nexpire_time: 2027-01-01T00:00:00.123456789+02:00")
	f.Add("kind: FailureKeyword\nname: k\nkeyword: |\n  ${A} $${B}\n  c\n")
	f.Add("&m\nkind: Group\nname: g\n<<: *m\n")
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := manifest.Read(strings.NewReader(text), func(name string) (string, bool) { return name, name != "" })
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := manifest.Write(&b, docs); err != nil {
			t.Skip("a value that cannot be written: ", err)
		}
		again, err := manifest.Read(&b, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		var c bytes.Buffer
		if err := manifest.Write(&c, again); err != nil {
			t.Fatal(err)
		}
		first := write(t, docs...)
		if !slices.Equal([]byte(first), c.Bytes()) {
			t.Fatalf("read and written:\n%s\nagain:\n%s", first, c.String())
		}
	})
}
