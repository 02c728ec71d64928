package fakeprovider

import (
	"fmt"

	"github.com/tidwall/gjson"
)

// responseDoc is a response object in a state.
func (a *author) responseDoc(status string, output, usage []byte) []byte {
	previous := []byte("null")
	if a.req.previous != "" {
		previous = marshal(a.req.previous)
	}
	return fmt.Appendf(nil, `{"id":"resp_%s","object":"response","created_at":%d,"status":%q,"error":null,"incomplete_details":null,`+
		`"instructions":null,"model":%s,"output":[%s],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"temperature":1,"top_p":1,"metadata":{},"background":%v,"previous_response_id":%s,"store":%v,"usage":%s}`,
		a.id, a.base.Created, status, marshal(a.req.model), output, a.req.background, previous, a.req.store, a.usageOrNull(usage))
}

// responseLead is the message before a function call; empty: there is none.
func (a *author) responseLead(status string) []byte {
	if a.lead == "" {
		return nil
	}
	content := ""
	if status == "completed" {
		content = fmt.Sprintf(`{"type":"output_text","annotations":[],"logprobs":[],"text":%s}`, marshal(a.lead))
	}
	return fmt.Appendf(nil, `{"type":"message","id":"msg_lead_%s","status":%q,"role":"assistant","content":[%s]}`, a.id, status, content)
}

// responseOutput is all output items.
func (a *author) responseOutput() []byte {
	item := a.responseItem("completed", a.responseText())
	if lead := a.responseLead("completed"); lead != nil {
		return append(append(lead, ','), item...)
	}
	return item
}

// responseItem is the last output item: a message or a function call.
func (a *author) responseItem(status string, text []byte) []byte {
	if a.req.tool != "" {
		return fmt.Appendf(nil, `{"type":"function_call","id":"fc_%s","call_id":"call_%s","status":%q,"name":%s,"arguments":%s}`,
			a.id, a.id, status, marshal(a.req.tool), text)
	}
	content := ""
	if status == "completed" {
		content = fmt.Sprintf(`{"type":"output_text","annotations":[],"logprobs":[],"text":%s}`, text)
	}
	return fmt.Appendf(nil, `{"type":"message","id":"msg_%s","status":%q,"role":"assistant","content":[%s]}`, a.id, status, content)
}

func (a *author) responseText() []byte {
	if a.req.tool != "" {
		return marshal(a.arguments)
	}
	return a.quote(a.plainText())
}

func (a *author) responseUsage() []byte {
	return a.newUsage(`{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d},"output_tokens":%d,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":%d}`)
}

// responsePlain is the answer of the Responses API.
func (a *author) responsePlain() []frame {
	if a.script.noContent {
		return a.json("%s", a.responseDoc("completed", nil, a.responseUsage()))
	}
	return a.json("%s", a.responseDoc("completed", a.responseOutput(), a.responseUsage()))
}

// compaction is a conversation made shorter: what is to be kept, in a form of the provider's.
func (a *author) compaction() []frame {
	return a.json(`{"id":"resp_%s","object":"response.compaction","created_at":%d,"output":[{"type":"compaction","id":"cmp_%s","encrypted_content":%s}],"usage":%s}`,
		a.id, a.base.Created, a.id, a.quote(a.plainText()), a.usageOrNull(a.responseUsage()))
}

func (a *author) responseStream() []frame {
	s := a.script
	n := 0
	at := 0 // of the last item
	event := func(typ, format string, args ...any) frame {
		head := fmt.Sprintf(`{"type":%q,"sequence_number":%d,`, typ, n)
		n++
		return a.event(typ, fmt.Appendf([]byte(head), format+"}", args...))
	}
	var frames []frame
	add := func(typ, format string, args ...any) { frames = append(frames, event(typ, format, args...)) }
	if s.noRole && s.noContent && s.noFinish {
		return nil
	}
	if !s.noRole || s.lifecycle {
		add("response.created", `"response":%s`, a.responseDoc("in_progress", nil, nil))
		add("response.in_progress", `"response":%s`, a.responseDoc("in_progress", nil, nil))
		if a.lead != "" {
			item, part := "msg_lead_"+a.id, `{"type":"output_text","annotations":[],"logprobs":[],"text":%s}`
			add("response.output_item.added", `"output_index":0,"item":%s`, a.responseLead("in_progress"))
			add("response.content_part.added", `"item_id":%q,"output_index":0,"content_index":0,"part":`+fmt.Sprintf(part, `""`), item)
			add("response.output_text.delta", `"item_id":%q,"output_index":0,"content_index":0,"delta":%s,"logprobs":[]`, item, marshal(a.lead))
			add("response.output_text.done", `"item_id":%q,"output_index":0,"content_index":0,"text":%s,"logprobs":[]`, item, marshal(a.lead))
			add("response.content_part.done", `"item_id":%q,"output_index":0,"content_index":0,"part":`+part, item, marshal(a.lead))
			add("response.output_item.done", `"output_index":0,"item":%s`, a.responseLead("completed"))
			at = 1
		}
		add("response.output_item.added", `"output_index":%d,"item":%s`, at, a.responseItem("in_progress", []byte(`""`)))
	}
	delta, done := "response.output_text.delta", "response.output_text.done"
	part := `{"type":"output_text","annotations":[],"logprobs":[],"text":%s}`
	item := "msg_" + a.id
	if a.req.tool != "" {
		delta, done, item = "response.function_call_arguments.delta", "response.function_call_arguments.done", "fc_"+a.id
	} else if !s.noRole || s.lifecycle {
		add("response.content_part.added", `"item_id":%q,"output_index":%d,"content_index":0,"part":`+fmt.Sprintf(part, `""`), item, at)
	}
	if s.errorAt != 0 {
		frames = append(frames, a.content(func(_ int, text []byte) frame {
			return event(delta, `"item_id":%q,"output_index":%d,"content_index":0,"delta":%s,"logprobs":[]`, item, at, text)
		})...)
	}
	if s.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if s.noFinish {
		return frames
	}
	if !s.noContent {
		if a.req.tool != "" {
			add(done, `"item_id":%q,"output_index":%d,"name":%s,"arguments":%s`, item, at, marshal(a.req.tool), a.responseText())
		} else {
			add(done, `"item_id":%q,"output_index":%d,"content_index":0,"text":%s,"logprobs":[]`, item, at, a.responseText())
			add("response.content_part.done", `"item_id":%q,"output_index":%d,"content_index":0,"part":`+part, item, at, a.responseText())
		}
		add("response.output_item.done", `"output_index":%d,"item":%s`, at, a.responseItem("completed", a.responseText()))
	}
	if s.noDone {
		return frames
	}
	var output []byte
	if !s.noContent {
		output = a.responseOutput()
	}
	add("response.completed", `"response":%s`, a.responseDoc("completed", output, a.responseUsage()))
	return a.closing(frames)
}

// responseError is how a stream says that it failed: with a failed response once there is
// one, with a bare error before.
func (a *author) responseError(body string) frame {
	e := gjson.Get(body, "error")
	code, message := e.Get("code").String(), e.Get("message").Str
	if code == "" {
		code = "server_error"
	}
	if !a.script.lifecycle {
		return a.event("error", fmt.Appendf(nil, `{"type":"error","code":%q,"message":%s,"param":null,"sequence_number":0}`, code, marshal(message)))
	}
	return a.event("response.failed", fmt.Appendf(nil, `{"type":"response.failed","sequence_number":4,"response":{"id":"resp_%s","object":"response","status":"failed","error":{"code":%q,"message":%s},"output":[],"usage":null}}`,
		a.id, code, marshal(message)))
}
