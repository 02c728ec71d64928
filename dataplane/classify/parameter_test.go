package classify

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestParameterOfARefusal(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}`: "max_tokens",
		`{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model.","param":"temperature","code":"unsupported_value"}}`:                                        "temperature, this value",
		`{"error":{"message":"Unsupported parameter: 'reasoning.effort' is not supported with this model.","param":"reasoning.effort","code":"unsupported_parameter"}}`:                          "reasoning.effort",
		`{"error":{"message":"Unrecognized request argument supplied: frequency_penalty"}}`:                                                                                                      "frequency_penalty",
		`{"error":{"message":"Invalid JSON payload received. Unknown name \"logit_bias\": Cannot find field."}}`:                                                                                 "logit_bias",
		`{"error":{"type":"invalid_request_error","message":"context_management: Extra inputs are not permitted"}}`:                                                                              "context_management",
		`{"error":{"message":"registry.ollama.ai/library/x:1b does not support tools"}}`:                                                                                                         "tools",
		`{"error":{"message":"No endpoints found that support image input","code":404}}`:                                                                                                         "images",
		`{"error":{"message":"No endpoints found that support tool use."}}`:                                                                                                                      "tools",
		`{"error":{"message":"This model does not support response_format type json_schema"}}`:                                                                                                   "response_format",
		`{"error":{"message":"Unsupported value: 'messages[0].role' does not support 'developer' with this model.","param":"messages[0].role","code":"unsupported_value"}}`:                      "developer" + "",
		`{"error":{"message":"Input is bad: messages[0] is unsupported","param":"messages[0]","code":"unsupported_value"}}`:                                                                      "",
		`{"error":{"message":"Hosted tool 'web_search' is not supported with this model","param":"tools[0].type","code":"unsupported_value"}}`:                                                   "",
		`{"error":{"message":"Failed to call a function.","code":"tool_use_failed","failed_generation":"<function=x>"}}`:                                                                         "",
		`{"error":{"message":"The encrypted content gAAA could not be verified.","code":"invalid_encrypted_content"}}`:                                                                           "foreign",
		`{"error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid ` + "`signature` in `thinking`" + ` block"}}`:                                                         "foreign",
		`{"error":{"message":"Encrypted reasoning content was not issued to this caller."}}`:                                                                                                     "foreign",
		`{"error":{"message":"Function call is missing a thought_signature in functionCall parts."}}`:                                                                                            "foreign",
		`{"error":{"message":"Previous response with id 'resp_1' not found.","param":"previous_response_id","code":"previous_response_not_found"}}`:                                              "foreign",
	} {
		v := Status(http.StatusBadRequest, http.Header{}, []byte(message), "m", time.Time{})
		got := v.Parameter
		if v.ByValue && got != "" {
			got += ", this value"
		}
		if v.Foreign {
			got = strings.TrimPrefix(got+"foreign", ", ")
		}
		if got != want || v.Outcome != dataplane.Unsupported {
			t.Errorf("%s: %v %q, want %q", message, v.Outcome, got, want)
		}
	}
}
