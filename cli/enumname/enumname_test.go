package enumname_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// A newer server may tell a value that this program does not know.
func TestOf(t *testing.T) {
	t.Parallel()
	for value, want := range map[adminv1.NodeState]string{
		adminv1.NodeState_NODE_STATE_ORPHANED:    "orphaned",
		adminv1.NodeState_NODE_STATE_UNSPECIFIED: "unspecified",
		99:                                       "99",
	} {
		if got := enumname.Of(value); got != want {
			t.Errorf("%d is %q, want %q", value, got, want)
		}
	}
}
