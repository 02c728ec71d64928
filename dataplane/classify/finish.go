package classify

import (
	"bytes"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// badWords are in the reasons to finish with which a provider says that it failed, in lower case:
// OpenRouter's error, Zhipu's network_error, the abort of vLLM and SGLang, Gemini's
// malformed_function_call, unexpected_tool_call and malformed_response, and their like.
var badWords = []string{
	"error", "fail", "abort", "cancel", "timeout", "timed_out", "exception", "malformed", "unexpected", "interrupt", "disconnect",
	"crash", "killed", "preempt", "deadline",
}

// busyWords are in those that are about its load and its limits: DeepSeek's insufficient_system_resource.
var busyWords = []string{"rate_limit", "quota", "insufficient_system", "overload", "unavailable", "no_capacity", "at_capacity", "over_capacity", "capacity_exceeded"}

// notBad are in reasons with such a word that blame no provider: Cohere's error_toxic and error_limit, and
// what a caller brings about, by what it asks, by its own tools or by leaving.
var notBad = []string{"toxic", "error_limit", "length", "filter", "safety", "policy", "user", "client", "tool_error"}

// windowFull ends an answer for which the context window had no room left: a short answer is
// an answer, none at all is a prompt that is too long.
const windowFull = "model_context_window_exceeded"

// goodReasons are nearly all that there are.
var goodReasons = [][]byte{
	[]byte("stop"), []byte("tool_calls"), []byte("length"), []byte("end_turn"), []byte("tool_use"), []byte("STOP"),
	[]byte("max_tokens"), []byte("MAX_TOKENS"), []byte("content_filter"), []byte("function_call"), []byte("stop_sequence"),
}

// reasonKey ends the member of an answer that tells why it ended: finish_reason, stop_reason, finishReason.
var reasonKey = []byte(`eason"`)

// MayFinishBadly is false for nearly every good answer, and cheap.
func MayFinishBadly(answer []byte) bool {
	for {
		at := bytes.Index(answer, reasonKey)
		if at < 0 {
			return false
		}
		answer = answer[at+len(reasonKey):]
		rest := bytes.TrimLeft(answer, " \t\r\n")
		if len(rest) == 0 || rest[0] != ':' {
			continue
		}
		rest = bytes.TrimLeft(rest[1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' {
			continue // null
		}
		end := bytes.IndexByte(rest[1:], '"')
		if end < 0 || !slices.ContainsFunc(goodReasons, func(good []byte) bool { return bytes.Equal(good, rest[1:1+end]) }) {
			return true
		}
	}
}

// Finish judges the reason with which an answer finished; output tells whether it holds any.
// ok is false when the answer is as it should be.
func Finish(reason string, output bool) (v dataplane.Verdict, ok bool) {
	lower := strings.ToLower(reason)
	has := func(word string) bool { return strings.Contains(lower, word) }
	switch {
	case strings.Contains(lower, "thought_signature"): // Gemini's missing_thought_signature
		v.Outcome, v.Feature, v.Foreign = dataplane.Unsupported, true, true
	case lower == windowFull:
		if output {
			return v, false
		}
		v.Outcome = dataplane.ContextLength
	case slices.ContainsFunc(notBad, has):
		return v, false
	case slices.ContainsFunc(busyWords, has):
		v.Outcome = dataplane.Overloaded
	case slices.ContainsFunc(badWords, has):
		v.Outcome = dataplane.ServerError
	default:
		return v, false
	}
	v.Reason = Reason("the answer finished with " + reason)
	return v, true
}

// ownEnds are the reasons to finish with which a model had no more to say.
var ownEnds = []string{"stop", "end_turn", "stop_sequence", "eos", "eos_token", "completed", "complete"}

// EndedByItself reports whether an answer finished because the model had no more to say, and
// not by a limit, a filter or a call of a tool.
func EndedByItself(reason string) bool {
	return slices.ContainsFunc(ownEnds, func(own string) bool { return strings.EqualFold(own, reason) })
}
