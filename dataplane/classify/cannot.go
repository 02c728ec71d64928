package classify

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// cannot is a good request that this target cannot serve: another may, so it moves on, and
// it is held against nobody. A caller whose prompt is repeated in an error can at most have
// its own request tried at one more candidate, so phrases may stand anywhere.
var cannot = sign{
	outcome: dataplane.Unsupported,
	feature: true,
	codes: []string{
		"unsupported_parameter", "unsupported_value", "unknown_parameter", "unsupported_feature",
		"unsupported_model_feature", "tools_not_supported", "tool_use_failed", "json_validate_failed",
		"output_parse_failed", "extra_forbidden", "operationnotsupported", "invalid_reasoning_effort",
		// What only the provider that wrote it can read.
		"invalid_encrypted_content", "previous_response_not_found",
	},
	anywhere: []string{
		"unsupported parameter", "unsupported value", "unknown parameter", "unrecognized request argument",
		"unrecognized parameter", `unknown name "`, "extra inputs are not permitted", "extra_forbidden",
		"the parameter is not supported", "argument not supported", "extraneous key", "does not work with the specified model",
		// OpenRouter routes by what is asked for.
		"no endpoints found", "no endpoints available matching", "no allowed providers", "all providers have been ignored",
		"not a chat model", "only supported in v1/",
		"tools param requires", "tool choice requires", "tool_choice forces", "invalid tool_choice", "requires --jinja",
		"only supported by certain models", "unknown variant `image_url`", "mmproj",
		"unexpected message role", "roles must alternate", "should alternate with", "roles are supported", "support successive ",
		"invalid message role: system", "invalid message role: developer",
		"only works in thinking mode", "must be set to false for non-streaming", "必须设置为false才能进行非流式调用", "response mime type",
		"thinking_budget parameter must be a positive integer and not greater than 0", "can not be support when", "is unsupported for streaming",
		"this action doesn't support the model",
		"chat template", "degraded function cannot be invoked",
		"failed_generation", "too many states for serving", "does not match any of the expected tags", "output modality contain audio",
		"live search is deprecated", "streaming is required",
		"reasoning_content", "must start with a thinking block",
	},
}

// lacks are the first words of a 500 that some servers give for what they cannot do.
var lacks = []string{"jinja exception", "conversation roles must alternate", "tools param requires", "image input is not supported", "audio input is not supported", "this model does not support"}

