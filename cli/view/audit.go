package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func auditEvent(e *adminv1.AuditEvent) []string {
	outcome := e.GetOutcome()
	if e.GetCount() > 1 {
		outcome += fmt.Sprintf(" (%d times)", e.GetCount())
	}
	detail := e.GetDetail()
	if e.GetRevision() > 0 {
		detail = strings.TrimSuffix(fmt.Sprintf("revision %d: %s", e.GetRevision(), detail), ": ")
	}
	return []string{
		strconv.FormatInt(e.GetSequence(), 10), output.Time(e.GetEventTime()), output.Text(e.GetActor()), output.Text(e.GetAddress()),
		e.GetAction(), outcome, output.Text(someTargets(e.GetTargets())), output.Text(detail),
	}
}

// someTargets names the first few of many.
func someTargets(targets []string) string {
	const most = 3
	text := strings.Join(targets[:min(len(targets), most)], ", ")
	if rest := len(targets) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
