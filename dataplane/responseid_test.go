package dataplane

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// idSnapshot has two providers in the group g, of which the second has two credentials, and the
// keys app and other, of the owner ann mine and hers.
func idSnapshot(t *testing.T, change func(*nodev1.Snapshot)) *Snapshot {
	t.Helper()
	minute := durationpb.New(time.Minute)
	policy := &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: minute, MinRatio: 0.2, Cooldown: minute, CooldownMax: minute, MaxAttempts: 5,
		ConnectTimeout: minute, FirstTokenTimeout: minute, ResponseTimeout: minute, StreamIdleTimeout: minute,
		TotalTimeout: minute, StreamTotalTimeout: minute,
	}
	in := &nodev1.Snapshot{KeyPepper: []byte("pepper")}
	for _, g := range []string{"g", "h"} {
		group := &nodev1.Group{Name: g}
		for _, p := range []string{"p1", "p2"} {
			group.Members = append(group.Members, &nodev1.Member{Provider: p, Model: "m", Priority: 1, Weight: 1, Policy: policy})
		}
		in.Groups = append(in.Groups, group)
	}
	for _, p := range []string{"p1", "p2"} {
		in.Providers = append(in.Providers, &nodev1.Provider{
			Name: p, BaseUrl: "http://" + p + ".test/v1", Policy: policy, Models: []*nodev1.Model{{Id: "m"}, {Id: "n"}},
			Credentials: []*nodev1.Credential{{Name: "a", Secret: "s1"}, {Name: "b", Secret: "s2"}},
		})
	}
	for name, owner := range map[string]string{"app": "", "other": "", "mine": "ann", "hers": "ann"} {
		hash := apikey.Hash(in.GetKeyPepper(), name)
		in.ApiKeys = append(in.ApiKeys, &nodev1.ApiKey{Name: name, Owner: owner, Hash: hash[:], Groups: []string{"g"}})
	}
	if change != nil {
		change(in)
	}
	s, err := Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyNamed(t *testing.T, s *Snapshot, name string) *APIKey {
	t.Helper()
	k, ok := s.Key(name)
	if !ok {
		t.Fatalf("no key %q", name)
	}
	return k
}

func made(t *testing.T, s *Snapshot, native string) *ResponseID {
	t.Helper()
	g, _ := s.Group("g")
	p := s.Providers["p2"]
	return &ResponseID{Native: native, Group: g, Provider: p, Credential: p.Credentials[1], Target: s.targets[Scope{Kind: ScopeTarget, Provider: "p2", Name: "n"}]}
}

func TestAnIDFindsWhatMadeItOnEveryNode(t *testing.T) {
	t.Parallel()
	here, there := idSnapshot(t, nil), idSnapshot(t, func(s *nodev1.Snapshot) { s.Revision = 9 })
	for _, native := range []string{"resp_0123abcd", "resp_x", "resp_0123ABCD", "resp_012", "resp_" + strings.Repeat("0af9", 12), "chatcmpl-1", "a.b:c~d=e", "resp_" + strings.Repeat("f", maxNativeID-5)} {
		id, ok := here.Wrap(keyNamed(t, here, "app"), made(t, here, native))
		if !ok || !strings.HasPrefix(id, "resp_tl") || IsForeignResponse(id) || len(native) > len("resp_x") && strings.Contains(id, strings.TrimPrefix(native, "resp_")) || len(id) < len(native) {
			t.Fatalf("%s: %q", native, id)
		}
		got, ok := there.Unwrap(keyNamed(t, there, "app"), id)
		if !ok || got.Native != native || got.Group.Name != "g" || got.Provider != there.Providers["p2"] || got.Credential.Name != "b" || got.Background || got.Target != nil {
			t.Errorf("%s: %+v, %v", native, got, ok)
		}
	}
}

func TestABackgroundIDTellsItsCall(t *testing.T) {
	t.Parallel()
	s := idSnapshot(t, nil)
	in := made(t, s, "resp_1")
	in.Background, in.CallID, in.CallStart = true, "0197a5b0-0000-7000-8000-00000000abcd", time.UnixMicro(1_764_430_000_123_456)
	id, ok := s.Wrap(keyNamed(t, s, "mine"), in)
	got, found := s.Unwrap(keyNamed(t, s, "hers"), id)
	if !ok || !found || !got.Background || got.CallID != in.CallID || !got.CallStart.Equal(in.CallStart) || got.Target != in.Target || got.Native != "resp_1" {
		t.Errorf("%+v", got)
	}
	t.Logf("%d characters", len(id))
}

