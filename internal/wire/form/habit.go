package form

// Habit is one way in which models of a dialect differ, so that what one has to be told another refuses. The ids of
// models do not tell it: only an answer does.
type Habit struct {
	Endpoint, Parameter string // what is refused
	// Of is where a target has it.
	Of func(*Target) *bool
}

// Habits that models have.
var (
	TakesEffort           = Habit{"/messages", "thinking.budget_tokens", func(t *Target) *bool { return &t.Adaptive }}
	TakesCompletionTokens = Habit{"/chat/completions", "max_tokens", func(t *Target) *bool { return &t.CompletionTokens }}
	TakesNoEffort         = Habit{"/chat/completions", "reasoning_effort", func(t *Target) *bool { return &t.NoEffort }}
	TakesShortIDs         = Habit{"/chat/completions", "messages.tool_call_id", func(t *Target) *bool { return &t.ShortIDs }}
)

// Refuses notes that the model of a target was seen to refuse a parameter at an endpoint, if that tells a habit.
func (t *Target) Refuses(endpoint, parameter string) {
	for _, h := range [...]*Habit{&TakesEffort, &TakesCompletionTokens, &TakesNoEffort, &TakesShortIDs} {
		if h.Endpoint == endpoint && h.Parameter == parameter {
			*h.Of(t) = true
		}
	}
}
