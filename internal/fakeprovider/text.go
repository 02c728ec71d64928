package fakeprovider

import "fmt"

// textPlain is a legacy completion.
func (a *author) textPlain() []frame {
	return a.json(`{"id":"cmpl-%s","object":"text_completion","created":%d,"model":%s,"choices":[{"text":%s,"index":0,"logprobs":null,"finish_reason":%q}],"usage":%s}`,
		a.id, a.base.Created, marshal(a.req.model), a.quote(a.plainText()), *a.finishReason(), a.usageOrNull(a.usage()))
}

func (a *author) textStream() []frame {
	chunk := func(text []byte, finish string) frame {
		return a.event("", fmt.Appendf(nil, `{"id":"cmpl-%s","object":"text_completion","created":%d,"model":%s,"choices":[{"text":%s,"index":0,"logprobs":null,"finish_reason":%s}]}`,
			a.id, a.base.Created, marshal(a.req.model), text, finish))
	}
	frames := a.opening(nil)
	frames = append(frames, a.content(func(_ int, text []byte) frame { return chunk(text, "null") })...)
	if a.script.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !a.script.noFinish {
		frames = append(frames, chunk([]byte(`""`), string(marshal(a.finishReason()))))
		if a.req.includeUsage && !a.script.noUsage {
			frames = append(frames, a.event("", fmt.Appendf(nil, `{"id":"cmpl-%s","object":"text_completion","created":%d,"model":%s,"choices":[],"usage":%s}`,
				a.id, a.base.Created, marshal(a.req.model), a.usage())))
		}
	}
	if !a.script.noDone {
		frames = append(frames, a.event("", []byte("[DONE]")))
	}
	return a.closing(frames)
}
