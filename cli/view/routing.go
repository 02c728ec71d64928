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

func candidate(c *adminv1.Candidate) []string {
	return []string{
		c.GetProvider(), c.GetModel(), strconv.Itoa(int(c.GetPriority())), strconv.Itoa(int(c.GetWeight())), output.Text(c.GetPrice()),
		enumname.Of(c.GetState()), named(c.GetRole()), share(c), output.Duration(c.GetRemaining()), failures(c),
		output.Text(strings.Join(c.GetNodes(), ", ")), withTranslation(withCredential(withRefusals(candidateReason(c), c.GetRefusals()), c.GetCredential()), c.GetTranslation()),
	}
}

// withCredential adds to a reason with which credential a conversation would be served.
func withCredential(reason, credential string) string {
	switch {
	case credential == "":
		return reason
	case reason == "-":
		return "credential " + credential
	}
	return reason + "; credential " + credential
}

// withTranslation adds to a reason what a member would be told of a request, as of calls that were made.
func withTranslation(reason string, t *adminv1.CandidateTranslation) string {
	if t == nil {
		return reason
	}
	text := "-> " + t.GetTo()
	if t.GetUncertain() {
		text += " unless it speaks the client's"
	}
	for _, part := range [...]struct {
		what  string
		names []string
	}{{"approximated", t.GetApproximated()}, {"dropped", t.GetDropped()}} {
		if len(part.names) > 0 {
			text += "; " + part.what + ": " + strings.Join(part.names, ", ")
		}
	}
	if t.GetRefused() != "" {
		text += "; refused: " + t.GetRefused() + " (" + t.GetReason() + ")"
	}
	return strings.TrimPrefix(reason+"; "+text, "-; ")
}

// withRefusals adds what was seen to be refused to a reason.
func withRefusals(reason string, all []*adminv1.LearnedRefusal) string {
	if len(all) == 0 {
		return reason
	}
	texts := make([]string, len(all))
	for i, r := range all {
		texts[i] = refusalText(r)
	}
	return strings.TrimPrefix(reason+"; refuses "+strings.Join(texts, ", "), "-; ")
}

// refusalText says what is refused: tools, temperature=0.2 or endpoint embeddings.
func refusalText(r *adminv1.LearnedRefusal) string {
	switch {
	case r.GetParameter() == "":
		return "endpoint " + r.GetEndpoint()
	case r.GetValue() != "":
		return r.GetParameter() + "=" + r.GetValue()
	}
	return r.GetParameter()
}

func refusal(r *adminv1.LearnedRefusal) []string {
	return []string{
		output.Text(r.GetModel()), output.Text(r.GetEndpoint()), refusalText(r), output.Text(r.GetCaller()),
		output.Time(r.GetSinceTime()), output.Time(r.GetUntilTime()), output.Text(strings.Join(r.GetNodes(), ", ")),
	}
}

// candidateReason says why it stands so, and what does when it is not the target itself, or why no call tries it.
func candidateReason(c *adminv1.Candidate) string {
	switch {
	case c.GetLeftOutReason() != adminv1.LeftOutReason_LEFT_OUT_REASON_UNSPECIFIED:
		return named(c.GetLeftOutReason())
	case c.GetReasonScope() > adminv1.HealthScope_HEALTH_SCOPE_TARGET:
		return named(c.GetReasonScope()) + ": " + c.GetReason()
	}
	return output.Text(c.GetReason())
}

// failures writes how many there were of how many that open a cooldown.
func failures(of interface {
	GetFailures() int32
	GetThreshold() int32
}) string {
	if of.GetFailures() == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", of.GetFailures(), of.GetThreshold())
}

// named is a value as people read it; - when it is not said.
func named(value protoreflect.Enum) string {
	if value.Number() == 0 {
		return "-"
	}
	return enumname.Of(value)
}

func share(c *adminv1.Candidate) string {
	if c.GetShare() == 0 {
		return "-"
	}
	return strconv.FormatFloat(100*c.GetShare(), 'f', 1, 64) + "%"
}

// groupRoute says in a line what serves a group and what follows.
func groupRoute(r *adminv1.GroupRoute) []string {
	return []string{
		r.GetGroup(), enumname.Of(r.GetState()),
		withRole(r, adminv1.CandidateRole_CANDIDATE_ROLE_SERVING), withRole(r, adminv1.CandidateRole_CANDIDATE_ROLE_NEXT),
		strconv.Itoa(len(r.GetCandidates())), strconv.Itoa(len(r.GetLeftOut())), named(r.GetReason()),
	}
}

// withRole lists the candidates of a role: p/m, or p/m 25.0% where several share the calls.
func withRole(r *adminv1.GroupRoute, wanted adminv1.CandidateRole) string {
	var names []string
	for _, c := range r.GetCandidates() {
		if c.GetRole() != wanted {
			continue
		}
		name := c.GetProvider() + "/" + c.GetModel()
		if s := c.GetShare(); s > 0 && s < 1 {
			name += " " + share(c)
		}
		names = append(names, name)
	}
	return output.Text(strings.Join(names, ", "))
}

func providerHealth(h *adminv1.ProviderHealth) []string {
	return []string{
		h.GetProvider(), enumname.Of(h.GetState()), output.Duration(h.GetRemaining()), fmt.Sprintf("%d/%d", h.GetUsableModels(), h.GetModelCount()),
		output.Text(strings.Join(h.GetGroups(), ", ")), output.Text(h.GetReason()), output.Text(targets(h.GetTargets())),
	}
}

// targetHealth is a part of a provider: one that has neither model nor credential is all of it.
func targetHealth(t *adminv1.TargetHealth) []string {
	return []string{
		output.Text(t.GetModel()), output.Text(t.GetCredential()), enumname.Of(t.GetState()), output.Duration(t.GetRemaining()), failures(t),
		output.Text(strings.Join(t.GetNodes(), ", ")), output.Text(t.GetReason()),
	}
}

func hit(h *adminv1.KeywordHit) []string {
	return []string{h.GetCallId(), h.GetProvider(), output.Text(h.GetText())}
}
