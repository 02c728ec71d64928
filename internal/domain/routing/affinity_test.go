package routing

import (
	"fmt"
	"math"
	"testing"
)

// sessions are many names of conversations.
func sessions(n int) (out []Session) {
	for i := range n {
		out = append(out, NamedSession("app", fmt.Sprintf("session-%d", i)))
	}
	return out
}

// first is the place that a session goes to.
func first(s Session, places []Place, weights []int) int {
	best := 0
	for i := range places {
		if s.Score(places[i], weights[i]) > s.Score(places[best], weights[best]) {
			best = i
		}
	}
	return best
}

func TestScoresShareSessionsByWeight(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]int{{1, 1}, {1, 3, 6}, {5, 5, 5, 5}, {1, 1_000_000}} {
		var places []Place
		total := 0
		for i, w := range weights {
			places = append(places, TargetPlace("p", fmt.Sprint("m", i)))
			total += w
		}
		counts, all := make([]int, len(weights)), sessions(20_000)
		for _, s := range all {
			counts[first(s, places, weights)]++
		}
		for i, n := range counts {
			want := float64(weights[i]) / float64(total)
			if share := float64(n) / float64(len(all)); math.Abs(share-want) > 0.015 {
				t.Errorf("weights %v: share %d is %.3f, want %.3f", weights, i, share, want)
			}
		}
	}
}

// One place that goes moves its own sessions only, and they go to the others by their weights; a
// weight that grows draws sessions to its place and moves none between others.
func TestScoresMoveNoOtherSessions(t *testing.T) {
	t.Parallel()
	places, weights := []Place{CredentialPlace("p", "a"), CredentialPlace("p", "b"), CredentialPlace("p", "c"), CredentialPlace("p", "d")}, []int{1, 2, 3, 2}
	heavier := []int{1, 5, 3, 2}
	moved := map[int]int{}
	for _, s := range sessions(20_000) {
		before := first(s, places, weights)
		without := first(s, places[:3], weights[:3])
		switch {
		case before != 3 && without != before:
			t.Fatalf("session %x moved from %d to %d when another place went", s, before, without)
		case before == 3:
			moved[without]++
		}
		if grown := first(s, places, heavier); grown != before && grown != 1 {
			t.Fatalf("session %x moved from %d to %d when place 1 grew", s, before, grown)
		}
	}
	all := float64(moved[0] + moved[1] + moved[2])
	for i, want := range []float64{1. / 6, 2. / 6, 3. / 6} {
		if share := float64(moved[i]) / all; math.Abs(share-want) > 0.03 {
			t.Errorf("place %d took %.3f of the sessions that moved, want %.3f", i, share, want)
		}
	}
}

// The hashes are a contract between nodes of different versions and with the control plane: if one
// changes, every conversation moves.
func TestScoresStayTheSame(t *testing.T) {
	t.Parallel()
	s, p := NamedSession("app", "s1"), TargetPlace("openai", "gpt")
	if got := fmt.Sprintf("%x %x %.12f", uint64(s), uint64(p), s.Score(p, 1)); got != "eb47e6e827e74120 409da7ae87f08e53 1.056518057905" {
		t.Errorf("got %s", got)
	}
}

func TestSessionsAreToldApart(t *testing.T) {
	t.Parallel()
	opened := func(key string, parts ...string) Session {
		h := NewSessionHash(key)
		for _, p := range parts {
			h.Write([]byte(p))
		}
		return h.Sum()
	}
	seen := map[Session]string{}
	for name, s := range map[string]Session{
		"named": NamedSession("app", "x"), "other key": NamedSession("other", "x"), "other name": NamedSession("app", "y"),
		"shifted": NamedSession("ap", "px"), "opened": opened("app", "x"), "two parts": opened("app", "x", ""), "split": opened("app", "", "x"),
		"nothing": NamedSession("app", ""),
	} {
		if s == 0 {
			t.Errorf("%s is no session", name)
		}
		if other, taken := seen[s]; taken {
			t.Errorf("%s and %s are one session", name, other)
		}
		seen[s] = name
	}
}

func TestScoresAreFinite(t *testing.T) {
	t.Parallel()
	for _, s := range []Session{0, 1, math.MaxUint64, 1 << 63} {
		for _, w := range []int{1, 1_000_000} {
			if v := s.Score(0, w); !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("session %x, weight %d: score %v", s, w, v)
			}
		}
	}
}

func BenchmarkScore(b *testing.B) {
	s, p := NamedSession("app", "x"), TargetPlace("p", "m")
	for b.Loop() {
		_ = s.Score(p, 3)
	}
}

func BenchmarkNamedSession(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = NamedSession("app", "0199f0c4-7d0b-7c11-9b60-6e9c1f3f2f6e")
	}
}
