package alerts

import (
	"context"
	"log/slog"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// failedImports is how many scheduled imports of a provider must have failed one after the other: the one that
// follows a failure comes a quarter of an hour later, and what passes is over by then.
const failedImports = 2

// FailingImports finds providers whose scheduled imports fail.
type FailingImports struct {
	Live Current
	// Failures says of each provider, by uid, how many of its last scheduled imports failed, one after the other.
	Failures func(ctx context.Context) (map[string]int, error)
	// Why is the error of a provider's last import, by its name; empty when it did not fail.
	Why    func(ctx context.Context, provider string) (string, error)
	Logger *slog.Logger
}

// Event implements Detector.
func (FailingImports) Event() string { return EventImportFailing }

// Every implements Detector.
func (FailingImports) Every() time.Duration { return 30 * time.Second }

// Look implements Detector.
func (d FailingImports) Look(ctx context.Context) (found []Condition, ok bool) {
	failures, err := d.Failures(ctx)
	if err != nil {
		d.Logger.WarnContext(ctx, "failed to read the state of scheduled imports", "error", err)
		return nil, false
	}
	c := d.Live.Current()
	var groups map[string][]string
	for _, r := range c.List(controlplane.KindProvider) {
		doc := r.Spec.(*adminv1.Provider)
		n := failures[r.UID]
		if n < failedImports || !controlplane.IsEnabled(doc.Enabled) || doc.GetImport().GetInterval() == nil {
			continue
		}
		why, err := d.Why(ctx, r.Name)
		if err != nil {
			d.Logger.WarnContext(ctx, "failed to read why an import failed", "provider", r.Name, "error", err)
		}
		if groups == nil {
			groups = groupsByProvider(c)
		}
		found = append(found, Condition{
			Subject: r.UID, Severity: 1,
			Alert: summarized(EventImportFailing, &adminv1.Alert{
				Provider: r.Name, Groups: firstOf(groups[r.Name], 100), Reason: oneLine(why), Count: int32(n),
			}),
		})
	}
	return found, true
}
