package responses

import (
	"cmp"
	"encoding/json"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// echo is what a response repeats of its request: members of an object, without its brackets.
func echo(q *form.Request) []byte {
	var d compose.Doc
	d.Begin("", '{')
	if len(q.System) > 0 {
		d.Str("instructions", q.System[0].Text)
	} else {
		d.Null("instructions")
	}
	if q.MaxTokens > 0 {
		d.Int("max_output_tokens", q.MaxTokens)
	} else {
		d.Null("max_output_tokens")
	}
	d.Raw("max_tool_calls", q.Rest.Get("max_tool_calls"))
	if len(q.Metadata) > 0 {
		d.Raw("metadata", q.Metadata)
	} else {
		d.Raw("metadata", json.RawMessage("{}"))
	}
	d.Bool("parallel_tool_calls", q.Parallel == nil || *q.Parallel)
	d.Null("previous_response_id")
	orNull(&d, "prompt_cache_key", q.CacheKey)
	echoThinking(&d, &q.Thinking)
	d.Raw("safety_identifier", q.Rest.Get("safety_identifier"))
	d.Bool("store", false) // nobody can be asked for it
	number(&d, "temperature", q.Sampling.Temperature, "1.0")
	d.Begin("text", '{')
	out := q.Output
	if out.Format == form.FormatUnsaid {
		out.Format = form.FormatText
	}
	writeOutput(&d, &out)
	d.End('}')
	writeChoice(&d, q)
	writeTools(&d, q)
	number(&d, "top_logprobs", json.Number(q.Rest.Get("top_logprobs")), "0")
	number(&d, "top_p", q.Sampling.TopP, "1.0")
	truncation := q.Rest.Get("truncation")
	if truncation == nil {
		truncation = json.RawMessage(`"disabled"`)
	}
	d.Raw("truncation", truncation)
	if q.Rest.Get("safety_identifier") != nil {
		d.Null("user")
	} else {
		orNull(&d, "user", q.User)
	}
	return d[1:]
}

func echoThinking(d *compose.Doc, t *form.Thinking) {
	d.Begin("reasoning", '{')
	orNull(d, "effort", t.Effort)
	orNull(d, "summary", t.Summary)
	d.End('}')
}

func orNull(d *compose.Doc, key, value string) {
	if value == "" {
		d.Null(key)
		return
	}
	d.Str(key, value)
}

func number(d *compose.Doc, key string, n json.Number, otherwise string) {
	d.Raw(key, json.RawMessage(cmp.Or(string(n), otherwise)))
}
