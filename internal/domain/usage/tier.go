package usage

import "strings"

// plainTiers are what providers call the service tier that everybody gets: OpenAI, Anthropic
// and Groq.
var plainTiers = [...]string{"", "default", "standard", "auto", "on_demand"}

// IsPlainTier reports whether a service tier is the usual one, which has no price of its own.
func IsPlainTier(name string) bool {
	for _, plain := range plainTiers {
		if strings.EqualFold(name, plain) {
			return true
		}
	}
	return false
}

// maxTier bounds the name of a service tier, in bytes.
const maxTier = 32

// ServiceTier is a service tier as prices name it; empty: the usual one, or nothing that could
// be the name of one.
func ServiceTier(told string) string {
	if IsPlainTier(told) || len(told) > maxTier || strings.Trim(told, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return ""
	}
	return strings.Clone(strings.ToLower(told))
}
