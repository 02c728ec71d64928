package snapshot_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openSealer "encrypts" by writing the binding before the text, so that a secret opened
// in the wrong place is noticed.
type openSealer struct{}

func (openSealer) Seal(plaintext, associated []byte) ([]byte, error) {
	return slicesJoin(associated, plaintext), nil
}

func (openSealer) Open(ciphertext, associated []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(ciphertext, slicesJoin(associated, nil))
	if !ok {
		return nil, errors.New("not made for this place")
	}
	return plain, nil
}

func slicesJoin(a, b []byte) []byte { return bytes.Join([][]byte{a, b}, []byte{'|'}) }

func seal(t *testing.T, ref, provider, credential, secret string) controlplane.Secret {
	t.Helper()
	c, err := openSealer{}.Seal([]byte(secret), controlplane.CredentialBinding(provider, credential))
	if err != nil {
		t.Fatal(err)
	}
	return controlplane.Secret{Ref: ref, Ciphertext: c}
}

var created = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

func resource(kind controlplane.Kind, name string, spec proto.Message) *controlplane.Resource {
	return &controlplane.Resource{Kind: kind, Name: name, Spec: spec, CreatedAt: created}
}

func hash(c byte) []byte { return bytes.Repeat([]byte{c}, 32) }

// resources is a configuration with everything that Build must resolve or leave out.
func resources() []*controlplane.Resource {
	off := proto.Bool(false)
	return []*controlplane.Resource{
		resource(controlplane.KindSettings, controlplane.SettingsName, &adminv1.Settings{
			Failover: &adminv1.FailoverPolicy{FailureThreshold: proto.Int32(9), Cooldown: durationpb.New(time.Second)},
		}),
		resource(controlplane.KindProvider, "main", &adminv1.Provider{
			Name: "main", BaseUrl: "https://api.example.com/v1", MaxInFlight: 7, AllowPrivateNetwork: true,
			Credentials: []*adminv1.Credential{
				{Name: "second", SecretRef: "s2"},
				{Name: "old", SecretRef: "gone", Enabled: off},
				{Name: "first", SecretRef: "s1", Enabled: proto.Bool(true)},
				{Name: "anonymous"},
			},
			Headers: map[string]string{"x-b": "2", "x-a": "1", "x-c": "3"},
			Models: []*adminv1.Model{
				{Id: "z-large", Alias: "large", Price: &adminv1.Price{Input: "2.5", Output: "10", PerCall: "0.01"}, ContextWindow: 128000, FieldRules: []*adminv1.FieldRule{{Field: "t", Action: "force", Value: "1", Endpoints: []string{"rerank"}}}},
				{Id: "a-small", Alias: "z-large", Price: &adminv1.Price{Input: "0.15", CachedInput: "0.075", Output: "0.6"}},
				{Id: "free", Price: &adminv1.Price{Input: "0", Output: "0"}},
				{Id: "unpriced", Price: &adminv1.Price{}},
				{Id: "resting", Alias: "nap", Enabled: off},
			},
			Timeouts: &adminv1.ProviderTimeouts{FirstToken: durationpb.New(3 * time.Second)},
		}),
		resource(controlplane.KindProvider, "backup", &adminv1.Provider{
			Name: "backup", Dialect: "fake", Models: []*adminv1.Model{{Id: "m"}},
		}),
		resource(controlplane.KindProvider, "off", &adminv1.Provider{
			Name: "off", Enabled: off, Models: []*adminv1.Model{{Id: "m"}}, Credentials: []*adminv1.Credential{{Name: "x", SecretRef: "gone"}},
		}),
		resource(controlplane.KindGroup, "chat", &adminv1.Group{
			Name: "chat", Aliases: []string{"gpt-4", "a-chat"}, Selection: "least_busy",
			Members: []*adminv1.Member{
				{Provider: "main", Model: "large", Priority: 2, Weight: proto.Int32(5)},
				{Provider: "main", Model: "z-large", Priority: 9, Enabled: off},
				{Provider: "main", Model: "resting", Priority: 1},
				{Provider: "main", Model: "nap", Priority: 1},
				{Provider: "off", Model: "m", Priority: 1},
				{Provider: "backup", Model: "m", Priority: 1},
			},
			Policy: &adminv1.FailoverPolicy{Cooldown: durationpb.New(2 * time.Second), FirstTokenTimeout: durationpb.New(8 * time.Second)},
		}),
		resource(controlplane.KindGroup, "asleep", &adminv1.Group{Name: "asleep", Enabled: off, Members: []*adminv1.Member{{Provider: "main", Model: "nonsense"}}}),
		resource(controlplane.KindGroup, "bare", &adminv1.Group{Name: "bare"}),
		resource(controlplane.KindAPIKey, "app", &adminv1.ApiKey{
			Name: "app", SecretHash: hash(1), Groups: []string{"chat", "asleep", "bare", "chat"}, ExpireTime: timestamppb.New(created),
		}),
		resource(controlplane.KindAPIKey, "revoked", &adminv1.ApiKey{Name: "revoked", Enabled: off}),
		resource(controlplane.KindFailureKeyword, "busy", &adminv1.FailureKeyword{
			Name: "busy", Keyword: "is overloaded", Count: true, LogOnly: true,
			Scopes: []string{"stream", "answer"}, Providers: []string{"off", "main"}, Groups: []string{"chat", "bare"},
		}),
		resource(controlplane.KindFailureKeyword, "again", &adminv1.FailureKeyword{Name: "again", Pattern: "(?i)try again"}),
		resource(controlplane.KindFailureKeyword, "silent", &adminv1.FailureKeyword{Name: "silent", Keyword: "x", Enabled: off}),
	}
}

