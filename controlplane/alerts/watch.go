package alerts

import (
	"context"
	"time"
)

// watch looks with each detector as often as that is worth while.
type watch struct {
	detectors []Detector
	next      []time.Time
}

func newWatch(detectors []Detector) *watch {
	return &watch{detectors, make([]time.Time, len(detectors))}
}

// look gives what those detectors see whose time it is. Of an event that cannot be told now,
// nothing is said.
func (w *watch) look(ctx context.Context, now time.Time) (seen []sight) {
	for i, d := range w.detectors {
		if now.Before(w.next[i]) {
			continue
		}
		w.next[i] = now.Add(d.Every())
		if found, ok := d.Look(ctx); ok {
			seen = append(seen, sight{d.Event(), found})
		}
	}
	return seen
}
