package alerts

import (
	"context"
	"log/slog"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// signInWindow is within which failed sign-ins are counted.
const signInWindow = 10 * time.Minute

// signInLevels are the counts that people are told of.
var signInLevels = [...]int64{20, 200}

// FailedSignIns finds that many sign-ins to the console fail: somebody may be guessing passwords. It says nothing of
// who and from where, which the audit log tells to those who may read it.
type FailedSignIns struct {
	// Failed counts failed sign-ins since a time.
	Failed func(ctx context.Context, since time.Time) (int64, error)
	Now    func() time.Time
	Logger *slog.Logger
}

// Event implements Detector.
func (FailedSignIns) Event() string { return EventSignInsFailing }

// Every implements Detector.
func (FailedSignIns) Every() time.Duration { return 15 * time.Second }

// Look implements Detector.
func (d FailedSignIns) Look(ctx context.Context) (found []Condition, ok bool) {
	n, err := d.Failed(ctx, d.Now().Add(-signInWindow))
	if err != nil {
		d.Logger.WarnContext(ctx, "failed to read the number of failed sign-ins", "error", err)
		return nil, false
	}
	severity, level := 0, int64(0)
	for i, l := range signInLevels {
		if n >= l {
			severity, level = i+1, l
		}
	}
	keep := severity == 0 && n > signInLevels[0]/2 // what goes on about the limit is told once
	if severity == 0 && !keep {
		return nil, true
	}
	return []Condition{{
		Subject: "console", Severity: severity, Keep: keep,
		Alert: summarized(EventSignInsFailing, &adminv1.Alert{Level: int32(level), Count: int32(n)}),
	}}, true
}