func secrets(t *testing.T) []controlplane.Secret {
	return []controlplane.Secret{seal(t, "s1", "main", "first", "sk-one"), seal(t, "s2", "main", "second", "sk-two")}
}

func TestBuildResolvesEverything(t *testing.T) {
	t.Parallel()
	cfg := controlplane.NewConfig(77, "lineage", resources(), secrets(t))
	got, err := snapshot.Build(cfg, openSealer{}, []byte("pepper"))
	if err != nil {
		t.Fatal(err)
	}
	settings := cfg.Settings()
	group := &adminv1.FailoverPolicy{Cooldown: durationpb.New(2 * time.Second), FirstTokenTimeout: durationpb.New(8 * time.Second)}
	timeouts := &adminv1.ProviderTimeouts{FirstToken: durationpb.New(3 * time.Second)}
	want := &nodev1.Snapshot{
		Revision:  77,
		KeyPepper: []byte("pepper"),
		Websocket: &nodev1.WebSocket{MaxConnectionsPerKey: 100},
		Providers: []*nodev1.Provider{
			{
				Name: "backup", Dialect: "fake", RequiredFeatures: []string{"dialect.fake"}, Models: []*nodev1.Model{{Id: "m"}},
				Policy: controlplane.ResolvePolicy(settings, nil, nil),
			},
			{
				Name: "main", RequiredFeatures: []string{"field_rules"}, BaseUrl: "https://api.example.com/v1", Dialect: "openai", MaxInFlight: 7, AllowPrivateNetwork: true,
				Credentials: []*nodev1.Credential{{Name: "second", Secret: "sk-two"}, {Name: "first", Secret: "sk-one"}, {Name: "anonymous"}},
				Headers:     []*nodev1.Header{{Name: "x-a", Value: "1"}, {Name: "x-b", Value: "2"}, {Name: "x-c", Value: "3"}},
				Models: []*nodev1.Model{
					{Id: "a-small", Price: &nodev1.Price{Input: 150_000, CachedInput: 75_000, CacheWrite: 187_500, CacheWrite_1Hr: 300_000, Output: 600_000, Reasoning: 600_000,
						AudioInput: 150_000, CachedAudioInput: 75_000, AudioOutput: 600_000, ImageInput: 150_000, CachedImageInput: 75_000, ImageOutput: 600_000}},
					{Id: "free", Price: &nodev1.Price{}},
					{Id: "unpriced"},
					{Id: "z-large", Price: &nodev1.Price{Input: 2_500_000, CachedInput: 2_500_000, CacheWrite: 3_125_000, CacheWrite_1Hr: 5_000_000, Output: 10_000_000, Reasoning: 10_000_000, PerCall: 10_000,
						AudioInput: 2_500_000, CachedAudioInput: 2_500_000, AudioOutput: 10_000_000, ImageInput: 2_500_000, CachedImageInput: 2_500_000, ImageOutput: 10_000_000}, ContextWindow: 128000, FieldRules: []*nodev1.FieldRule{{Field: "t", Action: "force", Value: "1", Endpoints: []string{"rerank"}}}},
				},
				Policy: controlplane.ResolvePolicy(settings, nil, timeouts),
			},
		},
		Groups: []*nodev1.Group{
			{Name: "bare", CreateTime: created.Unix(), Selection: "cheapest"},
			{
				Name: "chat", Aliases: []string{"a-chat", "gpt-4"}, CreateTime: created.Unix(), Selection: "least_busy", RequiredFeatures: []string{"selection.least_busy"},
				Members: []*nodev1.Member{
					{Provider: "main", Model: "z-large", Priority: 2, Weight: 5, Policy: controlplane.ResolvePolicy(settings, group, timeouts)},
					{Provider: "backup", Model: "m", Priority: 1, Weight: 1, Policy: controlplane.ResolvePolicy(settings, group, nil)},
				},
			},
		},
		ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash(1), Groups: []string{"bare", "chat"}, ExpireTime: timestamppb.New(created)}},
		FailureKeywords: []*nodev1.FailureKeyword{
			{Name: "again", Pattern: "(?i)try again"},
			{
				Name: "busy", Keyword: "is overloaded", Count: true, LogOnly: true,
				// A provider that is off stays named: without it the keyword would hold for all.
				Scopes: []string{"answer", "stream"}, Providers: []string{"main", "off"}, Groups: []string{"bare", "chat"},
			},
		},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	first := got.GetGroups()[1].GetMembers()[0].GetPolicy()
	if first.GetFailureThreshold() != 9 || first.GetCooldown().AsDuration() != 2*time.Second || first.GetFirstTokenTimeout().AsDuration() != 3*time.Second {
		t.Errorf("policy %v: want the settings' threshold, the group's cooldown, the provider's timer", first)
	}
}

