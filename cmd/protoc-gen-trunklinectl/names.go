package main

import (
	"strings"
	"unicode"

	"google.golang.org/protobuf/compiler/protogen"
)

// serviceUse is the command of a service, the plural of its noun: ProviderService is providers.
func serviceUse(service string) string {
	return plural(kebab(strings.TrimSuffix(service, "Service")))
}

// methodUse is the command of a method. A verb followed by the service's own noun is the
// verb alone: ListApiKeys of KeyService is list, while CreateJoinToken of NodeService stays
// create-join-token. What is only read is named without its verb: ListProviderHealth of
// ProviderService is health, ListAuditEvents of AuditService list, GetAttemptSeries of UsageService attempt-series.
func methodUse(service, method string) string {
	words, noun := kebab(method), serviceUse(service)
	verb, rest := cutVerb(words)
	own := strings.TrimSuffix(noun, "s") + "-"
	switch {
	case rest == "":
		return words
	case rest == noun+"-events", plural(rest) == noun || strings.HasSuffix(plural(rest), "-"+noun):
		return verb
	case verb == "list" && strings.HasPrefix(rest, own), verb == "get" && strings.HasSuffix(rest, "-series"):
		return strings.TrimPrefix(rest, own)
	}
	return words
}

// cutVerb parts the verb from its object. Some verbs have two words.
func cutVerb(words string) (verb, object string) {
	for _, verb := range [...]string{"break-down", "dry-run"} {
		if object, ok := strings.CutPrefix(words, verb+"-"); ok {
			return verb, object
		}
	}
	verb, object, _ = strings.Cut(words, "-")
	return verb, object
}

// many reports whether another method does for several what m does for one: its command
// takes one name too.
func many(s *protogen.Service, m *protogen.Method) bool {
	for _, other := range s.Methods {
		if other.GoName == m.GoName+"s" {
			return true
		}
	}
	return false
}

func plural(noun string) string {
	if noun == "usage" || noun == "audit" {
		return noun
	}
	return strings.TrimSuffix(noun, "s") + "s"
}

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
