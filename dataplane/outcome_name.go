package dataplane

// OutcomeNamed finds an outcome by the name that String gives it.
func OutcomeNamed(name string) (Outcome, bool) {
	for o := range numOutcomes {
		if rules[o].Name == name {
			return o, true
		}
	}
	return 0, false
}
