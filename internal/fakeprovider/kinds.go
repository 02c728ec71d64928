package fakeprovider

import (
	"fmt"
	"net/http"
	"strings"
)

// kind is an error as a real provider words it. MODEL in the body stands for the model
// that was asked for, DATE+30 in a header for a date so many seconds ahead.
type kind struct {
	name   string
	status int
	header map[string]string
	body   string
	about  string
}

func (k *kind) mime() string {
	if strings.HasPrefix(k.body, "<") {
		return mimeHTML
	}
	return mimeJSON
}

// findKind finds a kind by name; no name means server_error.
func findKind(name string) (*kind, error) {
	if name == "" {
		name = "server_error"
	}
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i], nil
		}
	}
	return nil, fmt.Errorf("no error of kind %q", name)
}

// openAI writes an error the way OpenAI does; an empty code or param is null.
func openAI(message, typ, param, code string) string {
	return fmt.Sprintf("{\n  \"error\": {\n    \"message\": %q,\n    \"type\": %q,\n    \"param\": %s,\n    \"code\": %s\n  }\n}\n",
		message, typ, orNull(param), orNull(code))
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return fmt.Sprintf("%q", s)
}

// anthropic writes an error the way Anthropic does.
func anthropic(typ, message string) string {
	return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}`, typ, message)
}

// google writes an error the way Gemini's OpenAI-compatible endpoint does: in an array.
func google(code int, status, message, details string) string {
	return fmt.Sprintf("[{\n  \"error\": {\n    \"code\": %d,\n    \"message\": %q,\n    \"status\": %q,\n    \"details\": [%s]\n  }\n}]\n", code, message, status, details)
}

func retryInfo(delay string) string {
	return fmt.Sprintf(`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":%q}`, delay)
}

func quotaFailure(id string) string {
	return fmt.Sprintf(`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":%q,"quotaDimensions":{"location":"global","model":"MODEL"},"quotaValue":"20"}]}`, id)
}

