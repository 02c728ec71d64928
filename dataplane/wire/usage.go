package wire

import (
	"bytes"
	"cmp"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
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

// Usage finds the usage of a plain answer, where everyone puts it or elsewhere, and what
// the answer itself shows of what was used.
// The answer may be cut anywhere, and may be no JSON.
func (e *Endpoint) Usage(answer []byte) dataplane.Usage {
	var tier gjson.Result
	if bytes.Contains(answer, keyService) {
		tier = gjson.GetBytes(answer, "service_tier")
	}
	return e.usage(answer, gjson.GetBytes(answer, cmp.Or(e.UsageAt, "usage")), tier)
}

// UsageIn is Usage of an answer that was read whole.
func (e *Endpoint) UsageIn(answer *scan.Object) dataplane.Usage {
	return e.usage(answer.Text(), expect.View(answer.Member(cmp.Or(e.UsageAt, "usage"))), gjson.ParseBytes(answer.Member("service_tier")))
}

func (e *Endpoint) usage(answer []byte, at, tier gjson.Result) dataplane.Usage {
	told, ok := UsageOf(at)
	if !ok || told.Input+told.Output == 0 {
		if m, found := usageElsewhere(answer); found {
			told, _ = m.usage()
		}
	}
	if told.ServiceTier == "" {
		told.ServiceTier = usage.ServiceTier(tier.Str)
	}
	if e.Measure != nil {
		measured := told // a pointer to told itself would move it to the heap in every call
		e.Measure(answer, &measured)
		return measured
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
		Input:       either(m.prompt, m.input) + m.toolUse.tokens,
		Output:      either(m.completion, m.output) + m.thoughts.tokens,
		AudioMS:     m.millis.tokens,
		BilledUnits: m.units.tokens,
		ServiceTier: m.service,
		Source:      dataplane.UsageUpstream,
	}
	if m.cacheBeside(u, written) {
		u.Input += m.cacheRead.tokens + max(m.cacheCreation.tokens, m.written5m.tokens+m.written1h.tokens)
	}
	m.missing(&u)
	u.CachedInput = min(read, u.Input)
	u.CacheWrite = min(written, u.Input-u.CachedInput)
	u.CacheWrite1hr = min(m.written1h.tokens, u.CacheWrite)
	m.kinds(&u)
	told := m.prompt.told || m.input.told || m.completion.told || m.output.told || m.total.told || m.millis.told || m.units.told
	if !told {
		return dataplane.Usage{}, false
	}
	return u, true
}

// kinds tells apart which tokens are audio, images and reasoning. What came from a cache is
// text as far as nothing else is told and there is that much text.
func (m *usageMembers) kinds(u *dataplane.Usage) {
	u.AudioInput = min(m.audioIn.tokens+m.toolAudio.tokens, u.Input)
	u.ImageInput = min(m.imageIn.tokens+m.toolImage.tokens, u.Input-u.AudioInput)
	u.CachedAudio = min(m.cachedAudio.tokens, u.AudioInput, u.CachedInput)
	u.CachedImage = min(m.cachedImage.tokens, u.ImageInput, u.CachedInput-u.CachedAudio)
	text := u.Input - u.AudioInput - u.ImageInput
	if over := u.CachedInput + u.CacheWrite - u.CachedAudio - u.CachedImage - text; over > 0 {
		more := min(over, u.AudioInput-u.CachedAudio, u.CachedInput-u.CachedAudio-u.CachedImage)
		u.CachedAudio += more
		u.CachedImage += min(over-more, u.ImageInput-u.CachedImage, u.CachedInput-u.CachedAudio-u.CachedImage)
	}
	u.AudioOutput = min(m.audioOut.tokens, u.Output)
	u.ImageOutput = min(m.imageOut.tokens, u.Output-u.AudioOutput)
	u.Reasoning = min(max(m.reasoning.tokens, m.thoughts.tokens), u.Output-u.AudioOutput-u.ImageOutput)
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
// stands beside the output, as with xAI (told) and Google's chat completions (not told). Reasoning above the
// output cannot be part of it.
func (m *usageMembers) missing(u *dataplane.Usage) {
	rest, reasoning := m.total.tokens-u.Input-u.Output, m.reasoning.tokens
	switch {
	case rest > 0 && u.Input == 0:
		u.Input += rest // all of it at some embeddings and rerankers
	case rest > 0 && (reasoning == 0 && !m.thoughts.told || rest == reasoning):
		u.Output += rest
	case reasoning > u.Output:
		u.Output += reasoning
	}
}
