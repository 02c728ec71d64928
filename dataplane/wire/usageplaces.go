package wire

import (
	"github.com/tidwall/gjson"
)

// usageElsewhere finds what a document tells of its usage where most do not: llama.cpp's timings, Ollama's own
// counts, TGI's details, Cohere's meta, and the places of Moonshot, Groq, Google and Bedrock. found is false where
// no place tells of any token.
func usageElsewhere(doc []byte) (m usageMembers, found bool) {
	var counts usageMembers // at the top, as Ollama has them
	look := func(u gjson.Result) bool {
		if u.IsObject() {
			m = usageMembersOf(u)
			told, ok := m.usage()
			found = ok && told.Input+told.Output > 0
		}
		return !found
	}
	gjson.ParseBytes(doc).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "choices":
			return look(value.Get("#(usage).usage"))
		case "x_groq":
			return look(value.Get("usage"))
		case "usage": // Cohere's, where it bills nothing
			return look(value.Get("tokens"))
		case "meta":
			return look(value.Get("usage")) && look(value.Get("billed_units")) && look(value.Get("tokens"))
		case "usageMetadata", "usage_metadata", "timings", "details", BedrockMetrics:
			return look(value)
		case "prompt_eval_count":
			counts.prompt.set(value)
		case "eval_count":
			counts.completion.set(value)
		}
		return true
	})
	if told, ok := counts.usage(); !found && ok && told.Input+told.Output > 0 {
		return counts, true
	}
	return m, found
}

// BedrockMetrics is what Bedrock adds to the last event of a stream.
const BedrockMetrics = "amazon-bedrock-invocationMetrics"
