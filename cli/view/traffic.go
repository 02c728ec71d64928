package view

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/cli/enumname"
	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func call(c *adminv1.Call) []string {
	outcome := c.GetOutcome()
	if c.GetErrorCode() != "" {
		outcome += " (" + c.GetErrorCode() + ")"
	}
	return []string{
		output.Time(c.GetStartTime()), c.GetId(), output.Text(c.GetModel()), output.Text(c.GetApiKey()), output.Text(outcome),
		strconv.Itoa(int(c.GetStatus())), output.Text(c.GetProvider()), strconv.Itoa(int(c.GetAttemptCount())),
		output.Duration(c.GetFirstTokenLatency()), output.Duration(c.GetDuration()), output.Text(c.GetCost()),
	}
}

// tailed is a call as it is followed; one that some were skipped before says so.
func tailed(t *adminv1.TailCallsResponse) []string {
	cells := call(t.GetCall())
	if t.GetSkipped() > 0 {
		cells[len(cells)-1] += fmt.Sprintf("  (%d calls before it were skipped)", t.GetSkipped())
	}
	return cells
}

func attempt(a *adminv1.Attempt) []string {
	status := "-"
	if a.GetStatus() != 0 {
		status = strconv.Itoa(int(a.GetStatus()))
	}
	reason := a.GetReason()
	if a.GetLastResort() {
		reason = strings.TrimSpace(reason + " (last resort)")
	}
	if a.GetWorkingLatency() != nil {
		reason = strings.TrimSpace(reason + " (working since " + output.Duration(a.GetWorkingLatency()) + ")")
	}
	if a.GetAgain() {
		reason = strings.TrimSpace(reason + " (once more)")
	}
	if n := a.GetOpaqueItemsCut(); n > 0 {
		reason = strings.TrimSpace(fmt.Sprintf("%s (without %d opaque items)", reason, n))
	}
	if rules := a.GetFieldRules(); len(rules) > 0 {
		reason = strings.TrimSpace(reason + " (field rules: " + strings.Join(rules, ", ") + ")")
	}
	if t := a.GetTranslation(); t != nil {
		reason = strings.TrimSpace(reason + " (" + translated(t) + ")")
	}
	return []string{
		a.GetProvider(), a.GetModel(), output.Text(a.GetCredential()), output.Duration(a.GetStartOffset()),
		output.Duration(a.GetFirstTokenLatency()), output.Duration(a.GetDuration()), status, a.GetOutcome(), output.Text(reason),
	}
}

// translated says what became of a request in another dialect: messages -> chat; dropped: cache_control.
func translated(t *adminv1.Translation) string {
	text := t.GetFrom() + " -> " + t.GetTo()
	if names := t.GetApproximated(); len(names) > 0 {
		text += "; approximated: " + strings.Join(names, ", ")
	}
	if names := t.GetDropped(); len(names) > 0 {
		text += "; dropped: " + strings.Join(names, ", ")
	}
	return text
}

func skipped(s *adminv1.SkippedMember) []string {
	reason := s.GetReason()
	if s.GetParameter() != "" {
		reason += ": " + s.GetParameter()
	}
	return []string{s.GetProvider(), s.GetModel(), output.Text(reason), output.Time(s.GetUntilTime())}
}

func node(n *adminv1.Node) []string {
	return []string{
		n.GetName(), output.Text(n.GetVersion()), enumname.Of(n.GetState()), strconv.FormatUint(n.GetAppliedRevision(), 10),
		strconv.Itoa(int(n.GetInFlight())), strconv.FormatInt(n.GetCallsWaiting(), 10), strconv.FormatInt(n.GetCallsDropped(), 10),
		output.Time(n.GetLastSeenTime()), output.Text(targets(n.GetTargets())), output.Text(n.GetError()),
	}
}

// targets says what is wrong where: openai/gpt-4o-mini cooling 12s (rate_limited).
func targets(all []*adminv1.TargetHealth) string {
	texts := make([]string, len(all))
	for i, t := range all {
		name := t.GetProvider()
		if t.GetModel() != "" {
			name += "/" + t.GetModel()
		}
		if t.GetCredential() != "" {
			name += " key " + t.GetCredential()
		}
		texts[i] = name + " " + enumname.Of(t.GetState())
		switch {
		case t.GetRemaining() != nil:
			texts[i] += " " + output.Duration(t.GetRemaining())
		case t.GetThreshold() > 0 && t.GetFailures() > 0:
			texts[i] += fmt.Sprintf(" %d/%d", t.GetFailures(), t.GetThreshold())
		}
		if t.GetReason() != "" {
			texts[i] += " (" + t.GetReason() + ")"
		}
	}
	return strings.Join(texts, ", ")
}

// overrides counts the fields of a policy that are set.
func overrides(p *adminv1.FailoverPolicy) int {
	n := 0
	p.ProtoReflect().Range(func(protoreflect.FieldDescriptor, protoreflect.Value) bool {
		n++
		return true
	})
	return n
}
