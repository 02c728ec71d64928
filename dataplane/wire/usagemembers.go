package wire

import (
	"cmp"
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
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
	thoughts             tokenCount // Google's name: beside the output
	toolUse              tokenCount // Google's name: beside the input, what its own tools gave the model
	millis               tokenCount // of audio
	units                tokenCount // that the call is billed as

	audioIn, imageIn         tokenCount // parts of the input
	toolAudio, toolImage     tokenCount // parts of toolUse
	cachedAudio, cachedImage tokenCount // parts of the input, and of what is cached
	audioOut, imageOut       tokenCount // parts of the output

	service      string // service tier, as prices name it
	inputDetails bool   // there are any
}

// usageMembersOf reads a usage object. Of members of one name the first counts.
func usageMembersOf(u gjson.Result) (m usageMembers) {
	expect.ForEach(u, func(name string, value gjson.Result) bool {
		m.take(name, value)
		return true
	})
	return m
}

// take looks at one member, in the spelling of the APIs or in that of JavaScript.
func (m *usageMembers) take(name string, value gjson.Result) {
	switch name {
	case "prompt_tokens", "promptTokens", "promptTokenCount", "prompt_token_count":
		m.prompt.set(value)
	case "input_tokens", "inputTokens", "input_token_count", "inputTokenCount", "prompt_n": // the last is llama.cpp's
		m.input.set(value)
	case "completion_tokens", "completionTokens", "candidatesTokenCount", "candidates_token_count", "predicted_n":
		m.completion.set(value)
	case "output_tokens", "outputTokens", "output_token_count", "outputTokenCount", "generated_token_count", "generated_tokens":
		m.output.set(value)
	case "total_tokens", "totalTokens", "totalTokenCount", "total_token_count":
		m.total.set(value)
	case "input_tokens_details", "inputTokensDetails", "input_token_details", "inputTokenDetails":
		m.inputDetails = value.IsObject()
		m.details(value, &m.audioIn, &m.imageIn)
	case "prompt_tokens_details", "promptTokensDetails", "promptTokenDetails", "prompt_token_details":
		m.details(value, &m.audioIn, &m.imageIn)
	case "completion_tokens_details", "completionTokensDetails", "output_tokens_details", "outputTokensDetails",
		"output_token_details", "outputTokenDetails", "candidatesTokensDetails", "candidates_tokens_details":
		m.details(value, &m.audioOut, &m.imageOut)
	case "cacheTokensDetails", "cache_tokens_details":
		m.details(value, &m.cachedAudio, &m.cachedImage)
	case "toolUsePromptTokensDetails", "tool_use_prompt_tokens_details":
		m.details(value, &m.toolAudio, &m.toolImage)
	case "toolUsePromptTokenCount", "tool_use_prompt_token_count":
		m.toolUse.set(value)
	case "thoughtsTokenCount", "thoughts_token_count":
		m.thoughts.set(value)
	case "cache_creation", "cacheCreation":
		m.details(value, nil, nil)
	case "prompt_cache_hit_tokens", "promptCacheHitTokens":
		m.cacheHit.set(value)
	case "cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount", "cache_n":
		m.cacheRead.set(value)
	case "cache_creation_input_tokens", "cacheCreationInputTokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount":
		m.cacheCreation.set(value)
	case "seconds", "prompt_audio_seconds", "promptAudioSeconds": // OpenAI's whisper, Mistral
		m.millis.setMillis(value)
	case "prefill": // TGI's, of the tokens of the prompt
		if n := value.Get("#"); n.Int() > 0 {
			m.prompt.set(n)
		}
	case "billed_units", "billedUnits": // Cohere
		m.billed(value)
	case "service_tier", "serviceTier":
		if m.service == "" && value.Type == gjson.String {
			m.service = usage.ServiceTier(value.Str)
		}
	default:
		m.part(name, value)
	}
}

