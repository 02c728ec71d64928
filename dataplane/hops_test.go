package dataplane

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestHops(t *testing.T) {
	t.Parallel()
	s := &Snapshot{hop: []string{hopOf([]byte("pepper"))}}
	own := s.hop[0]
	if other := hopOf([]byte("another")); !isHop(own) || !isHop(other) || own == other {
		t.Fatalf("%q and %q", own, other)
	}
	const a, b = "trunkline-0123456789abcdef", "trunkline-fedcba9876543210"
	tests := []struct {
		name string
		came []string
		want string // empty: refused
	}{
		{"from a client", nil, own},
		{"through another", []string{a}, a + ", " + own},
		{"through two", []string{a + ",  " + b}, a + ", " + b + ", " + own},
		{"on two lines", []string{a, b}, a + ", " + b + ", " + own},
		{"through this one", []string{own}, ""},
		{"through this one and another", []string{a + "," + own + ", " + b}, ""},
		{"with a parameter", []string{a + `, ` + own + `; x="y"`}, ""},
		{"on the second line", []string{a, own}, ""},
		{"CDNs are not passed on", []string{"cloudflare; loops=1, " + a + ", fastly"}, a + ", " + own},
		{"nor what only looks alike", []string{"trunkline, trunkline-1, trunkline-0123456789ABCDEF, " + a + "0, ,;"}, own},
		{"as many as may be", []string{strings.Repeat(a+",", maxHops-1)}, strings.Repeat(a+", ", maxHops-1) + own},
		{"too many", []string{strings.Repeat(a+",", maxHops)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := s.Hops(http.Header{HopHeader: tt.came})
			if want := []string{tt.want}; ok != (tt.want != "") || ok && !slices.Equal(got, want) {
				t.Errorf("%q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}
