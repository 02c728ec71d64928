package alerts

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// GoneModels finds providers that no longer list models which an import brought. It is over
// when they list them again or somebody removed them.
type GoneModels struct{ Live Current }

// Event implements Detector.
func (GoneModels) Event() string { return EventModelsGone }

// Every implements Detector.
func (GoneModels) Every() time.Duration { return 10 * time.Second }

// Look implements Detector.
func (d GoneModels) Look(context.Context) (found []Condition, ok bool) {
	c := d.Live.Current()
	var groups map[string][]string
	for _, r := range c.List(controlplane.KindProvider) {
		doc := r.Spec.(*adminv1.Provider)
		var gone []string
		for _, m := range doc.GetModels() {
			if m.GetImported().GetGoneTime() != nil {
				gone = append(gone, m.GetId())
			}
		}
		if len(gone) == 0 || !controlplane.IsEnabled(doc.Enabled) {
			continue
		}
		if groups == nil {
			groups = groupsByProvider(c)
		}
		found = append(found, Condition{
			Subject: r.UID, Severity: len(gone),
			Alert: summarized(EventModelsGone, &adminv1.Alert{
				Provider: r.Name, Level: int32(len(gone)), Groups: firstOf(groups[r.Name], 100), Count: int32(len(gone)), Models: firstOf(gone, 20),
			}),
		})
	}
	return found, true
}
