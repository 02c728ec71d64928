package proxy

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// usageOf reads a usage object of any endpoint. Input includes what came from a cache:
// OpenAI counts it in, Anthropic beside it. Audio that is measured in seconds has usage
// without tokens.
func usageOf(u gjson.Result) (dataplane.Usage, bool) {
	if !u.IsObject() {
		return dataplane.Usage{}, false
	}
	usage := dataplane.Usage{
		Input:  count(u, "prompt_tokens", "input_tokens"),
		Output: count(u, "completion_tokens", "output_tokens"),
		CachedInput: count(u, "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens",
			"input_token_details.cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"),
		Source: dataplane.UsageUpstream,
	}
	switch {
	case u.Get("prompt_tokens").Exists():
	case u.Get("input_tokens").Exists() && !u.Get("input_tokens_details").Exists():
		usage.Input += count(u, "cache_read_input_tokens") + count(u, "cache_creation_input_tokens")
	case usage.Input == 0 && usage.Output == 0:
		usage.Input = count(u, "total_tokens") // embeddings and rerank, at some
	}
	usage.CachedInput = min(usage.CachedInput, usage.Input)
	return usage, true
}

// count reads the first of the paths that is there; an absurd number is 0.
func count(u gjson.Result, paths ...string) int64 {
	for _, p := range paths {
		if v := u.Get(p); v.Type == gjson.Number {
			if n := v.Int(); n >= 0 && n <= 1e9 {
				return n
			}
			return 0
		}
	}
	return 0
}

// tailBytes is how much of the end of a long answer is kept to find its usage in.
const tailBytes = 4 << 10

// tail keeps the last bytes of what is written to it.
type tail struct{ kept []byte }

// Write keeps the end of b.
func (t *tail) Write(b []byte) (int, error) {
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

// usage finds the usage object that stands behind the data of a long answer. Quotes inside
// strings are escaped, so the key cannot be part of anybody's text.
func (t *tail) usage() (dataplane.Usage, bool) {
	at := bytes.LastIndex(t.kept, keyUsage)
	if at < 0 {
		return dataplane.Usage{}, false
	}
	value := bytes.TrimLeft(t.kept[at+len(keyUsage):], " \t\r\n:")
	return usageOf(gjson.ParseBytes(value))
}

// estimate guesses tokens from bytes, four to a token, where the upstream told none.
func (a *attempt) estimate(output int) dataplane.Usage { return a.guess(int64(output / 4)) }

// guess is the usage of an answer of so many tokens whose upstream told none.
func (a *attempt) guess(output int64) dataplane.Usage {
	switch a.call.endpoint.estimate {
	case estimateBoth:
		return dataplane.Usage{Input: int64(a.promptTokens()), Output: output, Source: dataplane.UsageEstimated}
	case estimateInput:
		return dataplane.Usage{Input: int64(a.promptTokens()), Source: dataplane.UsageEstimated}
	}
	return dataplane.Usage{}
}
