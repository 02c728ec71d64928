package chat

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// thinking reads how much is to be thought, which providers of this API name in several ways. All are
// kept as they were written.
func (r *reader) thinking(key string, v gjson.Result) {
	r.as(key, v)
	t := &r.req.Thinking
	switch key {
	case "reasoning_effort": // OpenAI's
		setEffort(t, r.Text(key, v))
	case "reasoning": // OpenRouter's
		r.Members(key, v, func(key string, v gjson.Result) {
			switch key {
			case "effort":
				setEffort(t, r.Text("reasoning.effort", v))
			case "max_tokens":
				setBudget(t, r.Count("reasoning.max_tokens", v))
			case "enabled":
				setMode(t, r.Bool("reasoning.enabled", v))
			case "exclude":
				if is := r.Bool("reasoning.exclude", v); is != nil && *is {
					t.Summary = "none"
				}
			}
		})
	case "thinking": // DeepSeek's and Zhipu's
		r.Members(key, v, func(key string, v gjson.Result) {
			switch key {
			case "type":
				on := v.Str != "disabled"
				setMode(t, &on)
			case "budget_tokens":
				setBudget(t, r.Count("thinking.budget_tokens", v))
			}
		})
	case "enable_thinking": // Qwen's
		setMode(t, r.Bool(key, v))
	case "thinking_budget":
		setBudget(t, r.Count(key, v))
	case "chat_template_kwargs": // vLLM's
		if is := expect.Get(v, "enable_thinking"); is.Exists() {
			setMode(t, r.Bool(key+".enable_thinking", is))
		}
	}
}

func setMode(t *form.Thinking, on *bool) {
	switch {
	case on == nil:
	case !*on:
		t.Mode = form.ThinkingOff
	case t.Mode != form.ThinkingOff:
		t.Mode = form.ThinkingOn
	}
}

func setEffort(t *form.Thinking, effort string) {
	if effort == "" {
		return
	}
	t.Effort, t.Budget = effort, 0
	on := effort != "none"
	setMode(t, &on)
}

func setBudget(t *form.Thinking, budget int64) {
	if budget > 0 && t.Effort == "" {
		t.Budget = budget
		on := true
		setMode(t, &on)
	}
}
