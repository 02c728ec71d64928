package uplink

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

func TestAddressesTakeTurns(t *testing.T) {
	t.Parallel()
	first := map[string]bool{}
	for range 200 {
		a := parseAddresses("a:1, b:2,,c:3 ")
		round := []string{a.take(), a.take(), a.take()}
		first[round[0]] = true
		again := a.take()
		if again != round[0] {
			t.Fatalf("after %q comes %q", round, again)
		}
		slices.Sort(round)
		if !slices.Equal(round, []string{"a:1", "b:2", "c:3"}) {
			t.Fatalf("one round is %q", round)
		}
	}
	if len(first) != 3 {
		t.Errorf("nodes begin with %v only", first)
	}
}

func TestARoundTriesEveryAddressOnceAndWaitsForThoseThatSendAway(t *testing.T) {
	t.Parallel()
	type step struct {
		code  codes.Code
		more  bool
		bound time.Duration
	}
	for name, tt := range map[string]struct {
		list  string
		steps []step
	}{
		"one address": {"a", []step{{codes.Unavailable, false, sentAway}}},
		"three addresses": {"a,b,c", []step{
			{codes.Unavailable, true, nextPause}, {codes.Unavailable, true, nextPause}, {codes.Unavailable, false, sentAway},
		}},
		"a name with several replicas": {"a", []step{
			{codes.ResourceExhausted, true, sentAway}, {codes.ResourceExhausted, true, sentAway}, {codes.ResourceExhausted, true, sentAway},
			{codes.ResourceExhausted, true, sentAway}, {codes.ResourceExhausted, true, sentAway}, {codes.ResourceExhausted, true, sentAway},
			{codes.ResourceExhausted, false, sentAway},
		}},
		"a crowded replica and one that died": {"a,b", []step{
			{codes.ResourceExhausted, true, nextPause}, {codes.Unavailable, true, sentAway},
			{codes.ResourceExhausted, true, sentAway}, {codes.Unavailable, true, sentAway},
		}},
	} {
		a := parseAddresses(tt.list)
		for round := range 2 {
			for i, s := range tt.steps {
				a.take()
				if bound, more := a.more(s.code); more != s.more || bound != s.bound {
					t.Errorf("%s, round %d, try %d: %t within %s, want %t within %s", name, round, i, more, bound, s.more, s.bound)
				}
			}
			a.begin()
		}
	}
}
