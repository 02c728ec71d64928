package messages

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// counts are the members of usage as this API has them: what came from a cache, or went into one, stands
// beside the input. Events of a stream tell them one after another, each as it stands then.
type counts struct {
	told                                              bool
	input, output, read, written, in5m, in1h, thought int64
}

func (c *counts) take(v gjson.Result) {
	if !v.IsObject() {
		return
	}
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch key {
		case "input_tokens":
			c.set(&c.input, v)
		case "output_tokens":
			c.set(&c.output, v)
		case "cache_read_input_tokens":
			c.set(&c.read, v)
		case "cache_creation_input_tokens":
			c.set(&c.written, v)
		case "cache_creation":
			c.set(&c.in5m, expect.Get(v, "ephemeral_5m_input_tokens"))
			c.set(&c.in1h, expect.Get(v, "ephemeral_1h_input_tokens"))
		case "output_tokens_details":
			c.set(&c.thought, expect.Get(v, "thinking_tokens"))
		}
		return true
	})
}

// set takes a number of tokens; 0 takes nothing back.
func (c *counts) set(n *int64, v gjson.Result) {
	const most = 1_000_000_000
	if v.Type != gjson.Number || v.Num < 0 || v.Num > most {
		return
	}
	c.told = true
	if v.Num > 0 {
		*n = int64(v.Num)
	}
}

func (c *counts) usage() form.Usage {
	written := max(c.written, c.in5m+c.in1h)
	return form.Usage{
		Told: c.told, Input: c.input + c.read + written, Output: c.output,
		CacheRead: c.read, CacheWrite: written, CacheWrite5m: c.in5m, CacheWrite1h: c.in1h, Reasoning: c.thought,
	}
}

func writeUsage(d *compose.Doc, u *form.Usage, tier string) {
	d.Begin("usage", '{')
	d.Int("input_tokens", max(u.Input-u.CacheRead-u.CacheWrite, 0))
	d.Int("cache_creation_input_tokens", u.CacheWrite)
	d.Int("cache_read_input_tokens", u.CacheRead)
	if u.CacheWrite5m+u.CacheWrite1h > 0 {
		d.Begin("cache_creation", '{')
		d.Int("ephemeral_5m_input_tokens", u.CacheWrite5m)
		d.Int("ephemeral_1h_input_tokens", u.CacheWrite1h)
		d.End('}')
	}
	d.Int("output_tokens", u.Output)
	if u.Reasoning > 0 {
		d.Begin("output_tokens_details", '{')
		d.Int("thinking_tokens", u.Reasoning)
		d.End('}')
	}
	switch tier {
	case "":
	case "default":
		d.Str("service_tier", "standard")
	default:
		d.Str("service_tier", tier)
	}
	d.End('}')
}

// stopOf reads why an answer ended.
func stopOf(reason string, sequence gjson.Result) form.Stop {
	s := form.Stop{Raw: reason, Sequence: sequence.Str}
	switch reason {
	case "":
	case "max_tokens":
		s.Reason = form.StopLength
	case "stop_sequence":
		s.Reason = form.StopSequence
	case "tool_use":
		s.Reason = form.StopTool
	case "refusal":
		s.Reason = form.StopRefusal
	case "pause_turn":
		s.Reason = form.StopPause
	case "model_context_window_exceeded":
		s.Reason = form.StopContext
	default:
		s.Reason = form.StopEnd
	}
	return s
}

// stopReason words why an answer ended. called says that it calls tools: not every provider says so.
func stopReason(s *form.Stop, called, refused bool) string {
	switch s.Reason {
	case form.StopLength:
		return "max_tokens"
	case form.StopSequence:
		return "stop_sequence"
	case form.StopTool:
		return "tool_use"
	case form.StopRefusal:
		return "refusal"
	case form.StopPause:
		return "pause_turn"
	case form.StopContext:
		return "model_context_window_exceeded"
	case form.StopUnsaid, form.StopEnd:
	}
	switch {
	case called:
		return "tool_use"
	case refused:
		return "refusal"
	}
	return "end_turn"
}

func writeStop(d *compose.Doc, s *form.Stop, reason string) {
	d.Str("stop_reason", reason)
	if s.Sequence != "" && reason == "stop_sequence" {
		d.Str("stop_sequence", s.Sequence)
	} else {
		d.Null("stop_sequence")
	}
}
