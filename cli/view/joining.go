package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func joinToken(t *adminv1.JoinToken) []string {
	nodes := make([]string, len(t.GetUses()))
	for i, use := range t.GetUses() {
		nodes[i] = use.GetNode()
	}
	joined := fmt.Sprintf("%d of %d", len(nodes), t.GetMaxUses())
	if len(nodes) > 0 {
		joined += ": " + strings.Join(nodes, ", ")
	}
	return []string{
		t.GetId(), t.GetState(), cmp.Or(t.GetNode(), "any"), output.Text(t.GetNote()), output.Time(t.GetCreateTime()), output.Text(t.GetCreatedBy()),
		output.Time(t.GetExpireTime()), joined,
	}
}
