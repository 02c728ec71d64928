package proxy

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

const testKey = "sk-test-0123456789abcdef"

// Not parallel: what other tests allocate would be counted too.
func TestTheOverlayCostsNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	s := smallSnapshot(t, "").WithRevoked(dataplane.RevokedKeys{dataplane.KeyHash{1}: false})
	if got := testing.AllocsPerRun(200, func() {
		if _, ok := s.Key(testKey); !ok {
			t.Fatal("the key is not accepted")
		}
	}); got != 0 {
		t.Errorf("%.1f allocations to look a key up, want none", got)
	}
}
