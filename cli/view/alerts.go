package view

import (
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func alertChannel(c *adminv1.AlertChannel) []string {
	way, to := "-", ""
	switch {
	case c.GetWebhook() != nil:
		way, to = "webhook", c.GetWebhook().GetUrl()
	case c.GetSlack() != nil:
		way, to = "slack", ending(c.GetSlack().GetSecretHint())
	case c.GetEmail() != nil:
		way, to = "email", strings.Join(c.GetEmail().GetTo(), ", ")
	}
	events := "all"
	if len(c.GetEvents()) > 0 {
		events = strings.Join(c.GetEvents(), ", ")
	}
	return []string{c.GetName(), way, output.Text(to), events, output.Duration(c.GetEffectiveDigest()), enabled(c.Enabled), output.Time(c.GetUpdateTime())}
}

func alert(a *adminv1.Alert) []string {
	return []string{enumname.Of(a.GetState()), a.GetEvent(), output.Text(a.GetSummary()), output.Time(a.GetStartTime()), output.Time(a.GetEndTime())}
}

func alertDelivery(d *adminv1.AlertDelivery) []string {
	what := strconv.Itoa(len(d.GetAlerts()) + int(d.GetOmitted()))
	if d.GetTest() {
		what = "test"
	}
	return []string{output.Time(d.GetCreateTime()), d.GetChannel(), enumname.Of(d.GetState()), what, strconv.Itoa(int(d.GetAttempts())), output.Time(d.GetNextAttemptTime()), output.Text(d.GetError()), d.GetId()}
}
