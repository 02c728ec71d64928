package engine

import (
	"bytes"
	"context"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/form"
)

// habit is one way in which models of one dialect differ, so that what one has to be told another refuses.
type habit struct {
	what string // for the log
	// sent stands in a request that was written in the other way, in words of the request.
	sent string
	// refused recognises an answer that refuses that, in lower case.
	refused func(said []byte) bool
	of      func(*form.Target) *bool
}

// habits are all there are. The ids of models do not tell them: only an answer does.
var habits = [...]habit{
	{
		what: "an effort to think instead of a budget", sent: `"thinking":`,
		refused: func(said []byte) bool {
			return bytes.Contains(said, []byte("thinking")) &&
				(bytes.Contains(said, []byte("adaptive")) || bytes.Contains(said, []byte("enabled")) || bytes.Contains(said, []byte("budget_tokens")))
		},
		of: func(t *form.Target) *bool { return &t.Adaptive },
	},
	{
		what: "max_completion_tokens instead of max_tokens", sent: `"max_tokens":`,
		refused: func(said []byte) bool { return bytes.Contains(said, []byte("max_completion_tokens")) },
		of:      func(t *form.Target) *bool { return &t.CompletionTokens },
	},
	{
		what: "no effort to think", sent: `"reasoning_effort":`,
		refused: func(said []byte) bool { return bytes.Contains(said, []byte("reasoning_effort")) },
		of:      func(t *form.Target) *bool { return &t.NoEffort },
	},
}

// habitOf is a habit, by its place in the list, of a target.
type habitOf struct {
	target dataplane.Scope
	habit  int
}

// learnHabits sets what is known of a target.
func (e *Engine) learnHabits(t *dataplane.Target, to *form.Target) {
	if e.habits.none() {
		return
	}
	now := e.cfg.Now()
	for i := range habits {
		_, *habits[i].of(to) = e.habits.until(habitOf{t.Scope, i}, now)
	}
}

// refusedHabit finds the habit that an answer tells of and that was not tried yet; false: it tells of none.
func (a *attempt) refusedHabit(v dataplane.Verdict, tried uint) (i int, found bool) {
	if a.translation == nil || v.Outcome != dataplane.BadRequest && v.Outcome != dataplane.Unsupported {
		return 0, false
	}
	said := bytes.ToLower(a.errorBody)
	for i := range habits {
		if h := &habits[i]; tried&(1<<i) == 0 && bytes.Contains(a.translation.body, []byte(h.sent)) && h.refused(said) {
			return i, true
		}
	}
	return 0, false
}

// adapt sends a request that was refused once more, as the answer wants it, and again for each habit that
// the next answer tells of. What was so is remembered for the target if it answers now.
func (a *attempt) adapt(ctx context.Context, v dataplane.Verdict) (_ dataplane.Verdict, answered bool) {
	tried := uint(0)
	for {
		i, found := a.refusedHabit(v, tried)
		if !found {
			return v, false
		}
		tried |= 1 << i
		target := a.translation.of.Target
		is := habits[i].of(&target)
		*is = !*is
		t := &translation{of: a.translation.of}
		t.of.Target, t.of.Losses = target, &t.losses
		var why *refusal
		if t.body, why = a.call.write(a.endpoint, target, &t.losses); why != nil || bytes.Equal(t.body, a.translation.body) || !a.call.hold(int64(len(t.body))) {
			return v, false
		}
		t.complete = len(t.losses.Dropped) == 0
		a.translation, a.edits = t, nil
		if v, refused := a.rewrite(); refused {
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
func (a *attempt) rememberHabits(tried uint) {
	if !a.reported {
		return
	}
	e := a.call.engine
	for i := range habits {
		this := habitOf{a.Scope, i}
		switch {
		case tried&(1<<i) == 0:
		case !*habits[i].of(&a.translation.of.Target):
			e.habits.forget(func(h habitOf) bool { return h == this })
		case e.habits.add(this, e.cfg.Now()):
			e.cfg.Logger.Info("a model takes something else than most: translated requests say that for a while",
				"what", habits[i].what, "provider", a.Provider.Name, "model", a.Model, "for", remembered)
		}
	}
}
