package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// kept is a log in memory.
type kept struct {
	events []Event
	head   Head
	down   bool
}

func (k *kept) AppendEvent(_ context.Context, e Event) error {
	if k.down {
		return errors.New("down")
	}
	e = e.Bounded()
	e.Sequence = k.head.Sequence + 1
	e.Hash = e.Link(k.head.Hash)
	k.head.Sequence, k.head.Hash = e.Sequence, e.Hash
	k.events = append(k.events, e)
	return nil
}

func (k *kept) NewestEvents(context.Context, Filter) ([]Event, error) { return nil, nil }

func (k *kept) OldestEvents(_ context.Context, f Filter) (found []Event, _ error) {
	for _, e := range k.events {
		if e.Sequence > f.After && len(found) < f.Limit {
			found = append(found, e)
		}
	}
	return found, nil
}

func (k *kept) AuditHead(context.Context) (Head, error) { return k.head, nil }

func (k *kept) RemoveEvents(context.Context, time.Time, int) (int, error) { return 0, nil }

func written(t *testing.T, n int) *kept {
	t.Helper()
	k := &kept{}
	for i := range n {
		if err := k.AppendEvent(t.Context(), Event{At: time.Unix(int64(i), 0), Actor: "user:root", Action: "Logout", Targets: []string{fmt.Sprint("Token/", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// remove takes events up to n away as retention does.
func (k *kept) remove(t *testing.T, n int64) {
	t.Helper()
	k.head.AnchorSequence, k.head.AnchorHash = n, k.events[n-1].Hash
	if err := k.AppendEvent(t.Context(), Event{Actor: System, Action: ActionRemoveEvents, Detail: Removal(n, k.head.AnchorHash)}); err != nil {
		t.Fatal(err)
	}
	k.events = k.events[n:]
}

func TestVerifyNamesTheFirstBrokenEvent(t *testing.T) {
	t.Parallel()
	const events = 2*verifyPage + 7
	for name, test := range map[string]struct {
		tamper func(k *kept)
		broken int64
		reason string
	}{
		"untouched":          {func(*kept) {}, 0, ""},
		"another actor":      {func(k *kept) { k.events[1500].Actor = "user:other" }, 1501, "content"},
		"another time":       {func(k *kept) { k.events[0].At = time.Unix(7, 0) }, 1, "content"},
		"another target":     {func(k *kept) { k.events[9].Targets = []string{"Token/9", "Token/10"} }, 10, "content"},
		"moved between":      {func(k *kept) { k.events[9].Detail, k.events[9].RequestID = "x", "" }, 10, "content"},
		"a hash":             {func(k *kept) { k.events[4].Hash[0] ^= 1 }, 5, "content"},
		"removed":            {func(k *kept) { k.events = slices.Delete(k.events, 99, 101) }, 100, "100 to 101 are missing"},
		"a page is removed":  {func(k *kept) { k.events = slices.Delete(k.events, 999, 2000) }, 1000, "1000 to 2000 are missing"},
		"the end is removed": {func(k *kept) { k.events = k.events[:2000] }, 2001, "2001 to 2007 are missing"},
		"all are removed":    {func(k *kept) { k.events = nil }, 1, "1 to 2007 are missing"},
		"the beginning":      {func(k *kept) { k.events = k.events[3:] }, 1, "1 to 3 are missing"},
		"another head":       {func(k *kept) { k.head.Hash[0] ^= 1 }, 2007, "head"},
		"the end and the head": {func(k *kept) {
			k.events = k.events[:2000]
			k.head.Sequence, k.head.Hash = 2000, k.events[1999].Hash
		}, 0, ""}, // only a known hash tells, see below
		"a made-up anchor": {func(k *kept) {
			k.head.AnchorSequence, k.head.AnchorHash = 3, k.events[2].Hash
			k.events = k.events[3:]
		}, 4, "not removed by retention"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := written(t, events)
			test.tamper(k)
			report, err := Verify(t.Context(), k, nil)
			if err != nil || report.Broken != test.broken || !strings.Contains(report.Reason, test.reason) || (report.Reason == "") != (test.reason == "") {
				t.Errorf("%+v, %v; want broken at %d: %s", report, err, test.broken, test.reason)
			}
		})
	}
}

func TestVerifyGoesOnFromTheAnchor(t *testing.T) {
	t.Parallel()
	k := written(t, 20)
	k.remove(t, 5)
	k.remove(t, 7) // of those that were left
	report, err := Verify(t.Context(), k, nil)
	if err == nil && report.Broken == 0 {
		t.Error("an anchor in the middle of what is left passed")
	}
	k = written(t, 20)
	k.remove(t, 5)
	if report, err = Verify(t.Context(), k, nil); err != nil || report.Broken != 0 || report.Events != 16 {
		t.Errorf("%+v, %v; want 16 intact events", report, err)
	}
}

func TestVerifyWithAKnownHash(t *testing.T) {
	t.Parallel()
	k := written(t, 20)
	known := &Known{Sequence: 15, Hash: k.events[14].Hash}
	if report, err := Verify(t.Context(), k, known); err != nil || report.Broken != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	rewritten := written(t, 14)
	for range 6 {
		_ = rewritten.AppendEvent(t.Context(), Event{Actor: "user:other", Action: "Logout"})
	}
	if report, err := Verify(t.Context(), rewritten, known); err != nil || report.Broken != 15 {
		t.Errorf("rewritten: %+v, %v; want broken at 15", report, err)
	}
	if report, err := Verify(t.Context(), written(t, 10), known); err != nil || report.Broken != 11 {
		t.Errorf("cut: %+v, %v; want broken at 11", report, err)
	}
}

type ticker struct{ at time.Time }

func (c *ticker) now() time.Time { return c.at }

func newTestRecorder(k *kept, c *ticker) *Recorder {
	return NewRecorder(Config{Store: k, Keep: func() time.Duration { return 0 }, Logger: slog.New(slog.DiscardHandler), Now: c.now})
}

func TestAFloodOfFailuresIsAFewEvents(t *testing.T) {
	t.Parallel()
	k, c := &kept{}, &ticker{time.Unix(1000, 0)}
	r := newTestRecorder(k, c)
	one := Failure{Action: "Login", Actor: "user:root", Address: "192.0.2.1", Outcome: "unauthenticated", Reason: WrongPassword}
	for range 50 {
		r.Failed(t.Context(), one)
	}
	if len(k.events) != 1 || k.events[0].Count != 1 || k.events[0].Detail != WrongPassword {
		t.Fatalf("events %+v, want the first failure alone", k.events)
	}
	for i := range 10_000 {
		r.Failed(t.Context(), Failure{Action: "Login", Address: fmt.Sprint("network ", i), Outcome: "unauthenticated", Reason: UnknownUser})
	}
	if n := len(k.events); n != maxFailures+1 {
		t.Errorf("%d events within a minute, want %d", n, maxFailures+1)
	}
	c.at = c.at.Add(failureWindow)
	r.flush(t.Context(), r.failures.take(c.at))
	counted := map[string]int64{}
	for _, e := range k.events {
		counted[e.Detail] += e.Count
	}
	if n := len(k.events); n != maxFailures+3 || counted[WrongPassword] != 50 || counted[UnknownUser] != 10_000 {
		t.Errorf("%d events that stand for %v", n, counted)
	}
	r.Failed(t.Context(), one)
	if n := len(k.events); n != maxFailures+4 || k.events[n-1].Count != 1 {
		t.Errorf("the first failure of the next minute is no event of its own: %d", n)
	}
}

func TestDoRecordsOutcomes(t *testing.T) {
	t.Parallel()
	k := &kept{}
	r := newTestRecorder(k, &ticker{})
	event := Event{Actor: System, Action: ActionApplyAtStart}
	if err := r.Do(t.Context(), event, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	refused := errors.New("refused")
	if err := r.Do(t.Context(), event, func(context.Context) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("error %v, want what was refused", err)
	}
	// What was recorded with its change is not recorded twice.
	if err := r.Do(t.Context(), event, func(ctx context.Context) error { From(ctx).Written(); return nil }); err != nil {
		t.Error(err)
	}
	if len(k.events) != 2 || k.events[0].Outcome != OK || k.events[1].Outcome != "internal" {
		t.Errorf("events %+v", k.events)
	}
	k.down = true
	if err := r.Do(t.Context(), event, func(context.Context) error { return nil }); err == nil {
		t.Error("what cannot be recorded succeeded")
	}
	if err := r.Do(t.Context(), event, func(context.Context) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("error %v, want what was refused", err)
	}
}
