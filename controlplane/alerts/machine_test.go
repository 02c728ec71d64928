package alerts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

var start = time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)

// world is what a store would remember between steps.
type world struct {
	now   time.Time
	ids   int
	known []Tracked
}

// see makes one step and gives what people would be told: "firing x#1 level", in order.
func (w *world) see(seen ...sight) (told []string) {
	changes, _ := machine{now: w.now, newID: func() string { w.ids++; return fmt.Sprint(w.ids) }}.step(w.known, seen)
	for _, c := range changes {
		i := slices.IndexFunc(w.known, func(t Tracked) bool { return t.Event == c.Event && t.Subject == c.Subject })
		if i < 0 {
			w.known = append(w.known, c.Tracked)
		} else {
			w.known[i] = c.Tracked
		}
		if c.tell {
			told = append(told, fmt.Sprintf("%s %s#%s %d", stateName(c.Alert), c.Subject, c.Alert.GetId(), c.Severity))
		}
	}
	return told
}

func holds(subjects ...string) sight {
	s := sight{event: EventCooldown}
	for _, subject := range subjects {
		s.conditions = append(s.conditions, Condition{Subject: subject, Severity: 1, Alert: &adminv1.Alert{Provider: subject}})
	}
	return s
}

func worse(subject string, severity int) sight {
	s := holds(subject)
	s.conditions[0].Severity = severity
	return s
}

func keeps(subject string) sight {
	s := holds(subject)
	s.conditions[0].Keep = true
	return s
}

func TestMachine(t *testing.T) {
	t.Parallel()
	type step struct {
		after time.Duration // since the step before
		seen  []sight
		want  []string
	}
	for name, steps := range map[string][]step{
		"it fires once, and is over when that has lasted": {
			{0, []sight{holds("a")}, []string{"firing a#1 1"}},
			{2 * time.Second, []sight{holds("a")}, nil},
			{2 * time.Second, []sight{holds()}, nil},
			{14 * time.Second, []sight{holds()}, nil},
			{1 * time.Second, []sight{holds()}, []string{"resolved a#1 1"}},
			{2 * time.Second, []sight{holds()}, nil},
		},
		"a gap that is shorter than the hold is none": {
			{0, []sight{holds("a")}, []string{"firing a#1 1"}},
			{2 * time.Second, []sight{holds()}, nil},
			{10 * time.Second, []sight{holds("a")}, nil},
			{2 * time.Second, []sight{holds()}, nil},
			{14 * time.Second, []sight{holds()}, nil},
			{2 * time.Second, []sight{holds()}, []string{"resolved a#1 1"}},
		},
		"what cannot be told stays as it is": {
			{0, []sight{holds("a")}, []string{"firing a#1 1"}},
			{time.Hour, nil, nil},
			{time.Hour, []sight{{event: EventBudget}}, nil},
			{0, []sight{holds("a")}, nil},
		},
		"what only keeps opens nothing, and keeps what fires": {
			{0, []sight{keeps("a")}, nil},
			{time.Second, []sight{holds("a")}, []string{"firing a#1 1"}},
			{time.Second, []sight{holds()}, nil},
			{time.Second, []sight{keeps("a")}, nil},
			{time.Hour, []sight{keeps("a")}, nil},
			{time.Hour, []sight{holds()}, nil},
			{20 * time.Second, []sight{holds()}, []string{"resolved a#1 1"}},
		},
		"what gets worse is told again, what gets better is not": {
			{0, []sight{worse("a", 1)}, []string{"firing a#1 1"}},
			{time.Second, []sight{worse("a", 3)}, []string{"firing a#1 3"}},
			{time.Second, []sight{worse("a", 2)}, nil},
			{time.Second, []sight{worse("a", 3)}, []string{"firing a#1 3"}},
		},
		"one that fires again is another one, and held longer": {
			{0, []sight{holds("a")}, []string{"firing a#1 1"}},
			{time.Second, []sight{holds()}, nil},
			{15 * time.Second, []sight{holds()}, []string{"resolved a#1 1"}},
			{time.Second, []sight{holds("a")}, []string{"firing a#2 1"}},
			{time.Second, []sight{holds()}, nil},
			{29 * time.Second, []sight{holds()}, nil},
			{time.Second, []sight{holds()}, []string{"resolved a#2 1"}},
			// After an hour it is forgotten.
			{2 * time.Hour, []sight{holds("a")}, []string{"firing a#3 1"}},
			{time.Second, []sight{holds()}, nil},
			{15 * time.Second, []sight{holds()}, []string{"resolved a#3 1"}},
		},
		"several in order of their subjects": {
			{0, []sight{holds("b", "a")}, []string{"firing a#2 1", "firing b#1 1"}},
			{time.Second, []sight{holds("b")}, nil},
			{15 * time.Second, []sight{holds("b", "c")}, []string{"resolved a#2 1", "firing c#3 1"}},
		},
	} {
		w := &world{now: start}
		for i, s := range steps {
			w.now = w.now.Add(s.after)
			if got := w.see(s.seen...); !slices.Equal(got, s.want) {
				t.Errorf("%s: step %d tells %q, want %q", name, i, got, s.want)
			}
		}
	}
}

// Something that comes and goes every four seconds for a day is told of a bounded number of times.
func TestFlappingIsBounded(t *testing.T) {
	t.Parallel()
	w, told := &world{now: start}, 0
	for range int(24 * time.Hour / (4 * time.Second)) {
		for _, s := range []sight{holds("a"), holds()} {
			told += len(w.see(s))
			w.now = w.now.Add(2 * time.Second)
		}
	}
	if told != 1 {
		t.Errorf("%d messages of what is never gone for 15 s, want 1", told)
	}
	// And what stays away just long enough, each time.
	w, told = &world{now: start}, 0
	for w.now.Sub(start) < 24*time.Hour {
		told += len(w.see(holds("a")))
		w.now = w.now.Add(time.Second)
		for len(w.known) > 0 && w.known[0].Firing() {
			told += len(w.see(holds()))
			w.now = w.now.Add(time.Second)
		}
	}
	if told > 210 { // two every quarter of an hour, and some at first
		t.Errorf("%d messages within a day, want at most 210", told)
	}
	t.Logf("figures: %d messages within a day", told)
}

func TestTooManyAtOnceAreLeftOut(t *testing.T) {
	t.Parallel()
	var subjects []string
	for n := range mostFiring + 7 {
		subjects = append(subjects, fmt.Sprintf("%04d", n))
	}
	w := &world{now: start}
	if told := w.see(holds(subjects...)); len(told) != mostFiring {
		t.Errorf("%d are told, want %d", len(told), mostFiring)
	}
	_, dropped := machine{now: w.now, newID: func() string { return "x" }}.step(w.known, []sight{holds(subjects...)})
	if dropped != 7 {
		t.Errorf("%d are left out, want 7", dropped)
	}
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	var all time.Duration
	for n := int32(1); n < mostAttempts; n++ {
		all += retry(n)
	}
	if retry(1) != 5*time.Second || retry(2) != 10*time.Second || retry(100) != mostRetry || all > time.Hour {
		t.Errorf("waits of %s, %s, %s and %s together", retry(1), retry(2), retry(100), all)
	}
}