// Two replicas assemble the same configuration in whatever order their rows came.
func TestEqualConfigurationsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	encode := func(cfg *controlplane.Config) []byte {
		s, err := snapshot.Build(cfg, openSealer{}, []byte("pepper"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	want := encode(controlplane.NewConfig(5, "lineage", resources(), secrets(t)))
	for seed := range uint64(20) {
		rows := resources()
		r := rand.New(rand.NewPCG(seed, seed))
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if got := encode(controlplane.NewConfig(5, "lineage", rows, secrets(t))); !bytes.Equal(want, got) {
			t.Fatalf("seed %d: another order of rows gives other bytes", seed)
		}
	}
	// The same documents, reached by changes instead of loaded at once.
	rows := resources()
	cfg := controlplane.NewConfig(4, "lineage", rows[:3], nil)
	var changes []controlplane.Change
	for _, r := range rows[3:] {
		changes = append(changes, controlplane.Change{Revision: 5, At: created, Kind: r.Kind, Name: r.Name, Op: controlplane.OpCreate, After: r.Spec})
	}
	if got := encode(cfg.With(5, changes, secrets(t))); !bytes.Equal(want, got) {
		t.Error("following the change log gives other bytes than loading")
	}
	if other := encode(controlplane.NewConfig(6, "lineage", resources(), secrets(t))); bytes.Equal(want, other) {
		t.Error("another revision has the same bytes")
	}
}

func TestASnapshotAboveTheBoundIsNotMade(t *testing.T) {
	t.Parallel()
	_, err := snapshot.Build(controlplane.NewConfig(1, "l", nil, nil), openSealer{}, make([]byte, snapshot.MaxSize))
	if err == nil || !strings.Contains(err.Error(), "more than the 33554432") {
		t.Errorf("%v", err)
	}
}

func TestBuildNamesWhatIsAtFault(t *testing.T) {
	t.Parallel()
	provider := func(p *adminv1.Provider) *controlplane.Resource {
		p.Name = "main"
		return resource(controlplane.KindProvider, "main", p)
	}
	for _, tt := range []struct {
		name     string
		resource *controlplane.Resource
		secrets  []controlplane.Secret
		want     []string
	}{
		{
			name:     "secret made for another credential",
			resource: provider(&adminv1.Provider{Credentials: []*adminv1.Credential{{Name: "first", SecretRef: "s"}}}),
			secrets:  []controlplane.Secret{seal(t, "s", "main", "other", "sk-secret")},
			want:     []string{`provider "main"`, `credential "first"`, "not made for this place"},
		},
		{
			name:     "secret missing",
			resource: provider(&adminv1.Provider{Credentials: []*adminv1.Credential{{Name: "first", SecretRef: "s"}}}),
			want:     []string{`provider "main"`, `credential "first"`, "missing"},
		},
		{
			name:     "price",
			resource: provider(&adminv1.Provider{Models: []*adminv1.Model{{Id: "m", Price: &adminv1.Price{Output: "cheap"}}}}),
			want:     []string{`provider "main"`, `model "m"`, "price.output"},
		},
		{
			name:     "key without hash",
			resource: resource(controlplane.KindAPIKey, "app", &adminv1.ApiKey{SecretHash: []byte("short")}),
			want:     []string{`api key "app"`, "5 bytes instead of 32"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := snapshot.Build(controlplane.NewConfig(1, "l", []*controlplane.Resource{tt.resource}, tt.secrets), openSealer{}, []byte("p"))
			if err == nil {
				t.Fatal("built")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not contain %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "sk-secret") {
				t.Errorf("the error gives the secret away: %v", err)
			}
		})
	}
	t.Run("member without model", func(t *testing.T) {
		t.Parallel()
		rows := []*controlplane.Resource{
			provider(&adminv1.Provider{Models: []*adminv1.Model{{Id: "m"}}}),
			resource(controlplane.KindGroup, "chat", &adminv1.Group{Members: []*adminv1.Member{{Provider: "main", Model: "n"}}}),
		}
		_, err := snapshot.Build(controlplane.NewConfig(1, "l", rows, nil), openSealer{}, []byte("p"))
		if err == nil || !strings.Contains(err.Error(), `group "chat": members[0]: provider "main" has no model or alias "n"`) {
			t.Errorf("error %v", err)
		}
	})
}
