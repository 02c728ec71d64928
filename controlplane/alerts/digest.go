package alerts

import (
	"cmp"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// mostAlerts is how many alerts one message tells.
const mostAlerts = 50

// digest is what a message tells of notices that wait, oldest first: each alert once, as it
// stands last, and those that fire first.
func digest(notices []Notice) (alerts []*adminv1.Alert, omitted int) {
	at := map[string]int{}
	for _, n := range notices {
		if i, ok := at[n.Alert.GetId()]; ok {
			alerts[i] = n.Alert
			continue
		}
		at[n.Alert.GetId()] = len(alerts)
		alerts = append(alerts, n.Alert)
	}
	slices.SortStableFunc(alerts, func(a, b *adminv1.Alert) int { return cmp.Compare(a.GetState(), b.GetState()) })
	if n := len(alerts); n > mostAlerts {
		return alerts[:mostAlerts], n - mostAlerts
	}
	return alerts, 0
}

// messageOf is a delivery as it is sent.
func messageOf(d Delivery) send.Message {
	return send.Message{
		ID: d.GetId(), Channel: d.GetChannel(), At: d.GetCreateTime().AsTime(), Test: d.GetTest(), Alerts: d.GetAlerts(), Omitted: int(d.GetOmitted()),
	}
}
