package engine

import (
	"bytes"
	"context"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
)

// refusedHabit finds the habit that an answer tells of and that was not tried yet; false: it tells of none.
func (a *attempt) refusedHabit(v dataplane.Verdict, tried learned.Tried) (h learned.Habit, found bool) {
	if a.translation == nil || v.Outcome != dataplane.BadRequest && v.Outcome != dataplane.Unsupported {
		return 0, false
	}
	return learned.Told(a.errorBody, a.translation.body, tried)
}

// adapt sends a request that was refused once more, as the answer wants it, and again for each habit that
// the next answer tells of. What was so is remembered for the target if it answers now.
func (a *attempt) adapt(ctx context.Context, v dataplane.Verdict) (_ dataplane.Verdict, answered bool) {
	var tried learned.Tried
	for {
		habit, found := a.refusedHabit(v, tried)
		if !found {
			return v, false
		}
		tried.Add(habit)
		target := a.translation.of.Target
		is := habit.Of(&target)
		*is = !*is
		t := &translation{of: a.translation.of}
		t.of.Target, t.of.Losses = target, &t.losses
		var why *refusal
		if t.body, why = a.call.translator.write(a.endpoint, target, &t.losses); why != nil || bytes.Equal(t.body, a.translation.body) || !a.call.memory.take(int64(len(t.body))) {
			return v, false
		}
		t.complete = len(t.losses.Dropped) == 0
		a.translation, a.edits = t, nil
		if v, refused := a.rewrite(&a.call.carried, &a.record); refused {
			return v, false
		}
		if v, refused := a.address(); refused {
			return v, false
		}
		if v, answered = a.exchange(ctx); answered {
			a.rememberHabits(tried)
			return v, true
		}
	}
}

// rememberHabits notes what the target takes, now that it has answered.
func (a *attempt) rememberHabits(tried learned.Tried) {
	if !a.reported {
		return
	}
	e := a.call.engine
	tried.Each(func(h learned.Habit) {
		if e.learned.Habits.Note(a.Scope, h, *h.Of(&a.translation.of.Target), e.cfg.Now()) {
			e.cfg.Logger.Info("a model needs other parameters than most; translated requests are adapted for a while",
				"what", h.String(), "provider", a.Provider.Name, "model", a.Model, "for", learned.Remembered)
		}
	})
}
