package fakeprovider

import (
	"cmp"
	"fmt"
	"strings"
)

// CacheCreationTokens is what Anthropic's usage counts beside input and cached tokens.
const CacheCreationTokens = 5

// messageUsage counts as Anthropic does: what came from a cache or went into it is not
// part of input_tokens.
func (a *author) messageUsage(output int) string {
	if a.script.noUsage {
		return `{}`
	}
	return fmt.Sprintf(`{"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":%d}`,
		a.prompt.all-a.prompt.cached-a.prompt.written, a.prompt.written, a.prompt.cached, output)
}

func (a *author) outputTokens() int { return len(a.pieces()) + a.fillers() }

func (a *author) stopReason() string {
	if a.req.tool != "" {
		return "tool_use"
	}
	return cmp.Or(a.script.finish, "end_turn")
}

// messagePlain is the answer of Anthropic's Messages API.
func (a *author) messagePlain() []frame {
	content := `{"type":"text","text":` + string(a.quote(a.plainText())) + `}`
	if a.req.tool != "" {
		content = fmt.Sprintf(`{"type":"tool_use","id":"toolu_%s","name":%s,"input":%s}`, a.id, marshal(a.req.tool), a.arguments)
		if a.lead != "" {
			content = fmt.Sprintf(`{"type":"text","text":%s},`, marshal(a.lead)) + content
		}
	}
	if a.script.noContent {
		content = ""
	}
	return a.json(`{"id":"msg_%s","type":"message","role":"assistant","model":%s,"content":[%s],"stop_reason":%q,"stop_sequence":null,"usage":%s}`,
		a.id, marshal(a.req.model), content, a.stopReason(), a.messageUsage(a.outputTokens()))
}

func (a *author) messageStream() []frame {
	s := a.script
	at := 0 // of the last block
	var frames []frame
	add := func(typ, format string, args ...any) {
		frames = append(frames, a.named(typ, format, args...))
	}
	if !s.noRole || s.lifecycle {
		add("message_start", `"message":{"id":"msg_%s","type":"message","role":"assistant","model":%s,"content":[],"stop_reason":null,"stop_sequence":null,"usage":%s}`,
			a.id, marshal(a.req.model), a.messageUsage(1))
		if a.lead != "" {
			add("content_block_start", `"index":0,"content_block":{"type":"text","text":""}`)
			add("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":%s}`, marshal(a.lead))
			add("content_block_stop", `"index":0`)
			at = 1
		}
		block, delta := `{"type":"text","text":""}`, `{"type":"text_delta","text":""}`
		if a.req.tool != "" {
			block = fmt.Sprintf(`{"type":"tool_use","id":"toolu_%s","name":%s,"input":{}}`, a.id, marshal(a.req.tool))
			delta = `{"type":"input_json_delta","partial_json":""}`
		}
		add("content_block_start", `"index":%d,"content_block":%s`, at, block)
		add("ping", `"at":%d`, a.base.Created)
		add("content_block_delta", `"index":%d,"delta":%s`, at, delta) // empty, as Anthropic's first often is
	}
	if s.errorAt != 0 {
		frames = append(frames, a.content(func(_ int, text []byte) frame {
			if a.req.tool != "" {
				return a.named("content_block_delta", `"index":%d,"delta":{"type":"input_json_delta","partial_json":%s}`, at, text)
			}
			return a.named("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":%s}`, text)
		})...)
	}
	if s.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !s.noFinish {
		add("content_block_stop", `"index":%d`, at)
		add("message_delta", `"delta":{"stop_reason":%q,"stop_sequence":null},"usage":{"output_tokens":%d}`, a.stopReason(), a.outputTokens())
	}
	if !s.noDone {
		frames = append(frames, a.event("message_stop", []byte(`{"type":"message_stop"}`)))
	}
	return a.closing(frames)
}

// named is an event whose type is its name too.
func (a *author) named(typ, format string, args ...any) frame {
	return a.event(typ, fmt.Appendf([]byte(`{"type":"`+typ+`",`), format+"}", args...))
}

func (a *author) messageError(body string) frame {
	return a.event("error", []byte(strings.TrimSpace(asAnthropic(body))))
}

func (a *author) countTokens() []frame { return a.json(`{"input_tokens":%d}`, PromptTokens) }
