package responses

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire/expect"
	"github.com/trunkline-ai/trunkline/dataplane/wire/form"
)

// ReadAnswer reads a provider's whole response.
func (codec) ReadAnswer(body []byte, of form.Exchange) (*form.Answer, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	if status := doc.Get("status").Str; status == "failed" || !doc.Get("output").IsArray() {
		return nil, fmt.Errorf("the provider's response is %q and has no output", status)
	}
	r := reader{origin: of.Target.Origin, tools: of.Request}
	a := &form.Answer{
		Dialect: name, ID: doc.Get("id").Str, Model: doc.Get("model").Str, Created: doc.Get("created_at").Int(),
		Tier: doc.Get("service_tier").Str, Usage: readUsage(doc.Get("usage")),
	}
	doc.Get("output").ForEach(func(_, item gjson.Result) bool {
		a.Blocks = append(a.Blocks, r.item(item).Blocks...)
		return true
	})
	if err := r.Err(); err != nil {
		return nil, err
	}
	a.Stop = stopOf(doc, a.Blocks)
	return a, nil
}

// stopOf is why a response ended.
func stopOf(response gjson.Result, blocks []form.Block) form.Stop {
	var refused, called bool
	for i := range blocks {
		refused = refused || blocks[i].Kind == form.Refusal
		called = called || blocks[i].Kind == form.ToolCall
	}
	why := response.Get("incomplete_details.reason").Str
	stop := form.Stop{Raw: why}
	switch {
	case why == "max_output_tokens":
		stop.Reason = form.StopLength
	case why == "content_filter":
		stop.Reason = form.StopRefusal
	case why != "" || response.Get("status").Str == "incomplete":
		stop.Reason = form.StopPause
	case called:
		stop.Reason = form.StopTool
	case refused:
		stop.Reason = form.StopRefusal
	default:
		stop.Reason = form.StopEnd
	}
	return stop
}

func readUsage(u gjson.Result) form.Usage {
	if !u.IsObject() {
		return form.Usage{}
	}
	return form.Usage{
		Told: true, Input: u.Get("input_tokens").Int(), Output: u.Get("output_tokens").Int(),
		CacheRead: u.Get("input_tokens_details.cached_tokens").Int(), CacheWrite: u.Get("input_tokens_details.cache_write_tokens").Int(),
		Reasoning: u.Get("output_tokens_details.reasoning_tokens").Int(),
	}
}
