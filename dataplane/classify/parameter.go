package classify

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	// fieldName is a field that can be looked up in a request, lists aside: what one element of
	// a list is refused for says nothing of the others.
	fieldName = regexp.MustCompile(`^[A-Za-z_]\w{0,63}(?:\.[A-Za-z_]\w{0,63})?$`)
	// namedField is how messages name a field that is refused.
	namedField = regexp.MustCompile("(?i)(?:unsupported parameter|unknown parameter|unrecognized request argument(?: supplied)?|unrecognized parameter|unknown name)" +
		"\\W{1,4}([a-z_][\\w.]*)|['\"`]?\\b([a-z_][\\w.]*)['\"`]?: extra inputs are not permitted|" +
		"(?:parameter|property|argument|field) ['\"`]?([a-z_][\\w.]*)['\"`]? is (?:deprecated for|unsupported|not supported)|" +
		"extraneous key \\[([a-z_][\\w.]*)\\]|" +
		"does not support (?:the )?param(?:eter)?s?:? ?\\W{0,2}([a-z_][\\w.]*)|argument not supported on this model: ([a-z_][\\w.]*)|unsupported value: ['\"`]?([a-z_][\\w.]*)")
	// oneValue is how messages say that another value may be taken.
	oneValue = regexp.MustCompile(`unsupported value|invalid value|only supports? \W?\w+\W? values?`)
)

// together is how messages say that something is refused beside something else, or in one form only. By itself it may
// be taken, so nothing is learned of it.
var together = regexp.MustCompile(`\b(?:both|together|alternate|combin\w+|simultaneously|mutually exclusive|at the same time|incompatible with|` +
	`(?:when|while|unless)|in (?:non-)?\w+ mode|for (?:non-)?streaming|at most [1-9]\d* \w+|must start with|successive|` +
	`with (?:an? )?(?:response|reasoning|thinking|function|tools?))\b`)

// content is how people call what is refused, and what it is in a request.
var content = []struct {
	name  string
	words *regexp.Regexp
}{
	{"tool_choice", regexp.MustCompile(`tool[_ -]choice`)},
	{"parallel_tool_calls", regexp.MustCompile(`parallel_tool_calls`)},
	{"response_format", regexp.MustCompile(`response_?format|json[_ ]?(?:schema|object|mode)|structured[_ ]outputs?`)},
	{"images", regexp.MustCompile(`\bimages?(?:_url)?\b|\bvision\b|multi-?modal|mmproj`)},
	{"audio", regexp.MustCompile(`\b(?:input_)?audio\b`)},
	{"files", regexp.MustCompile(`\b(?:files?|documents?|pdfs?)\b`)},
	{"tools", regexp.MustCompile(`\btools?\b|\bfunctions?[_ ]call(?:s|ing)?\b|requires --jinja`)},
	{"developer", regexp.MustCompile(`\bdeveloper\b`)},
	{"reasoning_effort", regexp.MustCompile(`reasoning[_ ]effort`)},
	{"output_config.effort", regexp.MustCompile(`\beffort parameter\b`)},
	{"thinking", regexp.MustCompile(`\bthinking\b`)},
}

// single are fields that messages call by their own names.
var single = regexp.MustCompile(`\b(?:temperature|top_[pk]|min_p|max_(?:completion_|output_)?tokens|(?:top_)?logprobs|logit_bias|` +
	`(?:presence|frequency|repetition)_penalty|stop(?:_sequences)?|seed|verbosity|prediction|service_tier|cache_control)\b`)

// foreignState are the words for what only the provider that wrote it can read.
var foreignState = []string{
	"encrypted content", "encrypted_content", "not issued to this caller", "signature in thinking", "`signature` in `thinking`",
	"thought_signature", "thought signature", "`redacted_thinking` block", "items are not persisted", "without its required",
	"thinking.signature:",
}

// previousGone is how targets word that they do not have the response that a request goes on with.
var previousGone = regexp.MustCompile(`^previous[ _]response\b.{0,300}?\b(?:not found|not exist|no longer|expired|cannot be used|not support|unsupported)|` +
	`^previous_response_id\b.{0,80}?\b(?:not support|unsupported)|^response with id\W{0,3}resp_\S{1,300} (?:not found|does not exist)`)

// previous reports whether a target refused to go on with a response: it does not have it, or keeps none.
func (f *fault) previous() bool {
	switch {
	case f.hasCode("previous_response_not_found"):
		return true
	case f.param == "previous_response_id":
		return f.status == 0 || f.status == http.StatusBadRequest || f.status == http.StatusNotFound
	}
	return f.param == "" && previousGone.MatchString(f.lower)
}

// foreign reports whether a target was given what another one has sealed or signed.
func (f *fault) foreign() bool {
	return f.hasCode("invalid_encrypted_content") || f.says(foreignState) || f.previous()
}

// ofThisAnswer are refusals of what the model made of the request, and not of the request.
var ofThisAnswer = []string{"tool_use_failed", "json_validate_failed", "output_parse_failed"}

// notOfTheField are in refusals that name a field for one of the things that it may hold, or for want of another field.
var notOfTheField = []string{"failed_generation", "reasoning_content", "hosted tool", "expected tags", "live search", "streaming is required"}

// isContent reports whether a field is the conversation, in which anything may be refused.
func isContent(field string) bool {
	first, _, _ := strings.Cut(field, ".")
	first, _, _ = strings.Cut(first, "[")
	return slices.Contains([]string{"messages", "input", "prompt", "contents", "instructions", "system"}, first)
}

// valid gives a field that can be looked up; else none.
func valid(field string) string {
	if fieldName.MatchString(field) {
		return field
	}
	return ""
}

// snake writes presencePenalty as requests do; xAI names fields as its own code does.
func snake(field string) string {
	return camel.ReplaceAllStringFunc(field, func(at string) string { return at[:1] + "_" + strings.ToLower(at[1:]) })
}

var camel = regexp.MustCompile(`[a-z][A-Z]`)

// parameter names what of a request is refused, if the error tells; byValue means that another
// value may be taken.
func (f *fault) parameter() (name string, byValue bool) {
	for _, c := range ofThisAnswer {
		if f.hasCode(c) {
			return "", false
		}
	}
	if f.foreign() || f.says(notOfTheField) {
		return "", false
	}
	if together.MatchString(f.lower) {
		return "", false
	}
	byValue = f.hasCode("unsupported_value") || f.hasCode("invalid_reasoning_effort") || oneValue.MatchString(f.lower)
	for _, l := range limits {
		byValue = byValue || l.MatchString(strings.ToLower(f.param)+": "+f.lower)
	}
	param, _, _ := strings.Cut(f.param, "[")
	switch {
	case param == "", param == "model", isContent(param): // no request does without
	case param != f.param || !fieldName.MatchString(param):
		return "", false
	default:
		return param, byValue
	}
	if m := namedField.FindStringSubmatch(f.message[:min(len(f.message), maxPhrased)]); m != nil {
		for _, field := range m[1:] {
			if field = snake(strings.TrimRight(field, ".")); field != "" {
				if !isContent(field) {
					return valid(field), byValue
				}
			}
		}
	}
	for i, c := range content {
		if c.words.MatchString(f.lower) {
			for _, other := range content[i+1:] {
				if other.words.MatchString(f.lower) && !(c.name == "tool_choice" && other.name == "tools") {
					return "", false // of two things, one with the other
				}
			}
			return c.name, byValue && c.name != "images" && c.name != "audio" && c.name != "files" && c.name != "developer"
		}
	}
	return single.FindString(f.lower), byValue
}
