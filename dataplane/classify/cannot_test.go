package classify

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// TestWhatATargetCannot reads refusals that another target might not give, and those that
// every target would.
func TestWhatATargetCannot(t *testing.T) {
	t.Parallel()
	const cannot, caller = dataplane.Unsupported, dataplane.BadRequest
	for _, tc := range []struct {
		status               int
		message, param, code string
		want                 dataplane.Outcome
	}{
		{400, "Unrecognized request argument supplied: reasoning_effort", "", "", cannot},
		{400, "Unknown parameter: 'top_k'.", "top_k", "unknown_parameter", cannot},
		{422, "Extra inputs are not permitted", "", "", cannot},
		{400, `Invalid JSON payload received. Unknown name "seed": Cannot find field.`, "", "", cannot},
		{400, "property 'messages.1.reasoning_content' is unsupported", "", "", cannot},
		{400, "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2", "", "", cannot},
		{400, "property 'store' is unsupported", "", "", cannot},
		{400, "Argument not supported on this model: logitBias", "", "", cannot},
		{400, "Malformed input request: extraneous key [top_k] is not permitted, please reformat your input and try again.", "", "", cannot},
		{400, "The chatCompletion operation does not work with the specified model, m.", "", "OperationNotSupported", cannot},
		{400, "This model doesn't support tool use in streaming mode.", "", "", cannot},
		{400, "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.", "max_tokens", "invalid_value", cannot},
		{400, "Invalid 'max_tokens': integer above maximum value. Expected a value <= 16384, but got 100000 instead.", "max_tokens", "integer_above_max_value", cannot},
		{400, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "", "invalid_request_error", cannot},
		{400, "temperature: range: 0..1", "", "", cannot},
		{400, "invalid temperature: only 1 is allowed for this model", "", "", cannot},
		{400, "`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "", "", cannot},
		{400, "`temperature` may only be set to 1 when thinking is enabled.", "", "", cannot},
		{400, "`reasoning_effort` must be one of `none` or `default`", "", "", cannot},
		{400, "Invalid value: 'xhigh'. Supported values are: 'low', 'medium', and 'high'.", "reasoning_effort", "invalid_value", cannot},
		{400, "This response_format type is unavailable now; response_format type must be text", "", "", cannot},
		{400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "response_format", "", cannot},
		{400, "JSON mode is not enabled for models/gemma-3-27b-it", "", "INVALID_ARGUMENT", cannot},
		{400, "Function calling is not enabled for models/gemma-3-27b-it", "", "INVALID_ARGUMENT", cannot},
		{400, "deepseek-reasoner does not support this tool_choice", "", "invalid_request_error", cannot},
		{400, "Invalid tool_choice type: 'object'. Supported string values: none, auto, required", "", "", cannot},
		{400, "tool_choice 'specified' is incompatible with thinking enabled", "", "", cannot},
		{400, "Thinking may not be enabled when tool_choice forces tool use.", "", "", cannot},
		{400, `"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set`, "", "400", cannot},
		{404, "No endpoints found that support tool use. Try disabling \"bash\".", "", "", cannot},
		{404, "No allowed providers are available for the selected model.", "", "", cannot},
		{404, "This is not a chat model and thus not supported in the v1/chat/completions endpoint.", "model", "", cannot},
		{400, "Invalid content type. image_url is only supported by certain models.", "messages.[1].content.[1].type", "", cannot},
		{400, "m is not a multimodal model", "", "", cannot},
		{400, "At most 0 image(s) may be provided in one request.", "", "", cannot},
		{500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj", "", "", cannot},
		{400, "This model does not support image input.", "", "", cannot},
		{400, "Unexpected role 'developer'", "", "", cannot},
		{400, "Developer instruction is not enabled for models/gemma-3-27b-it", "", "", cannot},
		{400, "developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.0.role'", "", "", cannot},
		{400, "System role not supported", "", "", cannot},
		{400, "Conversation roles must alternate user/assistant/user/assistant/...", "", "", cannot},
		{400, "The encrypted content gAAA could not be verified.", "", "invalid_encrypted_content", cannot},
		{400, "Previous response with id 'resp_1' not found.", "previous_response_id", "previous_response_not_found", cannot},
		{400, "messages.1.content.0: Invalid `signature` in `thinking` block", "", "", cannot},
		{400, "Encrypted reasoning content was not issued to this caller.", "", "", cannot},
		{400, "Function call is missing a thought_signature in functionCall parts.", "", "", cannot},

		{400, "Missing required parameter: 'tools[0].type'.", "tools[0].type", "missing_required_parameter", caller},
		{400, "Missing required parameter: 'max_tokens' for this model", "", "", caller},
		{400, "Invalid type for 'max_tokens': expected an integer, but got a string instead.", "max_tokens", "invalid_type", caller},
		{422, "Input should be a valid integer for this model: max_tokens", "", "", caller},
		{400, "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got -1 instead.", "max_tokens", "integer_below_min_value", caller},
		{400, "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.", "temperature", "decimal_above_max_value", caller},
		{400, "You uploaded an unsupported image. Please make sure your image is valid.", "", "invalid_image_format", caller},
		{400, "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg'].", "", "", caller},
		{400, "Unable to process input image. Image format image/tiff is not supported.", "", "", caller},
		{400, "Unsupported image type: tiff", "", "", caller},
		{400, "Audio file might be corrupted or unsupported", "file", "invalid_value", caller},
		{400, "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", "tools[0].function.name", "invalid_value", caller},
		{400, "Unable to download all specified images", "", "", caller},
		{400, "[] is too short - 'messages'", "", "", caller},
		{400, "Invalid schema for response_format 'x': schema must be a JSON Schema of 'type: \"object\"'", "response_format", "invalid_json_schema", caller},
		{400, "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", "messages", "", caller},
		{400, "'tool_choice' is only allowed when 'tools' are specified.", "tool_choice", "", caller},
		{400, "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.", "messages.[2].role", "", caller},
		{400, "Unknown role 'narrator', expected one of 'system', 'developer'", "", "", caller},
		{400, "messages: at least one message is required", "", "", caller},
		{400, "gpt-4o is not supported for this operation", "", "", caller},
		{500, "The tools of this model are not supported", "", "", dataplane.ServerError},
		{429, "This model does not support tools", "", "", dataplane.Busy},
		{401, "This model does not support tools", "", "", dataplane.AuthFailed},
	} {
		body, err := json.Marshal(map[string]any{"error": map[string]any{
			"message": tc.message, "type": "invalid_request_error", "param": tc.param, "code": tc.code,
		}})
		if err != nil {
			t.Fatal(err)
		}
		v := Status(tc.status, http.Header{}, body, "m", noon)
		if v.Outcome != tc.want || v.Feature != (tc.want == cannot && !otherEndpoints.MatchString(strings.ToLower(tc.message))) {
			t.Errorf("%d %q (%s): %s, feature %v; want %s", tc.status, tc.message, tc.code, v.Outcome, v.Feature, tc.want)
		}
	}
}

// A missing endpoint is not a missing feature.
func TestAMissingEndpointIsNoFeature(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status  int
		body    string
		feature bool
	}{
		{405, ``, false},
		{501, ``, false},
		{404, `{"detail":"Not Found"}`, false},
		{404, `{"error":{"message":"This model is only supported in v1/responses and not in v1/chat/completions.","param":"model"}}`, false},
		{404, `{"error":{"message":"This is not a chat model and thus not supported in the v1/chat/completions endpoint."}}`, false},
		{400, `{"error":{"message":"The model does not support Embeddings API","code":400}}`, false},
		{400, `{"error":{"message":"The chatCompletion operation does not work with the specified model, m.","code":"OperationNotSupported"}}`, false},
		{400, `{"error":{"message":"Unrecognized request argument supplied: this is not a chat model"}}`, true},
		{400, `{"error":{"message":"This model does not support tool weather api"}}`, true},
	} {
		if v := Status(tc.status, http.Header{}, []byte(tc.body), "m", noon); v.Outcome != dataplane.Unsupported || v.Feature != tc.feature || !tc.feature && v.Parameter != "" {
			t.Errorf("%d %s: %s, feature %v, parameter %q", tc.status, tc.body, v.Outcome, v.Feature, v.Parameter)
		}
	}
}
