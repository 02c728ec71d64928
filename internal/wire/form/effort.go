package form

// Efforts and budgets of tokens say the same in two ways. Between these numbers a budget is the
// lower effort's, and those of the efforts come back as themselves.
const (
	lowBudget    = 4096
	mediumBudget = 16384
)

// EffortFor is the effort that a budget of tokens to think comes to.
func EffortFor(budget int64) string {
	switch {
	case budget <= lowBudget:
		return "low"
	case budget <= mediumBudget:
		return "medium"
	}
	return "high"
}

// BudgetFor is the budget of tokens that an effort comes to; 0: it is no effort to think.
func BudgetFor(effort string) int64 {
	switch effort {
	case "minimal":
		return 1024 // the least that is taken
	case "low":
		return lowBudget
	case "medium":
		return mediumBudget
	case "high":
		return 24576
	case "xhigh":
		return 32768
	case "max":
		return 49152
	}
	return 0
}

// Level is how much is to be thought as an effort, where a dialect has no budgets; empty: that is left
// to the model.
func (t *Thinking) Level() string {
	switch {
	case t.Mode == ThinkingOff:
		return "none"
	case t.Effort != "":
		return t.Effort
	case t.Budget > 0:
		return EffortFor(t.Budget)
	}
	return ""
}
