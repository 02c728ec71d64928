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
