package learned

import (
	"bytes"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// habit is how one of them is learned.
type habit struct {
	form.Habit
	what string // for the log
	// sent stands in a request that was written in the other way, in words of the request.
	sent string
	// refused recognises an answer that refuses that, in lower case.
	refused func(said []byte) bool
}

// habits are all there are.
var habits = [...]habit{
	{
		Habit: form.TakesEffort, what: "an effort to think instead of a budget",
		sent: `"thinking":`,
		refused: func(said []byte) bool {
			return bytes.Contains(said, []byte("thinking")) &&
				(bytes.Contains(said, []byte("adaptive")) || bytes.Contains(said, []byte("enabled")) || bytes.Contains(said, []byte("budget_tokens")))
		},
	},
	{
		Habit: form.TakesCompletionTokens, what: "max_completion_tokens instead of max_tokens",
		sent:    `"max_tokens":`,
		refused: func(said []byte) bool { return bytes.Contains(said, []byte("max_completion_tokens")) },
	},
	{
		Habit: form.TakesNoEffort, what: "no effort to think",
		sent:    `"reasoning_effort":`,
		refused: func(said []byte) bool { return bytes.Contains(said, []byte("reasoning_effort")) },
	},
	{
		Habit: form.TakesShortIDs, what: "ids of calls of nine letters and digits",
		sent: `"tool_call_id":`,
		refused: func(said []byte) bool {
			return bytes.Contains(said, []byte("tool call id")) && bytes.Contains(said, []byte("length of 9"))
		},
	},
}

// habitOf is a habit of a target.
type habitOf struct {
	target dataplane.Scope
	habit  Habit
}

// Habits remembers in what targets differ from most of their dialect.
type Habits struct{ shown Facts[habitOf] }

// Habit is one of them, by its place in the list.
type Habit int

// String says for a log what a target wants to be told.
func (h Habit) String() string { return habits[h].what }

// Of is where a target has it.
func (h Habit) Of(to *form.Target) *bool { return habits[h].Habit.Of(to) }

// Tried are habits that a request was already written for, as bits.
type Tried uint

// Add notes one.
func (t *Tried) Add(h Habit) { *t |= 1 << h }

// Each calls do with each of them.
func (t Tried) Each(do func(Habit)) {
	for i := range habits {
		if t&(1<<i) != 0 {
			do(Habit(i))
		}
	}
}

// Told finds the habit that the refusal of a request tells of and that was not tried yet; false: it
// tells of none.
func Told(said, request []byte, tried Tried) (h Habit, found bool) {
	said = bytes.ToLower(said)
	for i := range habits {
		if h := &habits[i]; tried&(1<<i) == 0 && bytes.Contains(request, []byte(h.sent)) && h.refused(said) {
			return Habit(i), true
		}
	}
	return 0, false
}

// None reports whether nothing was ever learned.
func (h *Habits) None() bool { return h.shown.None() }

// Apply sets what is known of a target.
func (h *Habits) Apply(target dataplane.Scope, to *form.Target, now time.Time) {
	for i := range habits {
		_, *habits[i].Habit.Of(to) = h.shown.Until(habitOf{target, Habit(i)}, now)
	}
}

// Note keeps in mind that a target has a habit, or no longer; it reports whether it is news that it has.
func (h *Habits) Note(target dataplane.Scope, habit Habit, has bool, now time.Time) (news bool) {
	this := habitOf{target, habit}
	if has {
		return h.shown.Add(this, now)
	}
	h.shown.Forget(func(other habitOf) bool { return other == this })
	return false
}
