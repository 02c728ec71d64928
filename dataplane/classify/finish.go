package classify

import (
	"bytes"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// finishes are the reasons to finish with which a provider says that it failed.
var finishes = map[string]dataplane.Outcome{
	"error":                        dataplane.ServerError, // OpenRouter
	"network_error":                dataplane.ServerError, // Zhipu
	"abort":                        dataplane.ServerError, // vLLM, SGLang
	"malformed_function_call":      dataplane.ServerError, // Gemini, as OpenAI's API
	"MALFORMED_FUNCTION_CALL":      dataplane.ServerError, // and as its own
	"UNEXPECTED_TOOL_CALL":         dataplane.ServerError,
	"MALFORMED_RESPONSE":           dataplane.ServerError,
	"insufficient_system_resource": dataplane.Overloaded, // DeepSeek
}

// windowFull ends an answer for which the context window had no room left: a short answer is
// an answer, none at all is a prompt that is too long.
const windowFull = "model_context_window_exceeded"

// MayFinishBadly is false for nearly every good answer, and cheap.
func MayFinishBadly(answer []byte) bool {
	for _, reason := range finishWords {
		if bytes.Contains(answer, reason) {
			return true
		}
	}
	return false
}

// finishWords are those reasons as JSON has them.
var finishWords = func() (words [][]byte) {
	words = append(words, []byte(`"`+windowFull+`"`))
	for reason := range finishes {
		words = append(words, []byte(`"`+reason+`"`))
	}
	return words
}()

// Finish judges the reason with which an answer finished; output tells whether it holds any.
// ok is false when the answer is as it should be.
func Finish(reason string, output bool) (v dataplane.Verdict, ok bool) {
	outcome, failed := finishes[reason]
	if !failed && reason == windowFull && !output {
		outcome, failed = dataplane.ContextLength, true
	}
	if !failed {
		return dataplane.Verdict{}, false
	}
	return dataplane.Verdict{Outcome: outcome, Reason: "the answer finished with " + reason}, true
}

// ownEnds are the reasons to finish with which a model had no more to say.
var ownEnds = []string{"stop", "end_turn", "stop_sequence", "eos", "eos_token", "completed"}

// EndedByItself reports whether an answer finished because the model had no more to say, and
// not by a limit, a filter or a call of a tool.
func EndedByItself(reason string) bool {
	return slices.ContainsFunc(ownEnds, func(own string) bool { return strings.EqualFold(own, reason) })
}
