package controlplane_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane"
)

func TestParseAddressesGivesRanges(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"192.0.2.7": "192.0.2.7/32", "2001:DB8::1": "2001:db8::1/128", "10.0.0.0/8": "10.0.0.0/8"} {
		if got, err := controlplane.ParseAddresses(in); err != nil || got.String() != want {
			t.Errorf("ParseAddresses(%q) = %s, %v, want %s", in, got, err, want)
		}
	}
}
