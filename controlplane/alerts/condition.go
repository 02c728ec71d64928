package alerts

import (
	"context"
	"strings"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// The events, as AlertChannel.events spells them.
const (
	EventCooldown         = "cooldown"
	EventGroupUnavailable = "group_unavailable"
	EventBudget           = "budget"
	EventKeyExpiring      = "key_expiring"
	EventNodeLost         = "node_lost"
	EventModelsGone       = "models_gone"
	EventDrift            = "drift"
	EventImportFailing    = "import_failing"
	EventSignInsFailing   = "sign_ins_failing"
	EventRolloutHeld      = "rollout_held"
)

// Condition is something that holds now and that people should know of.
type Condition struct {
	Subject  string // what it is about, unique within its event
	Severity int    // grows as it gets worse: a firing alert that goes up is told again
	// Keep says that it does not open an alert, but that one that fires goes on.
	Keep bool
	// Alert says what it is; its id, event, state and times are filled in when it opens.
	Alert *adminv1.Alert
}

// Detector finds the conditions of one event.
type Detector interface {
	Event() string
	// Every is how often it is worth looking.
	Every() time.Duration
	// Look finds what holds; ok is false when that cannot be told now.
	Look(ctx context.Context) (found []Condition, ok bool)
}

// sight is what a detector saw: everything that holds of its event.
type sight struct {
	event      string
	conditions []Condition
}

// maxSummary bounds a summary, in bytes.
const maxSummary = 500

// oneLine makes text from elsewhere fit for a summary or a reason.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > maxSummary {
		s = strings.ToValidUTF8(s[:maxSummary], "") + "…"
	}
	return s
}

// some names at most a few of many.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and others"
}

// firstOf is at most n of a list.
func firstOf[T any](list []T, n int) []T { return list[:min(len(list), n)] }