var (
	// feature is what targets differ in, and refusal how they say so.
	feature = regexp.MustCompile(`\b(?:tools?|tool[_ -](?:choice|use|calls?|calling)|parallel_tool_calls|functions?(?:[_ -]call(?:s|ing)?)?|` +
		`images?(?:_url)?|vision|multi-?modal(?:ity)?|audio|video|files?|documents?|pdf|modalities|` +
		`response_?format|json[_ ]?(?:schema|object|mode)|structured[_ ]outputs?|reasoning(?:[_.]\w+)?|thinking(?:\.\w+)*|` +
		`developer|system (?:role|messages?|prompts?|instructions?)|prefill\w*|temperature|top_?[pk]|min_p|` +
		`max_(?:completion_|output_)?tokens|(?:top_)?logprobs|logit_bias|(?:(?:presence|frequency|repetition)_?)?penalty|` +
		`think|stream(?:ing)?|(?:embeddings?|completions?|responses) api|stop(?:_sequences)?|seed|verbosity|prediction|service_tier|web[_ ]search\w*|effort|cache_control|stream_options)\b`)
	refusal = regexp.MustCompile(`not support|n't support|\bunsupported\b|no support for|\bonly supports?\b|\bsupport(?:s|ed)? only\b|` +
		`\b(?:for|with|by|on) this model\b|not a multi-?modal|` +
		`not (?:enabled|available|permitted) (?:for|with|on)\b|incompatible with|not compatible with|` +
		`is allowed for|may only be set to|may not be enabled|cannot be used with`)
	// unknown names any parameter, so it needs no feature.
	unknown = regexp.MustCompile(`(?:parameter|property|argument|field) \W?[\w.\[\]]+\W? is (?:deprecated for|unsupported|not supported)`)

	// onlyForm is how a target takes one form of request alone: "Stream must be set to true"; or, of an account that
	// Bedrock has not verified, none.
	onlyForm = regexp.MustCompile(`^(?:stream|store) must be (?:set to )?(?:true|false)\b|^operation not allowed$`)

	// limits are values that one target takes and another does not.
	limits = []*regexp.Regexp{
		regexp.MustCompile(`max_(?:completion_|output_)?tokens\b.*(?:too (?:large|high)|at most|less than or equal|<=|> \d+, which is|` +
			`valid range|exceed|maximum allowed number of output|must be between|above maximum|maximum value)`),
		regexp.MustCompile(`range of max_(?:completion_|output_)?tokens should be|max_(?:completion_|output_)?tokens > \d+ must have stream`),
		regexp.MustCompile(`at most \d{1,3} (?:image|audio|video)`),
		regexp.MustCompile(`temperature\b.{0,60}(?:range: 0\.\.1\b|less than or equal to 1\b|<= ?1\b|between 0 and 1\b|\[0, ?1(?:\.0)?\]|only 1\b)`),
		regexp.MustCompile(`reasoning[_.]?effort\b.*(?:must be|invalid value|supported values|not one of|unknown variant|input should be)`),
		regexp.MustCompile(`invalid value\b.{0,20}\b(?:reasoning[_.]?effort|response_?format)`),
		regexp.MustCompile(`(?:response_?format|tool_choice)\W{0,3}(?:type)?\W{0,4}(?:must be|should be|invalid value|is not one of|input should be)`),
		// The role developer, by name: a list of roles that are taken may hold it too.
		regexp.MustCompile(`(?:invalid|unknown|unexpected|unsupported|incorrect)(?:[^.,]|\.\S){0,30}?['"\x60 :=]developer\b`),
		regexp.MustCompile(`developer\W{0,2} (?:is not|not in|role is)|input(?:_value)?\W{1,4}developer\b`),
	}

	// callers is what no target would take.
	callers = regexp.MustCompile(`invalid type\b|^missing required|invalid schema|below minimum|got -\d|` +
		`(?:must be|expected) an? (?:object|string|array|list|number|integer|boolean|dict)|input should be a valid\b|` +
		`\b(?:png|jpe?g|webp|mime|media[_ ]type|base64)\b|image (?:format|type)|formats?: |corrupted|file (?:type|format|extension)|valid image|` +
		`an unsupported image|url scheme`)
)

// callerCodes say that no target would take the request.
var callerCodes = []string{
	"invalid_type", "missing_required_parameter", "invalid_image_format", "invalid_image_url", "invalid_image",
	"image_parse_error", "invalid_base64", "unsupported_image_media_type", "invalid_json", "invalid_function_parameters",
	"invalid_json_schema",
}

func (f *fault) hasCallerCode() bool { return slices.ContainsFunc(callerCodes, f.hasCode) }

// otherEndpoints are how a target says that the model is served elsewhere, whatever is asked of it: the endpoint is
// missing, and not a feature. They begin the message, where no caller writes.
var otherEndpoints = regexp.MustCompile(`^this model is only supported in v1/|^this is not a chat model|^the \w{1,32} operation does not work with the specified model|` +
	`^the model does not support (?:\w{1,12} )?(?:completions?|embeddings?|responses|score|rerank|classification|transcriptions?|pooling|generate) api\b`)

// cannotServe reports whether an error says that this target lacks what the request asks for.
func (f *fault) cannotServe(status int) bool {
	if status >= http.StatusInternalServerError {
		for _, p := range lacks {
			if strings.HasPrefix(f.lower, p) {
				return true
			}
		}
		return false
	}
	if f.hasCallerCode() {
		return false
	}
	if f.foreign() || f.says(cannot.anywhere) || onlyForm.MatchString(f.lower) {
		return true
	}
	what := strings.ToLower(f.param) + ": " + f.lower
	if callers.MatchString(f.lower) {
		return false
	}
	for _, l := range limits {
		if l.MatchString(what) {
			return true
		}
	}
	return unknown.MatchString(what) || refusal.MatchString(what) && feature.MatchString(what)
}
