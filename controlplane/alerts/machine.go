package alerts

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// firstHold is for how long a condition must be gone until its alert is over. An alert
	// that fires again and again is held twice as long each time, up to mostHold.
	firstHold = 15 * time.Second
	mostHold  = 15 * time.Minute
	// flapMemory is for how long an alert that is over counts as the same that flaps.
	flapMemory = time.Hour
	// mostFiring is how many alerts of one event fire at once.
	mostFiring = 500
)

// machine decides what opens, goes on and is over. It is pure: the same alerts, sights and
// time give the same changes.
type machine struct {
	now   time.Time
	newID func() string
}

// change is an alert that is not as it was, and whether people are to be told.
type change struct {
	Tracked
	tell bool
}

type identity struct{ event, subject string }

// step holds what was seen against what is known. Events that nobody looked at stay as they are.
func (m machine) step(known []Tracked, seen []sight) (changes []change, dropped int) {
	byID := make(map[identity]Tracked, len(known))
	firing := map[string]int{}
	for _, t := range known {
		byID[identity{t.Event, t.Subject}] = t
		if t.Firing() {
			firing[t.Event]++
		}
	}
	for _, s := range seen {
		present := make(map[string]bool, len(s.conditions))
		for _, c := range s.conditions {
			present[c.Subject] = true
			t, ok := byID[identity{s.event, c.Subject}]
			switch {
			case ok && t.Firing():
				if next, changed := m.goOn(t, c); changed {
					changes = append(changes, next)
				}
			case c.Keep:
			case firing[s.event] >= mostFiring:
				dropped++
			default:
				firing[s.event]++
				changes = append(changes, m.open(s.event, t, c))
			}
		}
		for _, t := range known {
			if t.Event == s.event && t.Firing() && !present[t.Subject] {
				if next, changed := m.clear(t); changed {
					changes = append(changes, next)
				}
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Subject, b.Subject))
	})
	return changes, dropped
}

// open begins an alert. before is what is remembered of the last time, if anything.
func (m machine) open(event string, before Tracked, c Condition) change {
	t := Tracked{Event: event, Subject: c.Subject, Severity: c.Severity, Openings: 1, Version: before.Version}
	if before.Alert != nil && m.now.Sub(before.Alert.GetEndTime().AsTime()) < flapMemory {
		t.Openings = before.Openings + 1
	}
	t.Alert = proto.CloneOf(c.Alert)
	t.Alert.Id, t.Alert.Event, t.Alert.State = m.newID(), event, adminv1.AlertState_ALERT_STATE_FIRING
	t.Alert.StartTime = timestamppb.New(m.now)
	return change{t, true}
}

// goOn is an alert whose condition holds still, or again.
func (m machine) goOn(t Tracked, c Condition) (next change, changed bool) {
	if c.Keep {
		if t.ClearSince.IsZero() {
			return change{}, false
		}
		t.ClearSince = time.Time{}
		return change{t, false}, true
	}
	if t.ClearSince.IsZero() && t.Severity == c.Severity {
		return change{}, false
	}
	worse := c.Severity > t.Severity
	alert := proto.CloneOf(c.Alert)
	alert.Id, alert.Event, alert.State, alert.StartTime = t.Alert.GetId(), t.Event, t.Alert.GetState(), t.Alert.GetStartTime()
	t.Alert, t.Severity, t.ClearSince = alert, c.Severity, time.Time{}
	return change{t, worse}, true
}

// clear is an alert whose condition does not hold now: over when that has lasted.
func (m machine) clear(t Tracked) (next change, changed bool) {
	if t.ClearSince.IsZero() {
		t.ClearSince = m.now
		return change{t, false}, true
	}
	if m.now.Sub(t.ClearSince) < hold(t.Openings) {
		return change{}, false
	}
	t.Alert = proto.CloneOf(t.Alert)
	t.Alert.State, t.Alert.EndTime = adminv1.AlertState_ALERT_STATE_RESOLVED, timestamppb.New(t.ClearSince)
	t.ClearSince = time.Time{}
	return change{t, true}, true
}

// hold is for how long the condition of an alert must be gone that has fired so often.
func hold(openings int) time.Duration {
	return min(firstHold<<min(max(openings-1, 0), 10), mostHold)
}
