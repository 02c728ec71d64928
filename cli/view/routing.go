package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func candidate(c *adminv1.Candidate) []string {
	failures := "-"
	if c.GetFailures() > 0 {
		failures = fmt.Sprintf("%d/%d", c.GetFailures(), c.GetThreshold())
	}
	return []string{
		c.GetProvider(), c.GetModel(), strconv.Itoa(int(c.GetPriority())), strconv.Itoa(int(c.GetWeight())), output.Text(c.GetPrice()),
		targetState(c.GetState()), output.Duration(c.GetRemaining()), failures, output.Text(strings.Join(c.GetNodes(), ", ")), output.Text(c.GetReason()),
	}
}

// targetState is a state as people read it.
func targetState(s adminv1.TargetState) string {
	return enumname.Short(s.Descriptor().Values().ByNumber(s.Number()))
}

func hit(h *adminv1.KeywordHit) []string {
	return []string{h.GetCallId(), h.GetProvider(), output.Text(h.GetText())}
}
