package main

import (
	"strings"
	"unicode"
)

// serviceUse is the command of a service, the plural of its noun: ProviderService is providers.
func serviceUse(service string) string {
	return plural(kebab(strings.TrimSuffix(service, "Service")))
}

// methodUse is the command of a method. A verb followed by the service's own
// noun is the verb alone: ListApiKeys of KeyService is list, while
// CreateJoinToken of NodeService stays create-join-token.
func methodUse(service, method string) string {
	words := kebab(method)
	verb, rest, ok := strings.Cut(words, "-")
	noun := serviceUse(service)
	if ok && (plural(rest) == noun || strings.HasSuffix(plural(rest), "-"+noun)) {
		return verb
	}
	return words
}

func plural(noun string) string { return strings.TrimSuffix(noun, "s") + "s" }

// kebab writes ResetCooldown as reset-cooldown.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
