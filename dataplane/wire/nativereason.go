package wire

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
)

// nativeEnding judges the reasons to end of the provider behind an aggregator, in that provider's words:
// OpenRouter's native_finish_reason, which LiteLLM passes on among its own fields. The aggregator's own
// reason wins, unless it is missing, which broken tells, or says that the model had no more to say where
// nothing was said: a short answer is an answer.
func nativeEnding(doc []byte, output func() bool) (v dataplane.Verdict, broken, failed bool) {
	expect.Elements(gjson.GetBytes(doc, "choices"), func(choice gjson.Result) {
		native := choice.Get("native_finish_reason").Str
		if native == "" {
			native = choice.Get("provider_specific_fields.native_finish_reason").Str
		}
		own := choice.Get("finish_reason").Str
		if failed || native == "" || own != "" && (!classify.EndedByItself(own) || output()) {
			return
		}
		v, failed = classify.Finish(native, output())
		broken = own == ""
	})
	return v, broken, failed
}

// nativeFinish notes a failure that only the provider behind an aggregator tells.
func (i *Inspection) nativeFinish(chunk []byte) {
	output := func() bool { return i.Spoken || i.Stream.Output(chunk, new(Inspection)) }
	if v, broken, failed := nativeEnding(chunk, output); failed && i.Failure.Outcome == dataplane.OK {
		i.Failure, i.Broken = v, broken
	}
}
