package wire

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// UsageOf reads a usage object of any endpoint. Input includes what came from a cache:
// OpenAI counts it in, Anthropic beside it, what it wrote to the cache too. Audio that is measured in seconds has usage
// without tokens.
func UsageOf(u gjson.Result) (dataplane.Usage, bool) {
	if !u.IsObject() {
		return dataplane.Usage{}, false
	}
	var m usageMembers
	u.ForEach(func(key, value gjson.Result) bool {
		m.take(key.Str, value)
		return true
	})
	usage := dataplane.Usage{
		Input:       firstOf(&m.prompt, &m.input),
		Output:      firstOf(&m.completion, &m.output),
		CachedInput: firstOf(&m.promptCached, &m.inputCached, &m.inputTokenCached, &m.cacheHit, &m.cacheRead),
		Source:      dataplane.UsageUpstream,
	}
	switch {
	case m.prompt.there:
	case m.input.there && !m.inputDetails:
		usage.Input += m.cacheRead.tokens + m.cacheCreation.tokens
	case usage.Input == 0 && usage.Output == 0:
		usage.Input = m.total.tokens // embeddings and rerank, at some
	}
	usage.CachedInput = min(usage.CachedInput, usage.Input)
	usage.CacheWrite = min(m.cacheCreation.tokens, usage.Input-usage.CachedInput)
	return usage, true
}

// usageMembers are the members of a usage object that say something to us.
type usageMembers struct {
	prompt, input, completion, output, total    tokenCount
	promptCached, inputCached, inputTokenCached tokenCount
	cacheHit, cacheRead, cacheCreation          tokenCount
	inputDetails                                bool // there are any
}

// take looks at one member. Of members of one name the first counts.
func (m *usageMembers) take(name string, value gjson.Result) {
	const cached = "cached_tokens"
	switch name {
	case "prompt_tokens":
		m.prompt.set(value)
	case "input_tokens":
		m.input.set(value)
	case "completion_tokens":
		m.completion.set(value)
	case "output_tokens":
		m.output.set(value)
	case "total_tokens":
		m.total.set(value)
	case "prompt_tokens_details":
		m.promptCached.set(value.Get(cached))
	case "input_tokens_details":
		m.inputDetails = true
		m.inputCached.set(value.Get(cached))
	case "input_token_details":
		m.inputTokenCached.set(value.Get(cached))
	case "prompt_cache_hit_tokens":
		m.cacheHit.set(value)
	case "cache_read_input_tokens":
		m.cacheRead.set(value)
	case "cache_creation_input_tokens":
		m.cacheCreation.set(value)
	}
}

// tokenCount is a number of tokens; an absurd one is 0.
type tokenCount struct {
	there, number bool
	tokens        int64
}

func (c *tokenCount) set(v gjson.Result) {
	if c.there {
		return
	}
	c.there, c.number = true, v.Type == gjson.Number
	if n := v.Int(); c.number && n >= 0 && n <= 1e9 {
		c.tokens = n
	}
}

// firstOf is the first that is there as a number.
func firstOf(counts ...*tokenCount) int64 {
	for _, c := range counts {
		if c.number {
			return c.tokens
		}
	}
	return 0
}

// tailBytes is how much of the end of a long answer is kept to find its usage in.
const tailBytes = 4 << 10

// Tail keeps the last bytes of what is written to it.
type Tail struct{ kept []byte }

// Bytes are what was kept.
func (t *Tail) Bytes() []byte { return t.kept }

// Write keeps the end of b.
func (t *Tail) Write(b []byte) (int, error) {
	n := len(b)
	if over := len(b) - tailBytes; over > 0 {
		b = b[over:]
	}
	if over := len(t.kept) + len(b) - tailBytes; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	t.kept = append(t.kept, b...)
	return n, nil
}

// Usage finds the usage object that stands behind the data of a long answer. Quotes inside
// strings are escaped, so the key cannot be part of anybody's text.
func (t *Tail) Usage() (dataplane.Usage, bool) {
	at := bytes.LastIndex(t.kept, keyUsage)
	if at < 0 {
		return dataplane.Usage{}, false
	}
	value := bytes.TrimLeft(t.kept[at+len(keyUsage):], " \t\r\n:")
	return UsageOf(gjson.ParseBytes(value))
}
