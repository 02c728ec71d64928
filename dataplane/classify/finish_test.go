package classify

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestReasonsToFinish(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]dataplane.Outcome{
		"stop": dataplane.OK, "STOP": dataplane.OK, "length": dataplane.OK, "content_filter": dataplane.OK, "tool_calls": dataplane.OK,
		"SAFETY": dataplane.OK, "RECITATION": dataplane.OK, "pause_turn": dataplane.OK, "refusal": dataplane.OK, "sensitive": dataplane.OK,
		"ERROR_TOXIC": dataplane.OK, "ERROR_LIMIT": dataplane.OK, "USER_CANCEL": dataplane.OK,
		"content_filter_error": dataplane.OK, "context_length_error": dataplane.OK, "tool_error": dataplane.OK, "user_abort": dataplane.OK,
		"user_cancelled": dataplane.OK, "user_interrupt": dataplane.OK, "max_capacity_tokens": dataplane.OK,
		"error": dataplane.ServerError, "ERROR": dataplane.ServerError, "network_error": dataplane.ServerError, "abort": dataplane.ServerError,
		"aborted": dataplane.ServerError, "failed": dataplane.ServerError, "cancelled": dataplane.ServerError, "timeout": dataplane.ServerError,
		"MALFORMED_FUNCTION_CALL": dataplane.ServerError, "UNEXPECTED_TOOL_CALL": dataplane.ServerError, "internal_error": dataplane.ServerError,
		"insufficient_system_resource": dataplane.Overloaded, "service_unavailable": dataplane.Overloaded,
		"model_context_window_exceeded": dataplane.OK,
	} {
		v, failed := Finish(reason, true)
		if v.Outcome != want || failed != (want != dataplane.OK) {
			t.Errorf("%s is %s (%v), want %s", reason, v.Outcome, failed, want)
		}
		if body := []byte(`{"choices":[{"finish_reason" : "` + reason + `"}]}`); failed && !MayFinishBadly(body) {
			t.Errorf("%s is not looked at", reason)
		}
	}
	if v, _ := Finish("model_context_window_exceeded", false); v.Outcome != dataplane.ContextLength {
		t.Errorf("an answer without room is %s", v.Outcome)
	}
}

func TestGoodEndsAreNotLookedAt(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"},{"finish_reason": "tool_calls"}]}`, `{"stop_reason":"end_turn"}`,
		`{"choices":[{"finish_reason":null}]}`, `{"candidates":[{"finishReason":"MAX_TOKENS"}]}`, `{"reason"`, `{"reason":`, ``,
	} {
		if MayFinishBadly([]byte(body)) {
			t.Errorf("%s is looked at", body)
		}
	}
}
