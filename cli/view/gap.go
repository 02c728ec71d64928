package view

import (
	"strconv"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func gap(g *adminv1.Gap) []string {
	calls := strconv.FormatInt(g.GetCalls(), 10)
	if g.GetCallsUnknown() {
		calls = "unknown"
	}
	return []string{
		output.Time(g.GetStartTime()), output.Time(g.GetEndTime()), output.Text(g.GetNode()),
		calls, output.Text(g.GetReason()), yes(g.GetSummed()), g.GetId(),
	}
}

func refused(r *adminv1.Refused) []string {
	return []string{output.Time(r.GetRefuseTime()), output.Text(r.GetKind()), output.Text(r.GetNode()), output.Text(r.GetReason()), r.GetId()}
}
