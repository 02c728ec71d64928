package controlplane

// IsEnabled reads a switch that is on unless somebody turned it off.
func IsEnabled(set *bool) bool { return set == nil || *set }
