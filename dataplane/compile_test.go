package dataplane

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func wirePolicy() *nodev1.Policy {
	second := durationpb.New(time.Second)
	return &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: second, MinRatio: 0.2, Cooldown: second, CooldownMax: second, MaxAttempts: 5,
		ConnectTimeout: second, FirstTokenTimeout: second, ResponseTimeout: second, StreamIdleTimeout: second,
		TotalTimeout: second, StreamTotalTimeout: second,
	}
}

func wireSnapshot() *nodev1.Snapshot {
	hash := apikey.Hash([]byte("pepper"), "sk-client")
	return &nodev1.Snapshot{
		Revision: 7, KeyPepper: []byte("pepper"),
		Providers: []*nodev1.Provider{{
			Name: "p", BaseUrl: "https://p.example/v1", Policy: wirePolicy(),
			Credentials: []*nodev1.Credential{{Name: "main", Secret: "s"}},
			Models:      []*nodev1.Model{{Id: `we"ird`, Price: &nodev1.Price{Input: 150_000, Output: 600_000, PerCall: 10_000}}, {Id: "plain"}},
		}},
		Groups: []*nodev1.Group{{Name: "g", Aliases: []string{"alias"}, Members: []*nodev1.Member{
			{Provider: "p", Model: `we"ird`, Priority: 2, Weight: 1, Policy: wirePolicy()},
			{Provider: "p", Model: "plain", Priority: 1, Policy: wirePolicy()},
		}}},
		ApiKeys:         []*nodev1.ApiKey{{Name: "k", Hash: hash[:], Groups: []string{"g"}}},
		FailureKeywords: []*nodev1.FailureKeyword{{Name: "f", Keyword: "overloaded"}},
	}
}

func TestCompile(t *testing.T) {
	t.Parallel()
	s, err := Compile(wireSnapshot())
	if err != nil {
		t.Fatal(err)
	}
	key, ok := s.Key("sk-client")
	if !ok || key.Name != "k" {
		t.Fatalf("key %+v, %v", key, ok)
	}
	if _, ok := s.Key("sk-other"); ok {
		t.Error("another secret finds a key")
	}
	g, _ := s.Group("alias")
	if g == nil || g.Name != "g" || !key.Allows(g) {
		t.Fatalf("group %+v", g)
	}
	if g.Members[0].Model != "plain" || g.Members[0].Weight != 1 || g.Members[1].Priority != 2 {
		t.Errorf("members are not in order of priority: %+v %+v", g.Members[0], g.Members[1])
	}
	weird := g.Members[1]
	if string(weird.ModelJSON) != `"we\"ird"` {
		t.Errorf("model as JSON %s", weird.ModelJSON)
	}
	if got := weird.Price.Cost(Usage{Input: 1, Output: 1}); got != 150_000+600_000+10_000*1_000_000 {
		t.Errorf("cost %d", got)
	}
	if !s.Has(weird.Scope) || !s.Has(weird.Provider.Scope) || !s.Has(weird.Provider.Credentials[0].Scope) || s.Has(Scope{Kind: ScopeTarget, Provider: "p", Name: "gone"}) {
		t.Error("Has does not know what the snapshot holds")
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		break_ func(*nodev1.Snapshot)
		says   string
	}{
		"member of no provider": {func(s *nodev1.Snapshot) { s.Groups[0].Members[0].Provider = "x" }, `member "we\"ird" of "x" does not exist`},
		"member twice":          {func(s *nodev1.Snapshot) { s.Groups[0].Members[1].Model = `we"ird` }, "listed twice"},
		"alias taken":           {func(s *nodev1.Snapshot) { s.Groups[0].Aliases = []string{"g"} }, "empty or already used"},
		"provider twice":        {func(s *nodev1.Snapshot) { s.Providers = append(s.Providers, s.Providers[0]) }, "empty or already used"},
		"no policy":             {func(s *nodev1.Snapshot) { s.Groups[0].Members[0].Policy = nil }, "policy"},
		"half a policy":         {func(s *nodev1.Snapshot) { s.Providers[0].Policy.Cooldown = nil }, "a duration is missing"},
		"short hash":            {func(s *nodev1.Snapshot) { s.ApiKeys[0].Hash = []byte("x") }, "hash has 1 bytes"},
		"key of no group":       {func(s *nodev1.Snapshot) { s.ApiKeys[0].Groups = []string{"x"} }, `group "x" does not exist`},
		"two keys, one secret":  {func(s *nodev1.Snapshot) { s.ApiKeys = append(s.ApiKeys, s.ApiKeys[0]) }, "same secret"},
		"bad pattern":           {func(s *nodev1.Snapshot) { s.FailureKeywords[0] = &nodev1.FailureKeyword{Name: "f", Pattern: "("} }, "pattern"},
		"bad URL":               {func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = "http://[" }, "base_url"},
		"empty model":           {func(s *nodev1.Snapshot) { s.Providers[0].Models[1].Id = "" }, "usable id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := proto.CloneOf(wireSnapshot())
			tt.break_(in)
			if _, err := Compile(in); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}
