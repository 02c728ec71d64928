package alerts

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// summarized is an alert of an event with its summary: what its other fields say, in English, for channels and the
// CLI. The console says the same in its languages (webui/src/ui/AlertText.tsx).
func summarized(event string, a *adminv1.Alert) *adminv1.Alert {
	a.Summary = oneLine(sentence(event, a))
	return a
}

func sentence(event string, a *adminv1.Alert) string {
	switch event {
	case EventCooldown:
		return fmt.Sprintf("%s is cooling down on %d of %d nodes: %s", part{a.GetProvider(), a.GetModel(), a.GetCredential()}, a.GetCount(), a.GetNodeCount(), a.GetReason())
	case EventGroupUnavailable:
		return fmt.Sprintf("no member of group %s is available: %s", a.GetGroup(), causes[a.GetCause()])
	case EventBudget:
		return fmt.Sprintf("API key %s has spent %d %% of its budget of %s USD a %s", a.GetApiKey(), a.GetLevel(), a.GetBudget().GetAmount(), a.GetBudget().GetPeriod())
	case EventKeyExpiring:
		return fmt.Sprintf("API key %s %s %s", a.GetApiKey(), expiry(a.GetLevel()), utc(a.GetExpireTime()))
	case EventNodeLost:
		return fmt.Sprintf("node %s is not connected; it was last seen at %s", a.GetNode(), utc(a.GetLastSeenTime()))
	case EventModelsGone:
		return fmt.Sprintf("provider %s no longer lists %s that an import brought: %s", a.GetProvider(), models(a.GetCount()), some(a.GetModels()))
	case EventDrift:
		return fmt.Sprintf("node %s %s", a.GetNode(), drifting(a))
	case EventImportFailing:
		return fmt.Sprintf("the last %d scheduled imports of provider %s failed", a.GetCount(), a.GetProvider())
	case EventSignInsFailing:
		return fmt.Sprintf("%d sign-ins to the console failed within 10 minutes; the audit log tells whose and from where", a.GetCount())
	case EventRolloutHeld:
		return fmt.Sprintf("revision %d is held back: something is wrong on %s, which had it first", a.GetRevision(), strings.Join(firstOf(a.GetNodes(), 5), ", "))
	}
	return event
}

// causes say why a group is unavailable, or what drifts.
var causes = map[adminv1.AlertCause]string{
	adminv1.AlertCause_ALERT_CAUSE_MEMBERS_COOLING:       "all of them are cooling down",
	adminv1.AlertCause_ALERT_CAUSE_MEMBERS_DISABLED:      "all of them, or their providers, are disabled",
	adminv1.AlertCause_ALERT_CAUSE_CONFIGURATION_REFUSED: "refuses the newest configuration",
	adminv1.AlertCause_ALERT_CAUSE_DATABASE_REFUSED:      "refuses this database: it has seen a newer or a different one",
}

func drifting(a *adminv1.Alert) string {
	switch a.GetCause() {
	case adminv1.AlertCause_ALERT_CAUSE_BEHIND:
		return fmt.Sprintf("has been serving revision %d, which is not the newest, for more than a minute", a.GetRevision())
	case adminv1.AlertCause_ALERT_CAUSE_DOCUMENTS_REFUSED:
		return fmt.Sprintf("does not serve %d documents that its version does not support", a.GetCount())
	}
	return causes[a.GetCause()]
}

// expiry says how far the expiry of a key has come.
func expiry(level int32) string {
	switch level {
	case 0:
		return "expired at"
	case 1:
		return "expires within a day, at"
	}
	return fmt.Sprintf("expires within %d days, at", level)
}

func models(n int32) string {
	if n == 1 {
		return "a model"
	}
	return fmt.Sprintf("%d models", n)
}

func utc(t *timestamppb.Timestamp) string { return t.AsTime().Format(time.RFC3339) }
