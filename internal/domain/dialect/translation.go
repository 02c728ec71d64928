package dialect

import "strings"

// translated are the conversations between which calls are translated: those that can say most first,
// which is the order in which one is chosen where a provider has several.
var translated = []string{Responses, Messages, Gemini, Chat}

// Translated are the names of the APIs between which calls are translated, in the order in which one of
// them is chosen.
func Translated() []string { return translated }

// ConversationAt is the name of the API that converses at an endpoint such as /messages; empty: none does.
func ConversationAt(endpoint string) string {
	for _, name := range translated {
		if isTalk(name, endpoint) {
			return name
		}
	}
	return ""
}

// Way says in which API a provider gets a call in one of those that are translated; empty: it cannot have
// it. speaks is what is known of the provider; off: nothing is translated. This is the nodes' own rule.
func Way(api string, off bool, speaks func(api string) (speaks, certain bool), lacks func(api string) bool) (to string) {
	native, _ := speaks(api)
	if native && !lacks(api) {
		return api
	}
	if !off {
		to = Other(api, speaks, lacks)
	}
	if to == "" && native { // it is asked last
		return api
	}
	return to
}

// Other is the API that a call in another one is translated to for a provider: the first that it speaks for
// certain; empty: there is none.
func Other(api string, speaks func(api string) (speaks, certain bool), lacks func(api string) bool) string {
	for _, other := range translated {
		if other == api {
			continue
		}
		if has, certain := speaks(other); has && certain && !lacks(other) {
			return other
		}
	}
	return ""
}

// TalkOf is the endpoint at which models of an API converse, such as /messages; empty: it is no API.
func TalkOf(api string) string {
	a := FindAPI(api)
	if a == nil {
		return ""
	}
	return a.Root + a.Talk
}

// isTalk reports whether an endpoint is where models of an API converse.
func isTalk(api, endpoint string) bool {
	return TalkOf(api) == endpoint
}

// LacksIn makes the answer to whether an API is known to be missing of the endpoints that are.
func LacksIn(endpoints []string) func(api string) bool {
	return func(api string) bool {
		for _, e := range endpoints {
			if isTalk(api, "/"+strings.TrimPrefix(e, "/")) { // learned gaps are named without their slash
				return true
			}
		}
		return false
	}
}
