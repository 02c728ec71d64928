package chat

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// usageOf reads usage: what came from a cache is part of the input. DeepSeek, Moonshot and OpenRouter
// have members of their own for it.
func usageOf(v gjson.Result) (u form.Usage) {
	if !v.IsObject() {
		return u
	}
	u.Told = true
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch key {
		case "prompt_tokens":
			u.Input = count(v)
		case "completion_tokens":
			u.Output = count(v)
		case "prompt_cache_hit_tokens", "cached_tokens":
			u.CacheRead = max(u.CacheRead, count(v))
		case "prompt_tokens_details":
			u.CacheRead = max(u.CacheRead, count(expect.Get(v, "cached_tokens")))
			u.CacheWrite = max(count(expect.Get(v, "cache_write_tokens")), count(expect.Get(v, "cache_creation_tokens")))
			u.AudioInput = count(expect.Get(v, "audio_tokens"))
		case "completion_tokens_details":
			u.Reasoning = count(expect.Get(v, "reasoning_tokens"))
			u.AudioOutput = count(expect.Get(v, "audio_tokens"))
		}
		return true
	})
	return u
}

// count is a number of tokens; 0: it is none.
func count(v gjson.Result) int64 {
	const most = 1_000_000_000
	if v.Type != gjson.Number || v.Num < 0 || v.Num > most {
		return 0
	}
	return int64(v.Num)
}

func writeUsage(d *compose.Doc, key string, u *form.Usage) {
	d.Begin(key, '{')
	d.Int("prompt_tokens", u.Input)
	d.Int("completion_tokens", u.Output)
	d.Int("total_tokens", u.Input+u.Output)
	d.Begin("prompt_tokens_details", '{')
	d.Int("cached_tokens", u.CacheRead)
	if u.CacheWrite > 0 {
		d.Int("cache_write_tokens", u.CacheWrite)
	}
	if u.AudioInput > 0 {
		d.Int("audio_tokens", u.AudioInput)
	}
	d.End('}')
	d.Begin("completion_tokens_details", '{')
	d.Int("reasoning_tokens", u.Reasoning)
	if u.AudioOutput > 0 {
		d.Int("audio_tokens", u.AudioOutput)
	}
	d.End('}')
	d.End('}')
}

// stopOf reads why an answer ended. matched is what vLLM tells beside it: the stop sequence.
func stopOf(reason string, matched gjson.Result) form.Stop {
	s := form.Stop{Raw: reason}
	switch reason {
	case "":
	case "length":
		s.Reason = form.StopLength
	case "tool_calls", "function_call":
		s.Reason = form.StopTool
	case "content_filter":
		s.Reason = form.StopRefusal
	default:
		s.Reason = form.StopEnd
		if matched.Type == gjson.String {
			s.Reason, s.Sequence = form.StopSequence, matched.Str
		}
	}
	return s
}

// finishReason words why an answer ended. called says that it calls tools: not every provider says so.
func finishReason(s *form.Stop, called, functions bool) string {
	switch s.Reason {
	case form.StopLength, form.StopContext:
		return "length"
	case form.StopRefusal:
		return "content_filter"
	case form.StopTool:
		called = true
	case form.StopUnsaid, form.StopEnd, form.StopSequence, form.StopPause:
	}
	switch {
	case called && functions:
		return "function_call"
	case called:
		return "tool_calls"
	}
	return "stop"
}

// tierOf words a service tier of another API's.
func tierOf(tier string) string {
	if tier == "standard" {
		return "default"
	}
	return tier
}
