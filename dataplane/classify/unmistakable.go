package classify

import (
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// What opens a credential or a target at once must be unmistakable: a code of the key, the quota
// or the model, or words at the very start that can be about nothing else. The rest may be about
// what one request names (a tool's own token, a file, a guardrail), so it waits for a second caller.

// vague are codes and types that some providers use for the key and others for anything they refuse.
var vague = map[string]bool{
	"invalid_token": true, "token_expired": true, "authentication_failed": true, "permission_error": true,
	"model_not_available": true, "model_not_supported": true, "invalid_model": true, "budget_exceeded": true, "usage_limits_exceeded": true, "provider_not_initialize": true,
}

// unmistakable reports whether a code or type by itself says that a key, quota or model is at fault.
func unmistakable(o dataplane.Outcome, code string) bool {
	if vague[code] {
		return false
	}
	for i := range signs {
		if s := &signs[i]; s.outcome == o && (slices.Contains(s.codes, code) || slices.Contains(s.types, code)) {
			return true
		}
	}
	return false
}

// vagueOpenings begin messages about the key, and messages about other credentials.
var vagueOpenings = []string{"authentication fails", "authentication failed", "invalid authentication", "this credential is only authorized"}

// keyOpenings begin a 401 that is about the API key itself.
var keyOpenings = []string{
	"api key not valid", "api key expired", "api key not found", "api key is invalid", "invalid api key",
	"incorrect api key", "invalid x-api-key", "your api key has been", "your api key was", "无效的令牌",
}

// plainlySaid reports whether the words of a message, which told the outcome, can be about nothing else.
func (f *fault) plainlySaid(o dataplane.Outcome, model string) bool {
	switch o {
	case dataplane.ModelNotFound:
		return f.callsItAModel(model)
	case dataplane.AuthFailed:
		return !hasPrefix(f.lower, vagueOpenings)
	}
	return true
}

// modelWords are what a message calls a model before it gives its id.
var modelWords = []string{"model", "deployment", "engine", "模型"}

// callsItAModel reports whether the message says of the model's id that it is a model's: right
// before, or by beginning with it. "Widget 'm' not found" does not.
func (f *fault) callsItAModel(model string) bool {
	at := f.find(model)
	if at < 0 || f.mayQuote(at) {
		return false
	}
	before := strings.TrimRight(f.lower[:at], " '\"`:=(")
	if before == "" {
		return true
	}
	for _, w := range modelWords {
		if strings.Contains(before, w) {
			return true
		}
	}
	return false
}

// spentOpens are how a provider tells the owner of a key that a window or an account is used up.
var spentOpens = []string{
	"you exceeded your", "you have exceeded your", "you've exceeded your", "you have reached your",
	"you've reached your", "you reached your", "you've hit your", "your ", "the organization has", "this organization has",
}

// spentForSure reports whether a 429 that was taken for a spent account says so beyond doubt.
func (f *fault) spentForSure() bool {
	return f.perDay || hasPrefix(f.lower, spentOpens) || hasPrefix(f.lower, quotaSign().opens)
}

func quotaSign() *sign {
	for i := range signs {
		if signs[i].outcome == dataplane.QuotaExhausted {
			return &signs[i]
		}
	}
	return &sign{}
}

func hasPrefix(text string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}