const htmlPage = "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// kinds is every error there is, by the class it belongs to.
var kinds = []kind{
	{"server_error", 500, nil, openAI("The server had an error while processing your request. Sorry about that!", "server_error", "", ""), "a plain 500"},
	{"string_error", 500, nil, `{"error":"internal error"}`, "the error is a string"},
	{"code_message", 500, nil, `{"code":"InternalError","message":"An internal error has occurred, please try again later.","request_id":"7f2a"}`, "DashScope's, without the key error"},
	{"base_resp", 500, nil, `{"choices":null,"base_resp":{"status_code":1000,"status_msg":"unknown error, please retry later"}}`, "MiniMax's"},
	{"error_msg", 500, nil, `{"error_code":336100,"error_msg":"try again later","id":"as-1"}`, "Baidu's"},
	{"object_error", 500, nil, `{"object":"error","message":"CUDA out of memory","type":"InternalServerError","param":null,"code":500}`, "vLLM's"},
	{"choice_error", 500, nil, `{"id":"gen-1","choices":[{"index":0,"error":{"code":502,"message":"Upstream error from Provider"},"finish_reason":null,"message":{"role":"assistant","content":""}}]}`, "OpenRouter's, of one choice"},
	{"detail_only", 500, nil, `{"detail":"engine died"}`, "FastAPI's"},
	{"html_502", 502, nil, fmt.Sprintf(htmlPage, "502 Bad Gateway", "502 Bad Gateway"), "a proxy's web page"},
	{"overloaded", 503, nil, openAI("The model is currently overloaded with other requests. Sorry about that!", "server_error", "", ""), "a 503 without a wait"},
	{"anthropic_overloaded", 529, nil, anthropic("overloaded_error", "Overloaded"), "Anthropic is overloaded"},
	{"groq_capacity", 498, nil, openAI("Flex tier capacity exceeded, try again later", "capacity_exceeded", "", "capacity_exceeded"), "Groq has no capacity"},

	{"invalid_api_key", 401, nil, openAI("Incorrect API key provided: sk-proj-****************************Zx9Q. You can find your API key at https://platform.openai.com/account/api-keys.", "invalid_request_error", "", "invalid_api_key"), "the key is not accepted"},
	{"account_deactivated", 401, nil, openAI("Your account has been deactivated. Please check your email for details.", "invalid_request_error", "", "account_deactivated"), "the account is closed"},
	{"anthropic_auth", 401, nil, anthropic("authentication_error", "invalid x-api-key"), "Anthropic's bad key"},
	{"gemini_bad_key", 400, nil, google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}`), "Gemini's bad key"},
	{"forbidden", 403, nil, openAI("You have insufficient permissions for this operation.", "invalid_request_error", "", ""), "a plain 403"},
	{"unsupported_region", 403, nil, openAI("Country, region, or territory not supported", "request_forbidden", "", "unsupported_country_region_territory"), "OpenAI does not serve this country"},
	{"gemini_location", 400, nil, google(400, "FAILED_PRECONDITION", "User location is not supported for the API use.", ""), "Gemini does not serve this place"},
	{"html_403", 403, nil, fmt.Sprintf(htmlPage, "Attention Required! | Cloudflare", "Sorry, you have been blocked"), "a firewall in front of the provider"},

	{"insufficient_quota", 429, nil, openAI("You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.", "insufficient_quota", "", "insufficient_quota"), "the account is spent"},
	{"payment_required", 402, nil, `{"error":{"message":"Insufficient credits. This account never purchased credits.","code":402},"user_id":"user_1"}`, "no credits"},
	{"low_balance", 402, nil, `{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 30104.","code":402,"metadata":{"provider_name":null}}}`, "the balance does not reach for max_tokens"},
	{"key_limit", 403, nil, `{"error":{"message":"Key limit exceeded (daily limit). Manage it using https://openrouter.ai/settings/keys","code":403}}`, "the key's own limit"},
	{"anthropic_balance", 400, nil, anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."), "Anthropic's empty account"},
	{"usage_window", 429, nil, anthropic("rate_limit_error", "You have reached your 5-hour usage limit. It resets later today."), "a usage window is full"},
	{"gemini_daily_quota", 429, nil, google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.", quotaFailure("GenerateRequestsPerDayPerProjectPerModel-FreeTier")), "Gemini's quota of the day for one model"},

	{"context_length_exceeded", 400, nil, openAI("This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.", "invalid_request_error", "messages", "context_length_exceeded"), "the prompt is too long"},
	{"anthropic_prompt_too_long", 400, nil, anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "the same, in words"},
	{"request_too_large", 413, nil, anthropic("request_too_large", "Request exceeds the maximum size"), "the body is too large"},

	{"content_policy_violation", 400, nil, openAI("Your request was rejected as a result of our safety system.", "invalid_request_error", "", "content_policy_violation"), "refused on content"},
	{"azure_content_filter", 400, nil, `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}`, "Azure's filter"},
	{"moderation", 403, nil, `{"error":{"message":"Your chosen model requires moderation and your input was flagged for \"violence\". No credits were charged.","code":403,"metadata":{"reasons":["violence"],"flagged_input":"...","provider_name":"OpenAI"}}}`, "OpenRouter's moderation"},

	{"model_not_found", 404, nil, openAI("The model `MODEL` does not exist or you do not have access to it.", "invalid_request_error", "", "model_not_found"), "no such model"},
	{"vllm_model", 404, nil, `{"object":"error","message":"The model ` + "`MODEL`" + ` does not exist.","type":"NotFoundError","param":null,"code":404}`, "the same, in words"},
	{"anthropic_model", 404, nil, anthropic("not_found_error", "model: MODEL"), "the same, by Anthropic"},
	{"ollama_model", 404, nil, `{"error":"model 'MODEL' not found"}`, "the same, by Ollama"},
	{"model_decommissioned", 400, nil, openAI("The model `MODEL` has been decommissioned and is no longer supported. Please refer to the docs for a recommendation on which model to use instead.", "invalid_request_error", "", "model_decommissioned"), "a retired model"},
	{"invalid_model_id", 400, nil, `{"error":{"message":"MODEL is not a valid model ID","code":400},"user_id":"user_1"}`, "OpenRouter's unknown model"},
	{"model_permission", 403, nil, anthropic("permission_error", "Your API key does not have permission to use the specified resource."), "the key may not use the model"},
	{"file_not_found", 404, nil, openAI("No such File object: file-abc123", "invalid_request_error", "id", ""), "something else is missing"},
	{"loop_detected", 508, nil, openAI("The request has already passed through this gateway.", "server_error", "", "loop_detected"), "a gateway whose provider leads back to it"},
	{"route_not_found", 404, nil, `{"detail":"Not Found"}`, "no such endpoint"},

	{"bad_request", 400, nil, openAI("Invalid value: 'narrator'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.", "invalid_request_error", "messages[0].role", "invalid_value"), "the caller's fault"},
	{"detail", 422, nil, `{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]}`, "the caller's fault, by FastAPI"},
	{"missing_parameter", 400, nil, openAI("Missing required parameter: 'messages[0].content'.", "invalid_request_error", "messages[0].content", "missing_required_parameter"), "a parameter is missing"},
	{"wrong_type", 400, nil, openAI("Invalid type for 'temperature': expected a decimal, but got a string instead.", "invalid_request_error", "temperature", "invalid_type"), "a parameter is of the wrong type"},
	{"invalid_image", 400, nil, openAI("The image data you provided does not represent a valid image. Please check your input and try again with one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].", "invalid_request_error", "", "invalid_image_format"), "an image that is none"},
	{"image_url_403", 403, nil, openAI("Error while downloading https://example.com/cat.png: 403 Forbidden.", "invalid_request_error", "", "invalid_image_url"), "an image that the caller names is refused to the provider"},
	{"html_400", 400, nil, fmt.Sprintf(htmlPage, "400 Bad Request", "400 Bad Request"), "a 400 that no API wrote"},

	{"unsupported_parameter", 400, nil, openAI("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "invalid_request_error", "max_tokens", "unsupported_parameter"), "a parameter that the model does not take"},
	{"unsupported_value", 400, nil, openAI("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.", "invalid_request_error", "temperature", "unsupported_value"), "a value that the model does not take"},
	{"max_tokens_above", 400, nil, anthropic("invalid_request_error", "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for MODEL"), "more max_tokens than the model has"},
	{"no_developer", 400, nil, openAI("Invalid value: 'developer'. Supported values are: 'system', 'assistant', 'user', 'function', and 'tool'.", "invalid_request_error", "messages[0].role", "invalid_value"), "the role developer is not known"},
	{"no_image_variant", 400, nil, openAI("Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text` at line 1 column 190", "invalid_request_error", "", "invalid_request_error"), "DeepSeek takes no images"},
	{"reasoning_back", 400, nil, openAI("Missing `reasoning_content` field in the assistant message at message index 2.", "invalid_request_error", "", "invalid_request_error"), "DeepSeek wants its reasoning back"},
	{"tool_use_failed", 400, nil, `{"error":{"message":"Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<function=x>"}}`, "Groq's model wrote no proper tool call"},
	{"no_endpoints", 404, nil, `{"error":{"message":"No endpoints found that support image input","code":404},"user_id":"user_1"}`, "OpenRouter has nobody for images"},
	{"lmstudio_format", 400, nil, `{"error":"'response_format.type' must be 'json_schema' or 'text'"}`, "LM Studio's response_format"},
	{"ollama_tools", 400, nil, openAI("registry.ollama.ai/library/MODEL:latest does not support tools", "api_error", "", ""), "Ollama's model without tools"},
	{"bedrock_unverified", 400, nil, `{"message":"Operation not allowed"}`, "Bedrock has not verified the account"},
	{"llamacpp_tools", 500, nil, `{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}`, "llama.cpp started without tools"},

	{"rate_limit_exceeded", 429, nil, openAI("Rate limit reached for MODEL in organization org-abc on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.", "tokens", "", "rate_limit_exceeded"), "names a wait of 20s in its text"},
	{"try_again_1m30s", 429, nil, openAI("Rate limit reached for requests. Please try again in 1m30s.", "requests", "", "rate_limit_exceeded"), "names a wait in its text"},
	{"try_again_350ms", 429, nil, openAI("Rate limit reached for requests. Please try again in 350ms.", "requests", "", "rate_limit_exceeded"), "names a wait in its text"},
	{"retry_after_ms", 429, map[string]string{"Retry-After-Ms": "2500"}, openAI("Too many requests.", "requests", "", "rate_limit_exceeded"), "names a wait in milliseconds"},
	{"retry_after_date", 429, map[string]string{"Retry-After": "DATE+30"}, openAI("Too many requests.", "requests", "", "rate_limit_exceeded"), "names a wait as a date"},
	{"reset_requests", 429, map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "12s", "X-Ratelimit-Remaining-Tokens": "149984", "X-Ratelimit-Reset-Tokens": "6m0s"}, openAI("Too many requests.", "requests", "", "rate_limit_exceeded"), "names a wait in x-ratelimit-reset-*"},
	{"gemini_retry_info", 429, nil, google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.", quotaFailure("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")+","+retryInfo("34.074824224s")), "names a wait in google.rpc.RetryInfo"},
	{"groq_too_large", 413, nil, openAI("Request too large for model `MODEL` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 12328, please reduce your message size and try again.", "tokens", "", "rate_limit_exceeded"), "more tokens than fit a minute"},
	{"prompt_of_one_request", 429, map[string]string{"Retry-After": "60"}, openAI("Your prompt has 90000 tokens but the limit per request is 30000.", "tokens", "", "rate_limit_exceeded"), "one request is larger than any may be"},
	{"unified_reset", 429, map[string]string{"Anthropic-Ratelimit-Unified-Status": "rejected", "Anthropic-Ratelimit-Unified-Reset": "DATE+30"}, anthropic("rate_limit_error", "This request would exceed your limit."), "Anthropic's, of a subscription"},
	{"resets_in_seconds", 429, nil, `{"error":{"type":"too_many_requests","message":"Slow down.","resets_in_seconds":25}}`, "names a wait in a member of its own"},
	{"seconds_later", 429, nil, `{"error":{"code":"1302","message":"您的账户已达到速率限制，请25秒后重试"}}`, "names a wait in Chinese"},
	{"concurrency", 429, nil, openAI("Too many concurrent requests.", "requests", "", ""), "busy, without a wait"},
}

// statusAnswer is a plain error with this status, worded as OpenAI does.
func statusAnswer(code int) *answer {
	typ := "server_error"
	switch {
	case code == http.StatusTooManyRequests:
		typ = "requests"
	case code < 500:
		typ = "invalid_request_error"
	}
	text := http.StatusText(code)
	if text == "" {
		text = fmt.Sprintf("Status %d", code)
	}
	a := &answer{status: code, mime: mimeJSON, body: openAI(text+".", typ, "", "")}
	if code < 300 {
		a.body = "{}"
	}
	if code == http.StatusNoContent || code == http.StatusNotModified {
		a.body = ""
	}
	return a
}
