package responses

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// ReadAnswer reads a provider's whole response.
func (Codec) ReadAnswer(body []byte, of form.Exchange) (*form.Answer, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	if status := expect.Get(doc, "status").Str; status == "failed" || !expect.Get(doc, "output").IsArray() {
		return nil, fmt.Errorf("the provider's response is %q and has no output", status)
	}
	r := reader{origin: of.Target.Origin, tools: of.Request}
	a := &form.Answer{
		Dialect: name, ID: expect.Get(doc, "id").Str, Model: expect.Get(doc, "model").Str, Created: expect.Get(doc, "created_at").Int(),
		Tier: expect.Get(doc, "service_tier").Str, Usage: readUsage(expect.Get(doc, "usage")),
	}
	expect.ForEach(expect.Get(doc, "output"), func(_ string, item gjson.Result) bool {
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
	why := expect.Get(response, "incomplete_details", "reason").Str
	stop := form.Stop{Raw: why}
	switch {
	case why == "max_output_tokens":
		stop.Reason = form.StopLength
	case why == "content_filter":
		stop.Reason = form.StopRefusal
	case why != "" || expect.Get(response, "status").Str == "incomplete":
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
		Told: true, Input: expect.Get(u, "input_tokens").Int(), Output: expect.Get(u, "output_tokens").Int(),
		CacheRead: expect.Get(u, "input_tokens_details", "cached_tokens").Int(), CacheWrite: expect.Get(u, "input_tokens_details", "cache_write_tokens").Int(),
		Reasoning: expect.Get(u, "output_tokens_details", "reasoning_tokens").Int(),
	}
}
