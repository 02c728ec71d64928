package wire

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// UsageOf reads a usage object of any endpoint. False: it holds no number that says how much
// was used, and is as good as none. Audio that is measured in seconds has usage without
// tokens.
func UsageOf(u gjson.Result) (dataplane.Usage, bool) {
	if !u.IsObject() {
		return dataplane.Usage{}, false
	}
	m := usageMembersOf(u)
	return m.usage()
}

// UsageIn finds the usage of a plain answer: where everyone puts it, or inside a choice.
func UsageIn(answer []byte) dataplane.Usage {
	told, ok := UsageOf(gjson.GetBytes(answer, "usage"))
	if !ok || told.Input+told.Output == 0 {
		if inside, ok := UsageOf(gjson.GetBytes(answer, UsageInChoice)); ok {
			return inside
		}
	}
	return told
}

// UsageInChoice is where Moonshot puts the usage of a stream.
const UsageInChoice = "choices.#(usage).usage"

// usage is what the members say together; false: nothing.
func (m *usageMembers) usage() (dataplane.Usage, bool) {
	read := max(m.cached.tokens, m.cacheHit.tokens, m.cacheRead.tokens)
	written := max(m.written.tokens, m.cacheCreation.tokens, m.written5m.tokens+m.written1h.tokens)
	u := dataplane.Usage{
		Input:  first(m.prompt, m.input),
		Output: first(m.completion, m.output),
		Source: dataplane.UsageUpstream,
	}
	if m.cacheBeside(u, written) {
		u.Input += m.cacheRead.tokens + max(m.cacheCreation.tokens, m.written5m.tokens+m.written1h.tokens)
	}
	m.missing(&u)
	u.CachedInput = min(read, u.Input)
	u.CacheWrite = min(written, u.Input-u.CachedInput)
	told := m.prompt.told || m.input.told || m.completion.told || m.output.told || m.total.told || m.seconds.told
	if !told {
		return dataplane.Usage{}, false
	}
	return u, true
}

// cacheBeside reports whether the input leaves out what came from a cache and what was written
// to one: OpenAI counts both in, Anthropic does not. A total decides where it can.
func (m *usageMembers) cacheBeside(u dataplane.Usage, written int64) bool {
	cache := m.cacheRead.tokens + written
	if m.total.told && cache > 0 {
		switch m.total.tokens {
		case u.Input + u.Output + cache:
			return true
		case u.Input + u.Output:
			return cache > u.Input
		}
	}
	return !m.prompt.told && m.input.told && !m.inputDetails
}

// missing adds what only the total counts: a half that was not told, or reasoning that
// stands beside the output, as with xAI (told) and Google (not told). Reasoning above the
// output cannot be part of it.
func (m *usageMembers) missing(u *dataplane.Usage) {
	rest, reasoning := m.total.tokens-u.Input-u.Output, m.reasoning.tokens
	switch {
	case rest > 0 && u.Input == 0:
		u.Input += rest // all of it at some embeddings and rerankers
	case rest > 0 && (reasoning == 0 || rest == reasoning):
		u.Output += rest
	case reasoning > u.Output:
		u.Output += reasoning
	}
}
