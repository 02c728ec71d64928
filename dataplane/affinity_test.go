package dataplane

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// stickyNode compiles one snapshot as a node of its own: members and credentials by name, in an order of
// its own, each with the weight that its name has in weights.
func stickyNode(t *testing.T, r *rand.Rand, members, credentials []string, weight func(string) int32) *Group {
	t.Helper()
	in := proto.CloneOf(wireSnapshot())
	members, credentials = slices.Clone(members), slices.Clone(credentials)
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	r.Shuffle(len(credentials), func(i, j int) { credentials[i], credentials[j] = credentials[j], credentials[i] })
	p := in.Providers[0]
	p.Models, p.Credentials = nil, nil
	in.Groups[0].Members, in.Groups[0].Selection = nil, "sticky"
	for _, c := range credentials {
		p.Credentials = append(p.Credentials, &nodev1.Credential{Name: c, Secret: "secret-" + c})
	}
	for i, m := range members {
		p.Models = append(p.Models, &nodev1.Model{Id: m, Price: &nodev1.Price{Input: int64(i)}})
		in.Groups[0].Members = append(in.Groups[0].Members, &nodev1.Member{Provider: p.Name, Model: m, Priority: 1, Weight: weight(m), Policy: wirePolicy()})
	}
	s, err := Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := s.Group("g")
	return g
}

// goesTo is where a node sends a session: the member and the credential.
func goesTo(g *Group, session routing.Session, look func(Scope) Condition) (member, credential string) {
	first := g.Order(nil, look, rand.IntN, session)[0]
	for _, c := range first.Provider.OwnCredentials(nil, session) {
		if look(c.Scope).State == Closed {
			return first.Model, c.Name
		}
	}
	return first.Model, ""
}

// Whatever the members, their weights, the order in which a node knows them and what cools: all nodes
// send a session to the same member and credential, and one that is taken away, or cools, moves its own
// sessions only.
func TestAllNodesAgreeAndOnlyTheSessionsOfWhatGoesMove(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		var members, credentials []string
		for i := range 2 + r.IntN(6) {
			members = append(members, fmt.Sprint("m", i))
		}
		for i := range 2 + r.IntN(12) {
			credentials = append(credentials, fmt.Sprint("c", i))
		}
		equal := r.IntN(2) == 0
		weight := func(name string) int32 {
			if equal {
				return 1
			}
			return 1 + int32(len(name)+int(name[1]))%7
		}
		one := stickyNode(t, r, members, credentials, weight)
		other := stickyNode(t, r, members, credentials, weight)
		gone, goneKey := members[r.IntN(len(members))], credentials[r.IntN(len(credentials))]
		without := stickyNode(t, r, slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == gone }),
			slices.DeleteFunc(slices.Clone(credentials), func(c string) bool { return c == goneKey }), weight)
		cooling := func(s Scope) Condition {
			if s.Kind == ScopeTarget && s.Name == gone || s.Kind == ScopeCredential && s.Name == goneKey {
				return Condition{State: Open, Reason: ServerError}
			}
			return Condition{}
		}
		for i := range 300 {
			session := routing.NamedSession("app", fmt.Sprint(seed, i))
			m, c := goesTo(one, session, closed)
			if m2, c2 := goesTo(other, session, closed); m2 != m || c2 != c {
				t.Fatalf("one node sends to %s %s, another one to %s %s", m, c, m2, c2)
			}
			m3, c3 := goesTo(without, session, closed)
			if m != gone && m3 != m || c != goneKey && c3 != c {
				t.Fatalf("without %s %s a session moved from %s %s to %s %s", gone, goneKey, m, c, m3, c3)
			}
			if m4, c4 := goesTo(one, session, cooling); m4 != m3 || c4 != c3 {
				t.Fatalf("while %s and %s cool a session goes to %s %s; without them to %s %s", gone, goneKey, m4, c4, m3, c3)
			}
		}
	}
}

func TestStickySharesByWeightAndPriority(t *testing.T) {
	t.Parallel()
	const sessions = 20_000
	_, g := compiledGroup(t, "sticky")
	for name, session := range map[string]func(i int) routing.Session{
		"sessions":    func(i int) routing.Session { return routing.NamedSession("app", fmt.Sprint(i)) },
		"no sessions": func(int) routing.Session { return 0 },
	} {
		first := map[string]int{}
		for i := range sessions {
			order := g.Order(nil, closed, rand.IntN, session(i))
			if first[order[0].Model]++; order[3].Model != "w100" {
				t.Fatalf("order %s: a later priority comes last whatever its weight", names(order))
			}
		}
		for model, want := range map[string]float64{"w1": 0.1, "w3": 0.3, "w6": 0.6} {
			if share := float64(first[model]) / sessions; math.Abs(share-want) > 0.02 {
				t.Errorf("%s: %s came first in %.3f of the calls, want %.1f", name, model, share, want)
			}
		}
	}
}

func TestHomeIsWhereASessionGoesWhenAllIsWell(t *testing.T) {
	t.Parallel()
	_, g := compiledGroup(t, "sticky")
	for i := range 200 {
		session := routing.NamedSession("app", fmt.Sprint(i))
		want := g.Order(nil, closed, rand.IntN, session)[0]
		look := func(s Scope) Condition {
			if s == want.Scope {
				return Condition{State: Open, Reason: ServerError}
			}
			return Condition{}
		}
		order := g.Order(nil, look, rand.IntN, session)
		if got := Home(order); got.Target != want.Target || order[0].Target == want.Target {
			t.Fatalf("home %s of %s, want %s", got.Model, names(order), want.Model)
		}
	}
}

func BenchmarkOrderSticky(b *testing.B) {
	in := proto.CloneOf(wireSnapshot())
	p := in.Providers[0]
	p.Models, in.Groups[0].Members, in.Groups[0].Selection = nil, nil, "sticky"
	for i := range 5 {
		id := fmt.Sprint("m", i)
		p.Models = append(p.Models, &nodev1.Model{Id: id})
		in.Groups[0].Members = append(in.Groups[0].Members, &nodev1.Member{Provider: p.Name, Model: id, Weight: int32(1 + i%2), Policy: wirePolicy()})
	}
	s, err := Compile(in)
	if err != nil {
		b.Fatal(err)
	}
	g, _ := s.Group("g")
	session := routing.NamedSession("app", "s")
	var buf []Candidate
	b.ReportAllocs()
	for b.Loop() {
		buf = g.Order(buf, closed, rand.IntN, session)
	}
}