// details looks at the parts of the input or of the output, with those that are audio and
// images.
func (m *usageMembers) details(value gjson.Result, audio, image *tokenCount) {
	if value.IsArray() && audio != nil {
		modalities(value, audio, image)
		return
	}
	if !value.IsObject() {
		return
	}
	expect.ForEach(value, func(name string, value gjson.Result) bool {
		switch name {
		case "cache_creation_input_tokens", "cacheCreationInputTokens", "cache_creation_tokens", "cacheCreationTokens":
			m.written.set(value)
		case "cache_creation", "cacheCreation":
			m.details(value, nil, nil)
		case "cache_read_tokens", "cacheReadTokens", "cache_read_input_tokens", "cacheReadInputTokens":
			m.cached.setMax(value)
		case "cached_tokens_details", "cachedTokensDetails":
			m.details(value, &m.cachedAudio, &m.cachedImage)
		case "audio_tokens", "audioTokens":
			if audio != nil {
				audio.set(value)
			}
		case "image_tokens", "imageTokens":
			if image != nil {
				image.set(value)
			}
		default:
			m.part(name, value)
		}
		return true
	})
}

// modalities looks at Google's list of how many tokens are of which kind.
func modalities(list gjson.Result, audio, image *tokenCount) {
	var sums struct{ audio, image tokenCount }
	expect.Elements(list, func(one gjson.Result) {
		var n tokenCount
		n.set(expect.Get(one, "tokenCount"))
		n.set(expect.Get(one, "token_count"))
		switch expect.Get(one, "modality").Str {
		case "AUDIO":
			sums.audio.add(n)
		case "IMAGE":
			sums.image.add(n)
		}
	})
	if !audio.told {
		*audio = sums.audio
	}
	if !image.told {
		*image = sums.image
	}
}

// billed looks at Cohere's units: tokens where tokens are billed, else searches.
func (m *usageMembers) billed(value gjson.Result) {
	m.input.set(expect.Get(value, "input_tokens"))
	m.output.set(expect.Get(value, "output_tokens"))
	m.units.set(expect.Get(value, "search_units"))
}

// part looks at a member that means the same at the top and in the details.
func (m *usageMembers) part(name string, value gjson.Result) {
	switch name {
	case "cached_tokens", "cachedTokens", "cachedInputTokens", "num_cached_tokens", "cachedContentTokenCount",
		"cached_content_token_count", "cached_prompt_tokens", "cachedPromptTokens", "cached_input_tokens":
		m.cached.setMax(value)
	case "cache_write_tokens", "cacheWriteTokens":
		m.written.setMax(value)
	case "reasoning_tokens", "reasoningTokens", "thinking_tokens", "thinkingTokens":
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
	m.service = cmp.Or(later.service, m.service)
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
		{&m.thoughts, &later.thoughts},
		{&m.toolUse, &later.toolUse},
		{&m.millis, &later.millis},
		{&m.units, &later.units},
		{&m.audioIn, &later.audioIn},
		{&m.imageIn, &later.imageIn},
		{&m.toolAudio, &later.toolAudio},
		{&m.toolImage, &later.toolImage},
		{&m.cachedAudio, &later.cachedAudio},
		{&m.cachedImage, &later.cachedImage},
		{&m.audioOut, &later.audioOut},
		{&m.imageOut, &later.imageOut},
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

func (c *tokenCount) set(v gjson.Result) { c.scaled(v, 1) }

// setMillis takes seconds, or a part of one.
func (c *tokenCount) setMillis(v gjson.Result) { c.scaled(v, 1000) }

func (c *tokenCount) scaled(v gjson.Result, unit float64) {
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
	if n *= unit; n >= 0 && n <= maxTokens {
		c.told, c.tokens = true, int64(math.Round(n))
	}
}

// Millis reads a number of seconds in milliseconds; 0 for what is none.
func Millis(v gjson.Result) int64 {
	var c tokenCount
	c.setMillis(v)
	return c.tokens
}

// add counts both together.
func (c *tokenCount) add(other tokenCount) {
	c.told, c.tokens = c.told || other.told, c.tokens+other.tokens
}

// setMax is set for a count that may be told in more than one place.
func (c *tokenCount) setMax(v gjson.Result) {
	var other tokenCount
	if other.set(v); other.told && (!c.told || other.tokens > c.tokens) {
		*c = other
	}
}

// either is a count that has two names, of which some upstreams fill only one.
func either(a, b tokenCount) int64 { return cmp.Or(a.tokens, b.tokens) }
