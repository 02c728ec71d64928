package view

import (
	"fmt"
	"strconv"
	"strings"

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
		c.GetState(), output.Duration(c.GetRemaining()), failures, output.Text(strings.Join(c.GetNodes(), ", ")), output.Text(c.GetReason()),
	}
}

func hit(h *adminv1.KeywordHit) []string {
	return []string{h.GetCallId(), h.GetProvider(), output.Text(h.GetText())}
}
