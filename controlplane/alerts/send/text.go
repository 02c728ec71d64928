package send

import (
	"fmt"
	"strings"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// title says in one line what a message tells.
func title(m Message) string {
	if m.Test {
		return "Trunkline: test message for " + m.Channel
	}
	firing, resolved := 0, 0
	for _, a := range m.Alerts {
		if stateOf(a) == "firing" {
			firing++
		} else {
			resolved++
		}
	}
	var counts []string
	if firing > 0 {
		counts = append(counts, fmt.Sprintf("%d firing", firing))
	}
	if resolved > 0 {
		counts = append(counts, fmt.Sprintf("%d resolved", resolved))
	}
	text := "Trunkline: " + strings.Join(counts, ", ")
	if len(m.Alerts) == 1 {
		text = "Trunkline: " + stateOf(m.Alerts[0]) + ": " + m.Alerts[0].GetSummary()
	}
	return text
}

// line says what one alert tells.
func line(a *adminv1.Alert) string {
	start := a.GetStartTime().AsTime()
	if a.GetEndTime() != nil {
		return fmt.Sprintf("RESOLVED: %s (lasted %s, until %s)", a.GetSummary(), a.GetEndTime().AsTime().Sub(start).Round(time.Second), rfc3339(a.GetEndTime()))
	}
	return fmt.Sprintf("FIRING: %s (since %s)", a.GetSummary(), rfc3339(a.GetStartTime()))
}

// lines are those of a message.
func lines(m Message) []string {
	if m.Test {
		return []string{"This is a test message. Nothing is wrong."}
	}
	all := make([]string, 0, len(m.Alerts)+1)
	for _, a := range m.Alerts {
		all = append(all, line(a))
	}
	if m.Omitted > 0 {
		all = append(all, fmt.Sprintf("and %d more", m.Omitted))
	}
	return all
}