func TestNobodyReachesTheResponsesOfOthers(t *testing.T) {
	t.Parallel()
	s := idSnapshot(t, nil)
	id, _ := s.Wrap(keyNamed(t, s, "app"), made(t, s, "resp_1234"))
	owned, _ := s.Wrap(keyNamed(t, s, "mine"), made(t, s, "resp_1234"))
	for name, try := range map[string]struct{ key, id string }{
		"another key":             {"other", id},
		"another owner":           {"app", owned},
		"an owner, of a key":      {"mine", id},
		"the provider's own id":   {"app", "resp_1234"},
		"nothing":                 {"app", ""},
		"the mark alone":          {"app", "resp_tl"},
		"no token":                {"app", "resp_tl!!!!"},
		"half a token":            {"app", id[:len(id)/2]},
		"another response":        {"app", flip(id, len(id)-2)},
		"more behind it":          {"app", id + "5"},
		"what is too long":        {"app", id + strings.Repeat("5", 1000)},
		"a path":                  {"app", id + "/../../files"},
		"another installation's":  {"app", wrapElsewhere(t)},
		"a letter of the token":   {"app", flip(id, len(idMark)+20)},
		"the first of the token":  {"app", flip(id, len(idMark))},
		"the last of the token":   {"app", flip(id, len(idMark)+37)},
		"no UTF-8":                {"app", id + "\xff"},
		"a null":                  {"app", id + "\x00"},
		"the case of the letters": {"app", strings.ToUpper(id)},
	} {
		if got, ok := s.Unwrap(keyNamed(t, s, try.key), try.id); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, ok := s.Unwrap(keyNamed(t, s, "hers"), owned); !ok {
		t.Error("another key of the same owner does not find it")
	}
}

// What a key made before it had an owner stays its own.
func TestAKeyThatGetsAnOwnerKeepsItsResponses(t *testing.T) {
	t.Parallel()
	before := idSnapshot(t, nil)
	id, _ := before.Wrap(keyNamed(t, before, "app"), made(t, before, "resp_1"))
	after := idSnapshot(t, func(s *nodev1.Snapshot) {
		for _, k := range s.GetApiKeys() {
			k.Owner = "ann"
		}
	})
	if _, ok := after.Unwrap(keyNamed(t, after, "app"), id); !ok {
		t.Error("lost")
	}
	if _, ok := after.Unwrap(keyNamed(t, after, "mine"), id); ok {
		t.Error("found by another key of the new owner")
	}
}

func TestWhatIsGoneIsToldApart(t *testing.T) {
	t.Parallel()
	s := idSnapshot(t, nil)
	id, _ := s.Wrap(keyNamed(t, s, "app"), made(t, s, "resp_1"))
	for name, tt := range map[string]struct {
		change                      func(*nodev1.Snapshot)
		group, provider, credential bool
	}{
		"nothing":        {func(*nodev1.Snapshot) {}, true, true, true},
		"the credential": {func(s *nodev1.Snapshot) { s.Providers[1].Credentials = s.Providers[1].Credentials[:1] }, true, true, false},
		"the provider": {func(s *nodev1.Snapshot) {
			s.Providers = s.Providers[:1]
			for _, g := range s.Groups {
				g.Members = g.Members[:1]
			}
		}, true, false, false},
		"its place in the group": {func(s *nodev1.Snapshot) { s.Groups[0].Members = s.Groups[0].Members[:1] }, true, false, false},
		"the key's right": {func(s *nodev1.Snapshot) {
			for _, k := range s.ApiKeys {
				k.Groups = []string{"h"}
			}
		}, false, false, false},
	} {
		now := idSnapshot(t, tt.change)
		got, ok := now.Unwrap(keyNamed(t, now, "app"), id)
		if !ok || (got.Group != nil) != tt.group || (got.Provider != nil) != tt.provider || (got.Credential != nil) != tt.credential {
			t.Errorf("without %s: %v, %+v", name, ok, got)
		}
	}
}

func TestWhatCannotBeWrapped(t *testing.T) {
	t.Parallel()
	s := idSnapshot(t, nil)
	for _, native := range []string{"", "..", "a/b", `a\u0062`, "a b", "a?b", "ä", "a%2Fb", strings.Repeat("x", maxNativeID+1)} {
		if id, ok := s.Wrap(keyNamed(t, s, "app"), made(t, s, native)); ok {
			t.Errorf("%q became %q", native, id)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add("resp_tlEA")
	f.Add("resp_tl" + strings.Repeat("E", 90))
	f.Fuzz(func(t *testing.T, id string) {
		s := idSnapshot(t, nil)
		if got, ok := s.Unwrap(keyNamed(t, s, "app"), id); ok {
			t.Errorf("%q was taken: %+v", id, got)
		}
	})
}

func BenchmarkWrap(b *testing.B) {
	s := idSnapshot(&testing.T{}, nil)
	key, _ := s.Key("app")
	g, _ := s.Group("g")
	id := &ResponseID{Native: "resp_" + strings.Repeat("0", 48), Group: g, Provider: s.Providers["p1"], Credential: s.Providers["p1"].Credentials[0]}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := s.Wrap(key, id); !ok {
			b.Fatal()
		}
	}
}

func flip(s string, at int) string {
	c := byte('A')
	if s[at] == c {
		c = 'B'
	}
	return s[:at] + string(c) + s[at+1:]
}

func wrapElsewhere(t *testing.T) string {
	s := idSnapshot(t, func(s *nodev1.Snapshot) {
		s.KeyPepper = []byte("another")
		for i, k := range s.ApiKeys {
			hash := apikey.Hash(s.GetKeyPepper(), k.Name)
			s.ApiKeys[i].Hash = hash[:]
		}
	})
	id, ok := s.Wrap(keyNamed(t, s, "app"), made(t, s, "resp_1234"))
	if !ok {
		t.Fatal("not wrapped")
	}
	return id
}
