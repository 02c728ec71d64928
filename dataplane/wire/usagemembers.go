package wire

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// usageMembers are the members of a usage object that say something to us.
type usageMembers struct {
	prompt, input, completion, output, total tokenCount

	cached               tokenCount // part of the input: at the top or in the details
	cacheHit             tokenCount // part of the input: DeepSeek's name
	cacheRead            tokenCount // Anthropic's name: beside the input, mostly
	written              tokenCount // part of the input
	cacheCreation        tokenCount // Anthropic's name: beside the input, mostly
	written5m, written1h tokenCount // which cacheCreation is made of
	reasoning            tokenCount // part of the output, mostly
	seconds              tokenCount

	inputDetails bool // there are any
}

// usageMembersOf reads a usage object. Of members of one name the first counts.
func usageMembersOf(u gjson.Result) (m usageMembers) {
	u.ForEach(func(key, value gjson.Result) bool {
		m.take(key.Str, value)
		return true
	})
	return m
}

// take looks at one member, in the spelling of the APIs or in that of JavaScript.
func (m *usageMembers) take(name string, value gjson.Result) {
	switch name {
	case "prompt_tokens", "promptTokens":
		m.prompt.set(value)
	case "input_tokens", "inputTokens":
		m.input.set(value)
	case "completion_tokens", "completionTokens":
		m.completion.set(value)
	case "output_tokens", "outputTokens":
		m.output.set(value)
	case "total_tokens", "totalTokens":
		m.total.set(value)
	case "input_tokens_details", "inputTokensDetails", "input_token_details", "inputTokenDetails":
		m.inputDetails = value.IsObject()
		m.details(value)
	case "prompt_tokens_details", "promptTokensDetails", "completion_tokens_details", "completionTokensDetails",
		"output_tokens_details", "outputTokensDetails", "output_token_details", "outputTokenDetails", "cache_creation", "cacheCreation":
		m.details(value)
	case "prompt_cache_hit_tokens", "promptCacheHitTokens":
		m.cacheHit.set(value)
	case "cache_read_input_tokens", "cacheReadInputTokens":
		m.cacheRead.set(value)
	case "cache_creation_input_tokens", "cacheCreationInputTokens", "cacheWriteInputTokens":
		m.cacheCreation.set(value)
	case "seconds":
		m.seconds.set(value)
	default:
		m.part(name, value)
	}
}

func (m *usageMembers) details(value gjson.Result) {
	if !value.IsObject() {
		return
	}
	value.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "cache_creation_input_tokens", "cacheCreationInputTokens", "cache_creation_tokens", "cacheCreationTokens":
			m.written.set(value)
		default:
			m.part(key.Str, value)
		}
		return true
	})
}

// part looks at a member that means the same at the top and in the details.
func (m *usageMembers) part(name string, value gjson.Result) {
	switch name {
	case "cached_tokens", "cachedTokens", "cachedInputTokens":
		m.cached.setMax(value)
	case "cache_write_tokens", "cacheWriteTokens":
		m.written.setMax(value)
	case "reasoning_tokens", "reasoningTokens":
		m.reasoning.setMax(value)
	case "ephemeral_5m_input_tokens", "ephemeral5mInputTokens":
		m.written5m.set(value)
	case "ephemeral_1h_input_tokens", "ephemeral1hInputTokens":
		m.written1h.set(value)
	}
}

// merge takes in what a later event of the same stream tells: Anthropic's tell what the
// request cost first, what the answer cost last, and the caches in either. A count of 0 takes
// nothing back.
func (m *usageMembers) merge(later *usageMembers) {
	m.inputDetails = m.inputDetails || later.inputDetails
	for _, c := range [...]struct{ is, later *tokenCount }{
		{&m.prompt, &later.prompt},
		{&m.input, &later.input},
		{&m.completion, &later.completion},
		{&m.output, &later.output},
		{&m.total, &later.total},
		{&m.cached, &later.cached},
		{&m.cacheHit, &later.cacheHit},
		{&m.cacheRead, &later.cacheRead},
		{&m.written, &later.written},
		{&m.cacheCreation, &later.cacheCreation},
		{&m.written5m, &later.written5m},
		{&m.written1h, &later.written1h},
		{&m.reasoning, &later.reasoning},
		{&m.seconds, &later.seconds},
	} {
		if c.later.tokens > 0 || !c.is.told {
			*c.is = *c.later
		}
	}
}

// tokenCount is a number of tokens; what is none, or absurd, was not told.
type tokenCount struct {
	told   bool
	tokens int64
}

// maxTokens is the largest number of tokens that an answer may tell.
const maxTokens = 1_000_000_000

func (c *tokenCount) set(v gjson.Result) {
	if c.told {
		return
	}
	n := v.Num
	switch v.Type {
	case gjson.Number:
	case gjson.String:
		var err error
		if n, err = strconv.ParseFloat(v.Str, 64); err != nil {
			return
		}
	default:
		return
	}
	if n >= 0 && n <= maxTokens {
		c.told, c.tokens = true, int64(n)
	}
}

// setMax is set for a count that may be told in more than one place.
func (c *tokenCount) setMax(v gjson.Result) {
	var other tokenCount
	if other.set(v); other.told && (!c.told || other.tokens > c.tokens) {
		*c = other
	}
}

// first is the first that was told.
func first(counts ...tokenCount) int64 {
	for _, c := range counts {
		if c.told {
			return c.tokens
		}
	}
	return 0
}
