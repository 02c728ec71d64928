package classify

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// What callers name besides the model: files, caches and the like belong to one account, and betas to a few.
// Whoever makes such a name up must not take a target or a credential away from everybody.
var (
	named = regexp.MustCompile(`\b(?:files?|cached ?contents?|containers?|vector stores?|betas?|skills?|assistants?|` +
		`threads?|conversations?|uploads?|mcp servers?|voices?|connectors?|batch(?:es)?|knowledge bases?|datasets?|` +
		`(?:prompts?|items?|agents?|sessions?|documents?|tools?) with id)\b`)
	// limitedBy is what has limits of its own beside those of the key: what is called on the side, or
	// the person that the request names.
	limitedBy = regexp.MustCompile(`\b(?:web[ _]search|code[ _]interpreter|file[ _]search|end[ -]users?|safety[ _]identifiers?|` +
		`flex|priority (?:tier|processing))\b`)
	beta    = regexp.MustCompile(`\bbetas?\b`)
	refused = []string{"permission", "not found", "not exist", "have access", "not allowed", "not enabled", "not available", "not yet available", "not belong", "expired"}
)

// headChars is how much of a message says what it is about.
const headChars = 160

// callers finds the refusals that are about what one request names or asks, whatever their code says.
func (f *fault) callers(status int, model string) (sign, bool) {
	switch {
	case f.hasCallerCode(), f.hasCode("string_above_max_length") && f.param != "" && !isContent(f.param): // the user's name, say
		return sign{outcome: dataplane.BadRequest}, true
	case f.balanceIsShort():
		return sign{outcome: dataplane.Busy, feature: true}, true
	case f.asksMoreThanTheLimit(), status == 413 && f.hasCode("rate_limit_exceeded"):
		return sign{outcome: dataplane.Unsupported, feature: true}, true // another account's limit may be higher
	case status == 429 && f.limitsOther():
		return sign{outcome: dataplane.Busy, feature: true}, true
	case status == 401 && f.aboutTool():
		return sign{outcome: dataplane.BadRequest}, true
	case f.aboutNamed(status, model):
		if beta.MatchString(f.lower[:min(len(f.lower), headChars)]) {
			return sign{outcome: dataplane.Unsupported, feature: true}, true // another account may have it
		}
		return sign{outcome: dataplane.NotFound}, true
	}
	return sign{}, false
}

// limitsOther reports whether a limit is one of what this request names, not of the key.
func (f *fault) limitsOther() bool {
	head := f.lower[:min(len(f.lower), headChars)]
	at := named.FindStringIndex(head)
	if at == nil {
		at = limitedBy.FindStringIndex(head)
	}
	if at == nil {
		return false
	}
	m := strings.Index(head, "model")
	return m < 0 || m > at[0]
}

// aboutTool reports whether a 401 is about what the request calls with credentials of its own.
func (f *fault) aboutTool() bool {
	for _, code := range f.codes {
		if unmistakable(dataplane.AuthFailed, code) {
			return false
		}
	}
	return named.MatchString(f.lower[:min(len(f.lower), headChars)])
}

func (f *fault) aboutNamed(status int, model string) bool {
	if status != 400 && status != 403 && status != 404 && status != 410 || !f.present || f.foreign() {
		return false
	}
	head := f.lower[:min(len(f.lower), headChars)]
	if from := f.find(model); from >= 0 { // the model may be called after one of them
		head = f.lower[:min(from, len(head))] + head[min(from+len(model), len(head)):]
	}
	at := named.FindStringIndex(head)
	if at == nil {
		return false
	}
	if m := strings.Index(head, "model"); m >= 0 && m < at[0] {
		return false // "no access to model X, see the file ..."
	}
	for _, p := range refused {
		if strings.Contains(head, p) {
			return true
		}
	}
	return false
}

// blames reports whether the body blames a parameter of the request that is not the model.
func (f *fault) blames() bool {
	switch strings.ToLower(f.param) {
	case "", "model", "none", "null", "key", "api_key", "token", "authorization", "queue", "quota": // what no request has
		return false
	}
	return true
}

// What is left of a balance, and what is asked: OpenRouter and new-api reserve what a call may cost at most, ElevenLabs
// the characters of the text, so callers choose how much it is.
var (
	affordable  = regexp.MustCompile(`can only afford (\d{1,12})`)
	balanceLeft = regexp.MustCompile(`(?:剩余额度|剩余|remain(?:ing)? (?:quota|balance|credits?)|you have)\D{0,6}?(-?)[$＄¥￥]?(\d{1,12}(?:\.\d+)?)`)
	balanceNeed = regexp.MustCompile(`(?:需要预扣费额度|需要额度|需要|need quota|needs?|required)\D{0,6}\d|\d credits are required`)
)

// balanceIsShort reports that a balance is not spent but does not reach for this request.
func (f *fault) balanceIsShort() bool {
	head := f.lower[:min(len(f.lower), 2*headChars)]
	if m := affordable.FindStringSubmatch(head); m != nil {
		return strings.Trim(m[1], "0") != ""
	}
	left := balanceLeft.FindStringSubmatch(head)
	if left == nil || left[1] == "-" || !balanceNeed.MatchString(head) {
		return false
	}
	n, ok := number(left[2])
	return ok && n > 0
}

// OpenAI: "Request too large for gpt-4o ... (TPM): Limit 30000, Requested 40000". The same words with "Used"
// between them are those of a full minute.
var limitRequested = regexp.MustCompile(`limit:?\s*(\d{1,12}),?\s*requested:?\s*(\d{1,12})|requested:?\s*(\d{1,12})\s*>\s*limit:?\s*(\d{1,12})`)

// perRequest is how limits of one request are called.
var perRequest = regexp.MustCompile(`\b(?:limit|maximum|max|tokens|allowed)(?: \w+)? (?:per|for an?|in an?|of a single) (?:single )?request\b|\bper-request (?:\w+ )?(?:limit|maximum)|\bsingle request\b`)

// asksMoreThanTheLimit reports that one request is larger than what a whole minute allows: waiting does not
// help it, and smaller ones are served.
func (f *fault) asksMoreThanTheLimit() bool {
	if strings.HasPrefix(f.lower, "request too large") || strings.HasPrefix(f.lower, "extra usage is required for long context") || perRequest.MatchString(f.lower[:min(len(f.lower), headChars)]) {
		return true
	}
	m := limitRequested.FindStringSubmatch(f.lower[:min(len(f.lower), 1024)])
	if m == nil {
		return false
	}
	limit, _ := strconv.ParseInt(m[1]+m[4], 10, 64)
	requested, _ := strconv.ParseInt(m[2]+m[3], 10, 64)
	return requested > limit
}
