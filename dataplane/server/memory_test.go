package server

import (
	"strings"
	"testing"
)

// What bodies may hold follows from the memory that the process may use, so that a small container
// outlives as many as it lets in.
func TestBodyBoundsFollowTheMemory(t *testing.T) {
	t.Parallel()
	const mib = int64(1) << 20
	for name, tt := range map[string]struct {
		memory int64
		set    ProxyConfig
		bodies int64 // all together
		body   int64 // each
		why    string
	}{
		"a container of 512 MiB": {512 * mib, ProxyConfig{}, 256 * mib, 32 * mib, ""},
		"a smaller one":          {128 * mib, ProxyConfig{}, 64 * mib, 8 * mib, ""},
		"much":                   {64 << 30, ProxyConfig{}, 1024 * mib, 32 * mib, ""},
		"not known":              {0, ProxyConfig{}, 1024 * mib, 32 * mib, ""},
		"set":                    {512 * mib, ProxyConfig{MaxBodies: 400 * mib, MaxBody: 50 * mib}, 400 * mib, 50 * mib, ""},
		"all of them set":        {512 * mib, ProxyConfig{MaxBodies: 80 * mib}, 80 * mib, 10 * mib, ""},
		"one above the eighth":   {512 * mib, ProxyConfig{MaxBody: 33 * mib}, 0, 0, "set max-bodies-bytes to at least 276824064"},
		"below 0":                {512 * mib, ProxyConfig{MaxBodies: -1}, 0, 0, "must not be below 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.set.bodyBounds(tt.memory)
			switch {
			case tt.why != "":
				if err == nil || !strings.Contains(err.Error(), tt.why) {
					t.Errorf("%v, want %q", err, tt.why)
				}
			case err != nil || got.MaxBodies != tt.bodies || got.MaxBody != tt.body:
				t.Errorf("%d for all and %d for one, %v; want %d and %d", got.MaxBodies, got.MaxBody, err, tt.bodies, tt.body)
			}
		})
	}
}
