package classify

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// sign is what in an error's body tells its class. Codes are compared with every code of
// the body, types with its type; all in lower case.
//
// Phrases are the last resort. Whoever writes the prompt can often make an error repeat
// some of it, so what would hold a credential or a target against its provider counts only
// where callers do not write: opens at the very start of a message that blames no
// parameter, near within 80 characters of the model's id. What is held against nobody may
// stand anywhere: anywhere.
type sign struct {
	outcome dataplane.Outcome
	feature bool // what the request asks for is missing or limited, not the endpoint or the key
	sure    bool // found by what no caller brings about; see unmistakable.go
	codes   []string
	types   []string

	opens    []string
	begins   *regexp.Regexp // as opens, of a text that has a name in it
	near     []string
	anywhere []string
}

// signs is read from the top; the first that fits wins.
var signs = []sign{
	{
		outcome: dataplane.ContentPolicy,
		codes: []string{
			"content_policy_violation", "content_filter", "contentfilter", "responsibleaipolicyviolation",
			"moderation_blocked", "moderation", "data_inspection_failed", "datainspectionfailed",
			"sensitivecontentdetected", "inputtextsensitivecontentdetected", "guardrail", "guardrail_violation",
			"guardrail_intervened", "safety", "prohibited_content", "sensitive_words_detected", "censorship_blocked",
			"image_content_policy_violation", "cyber_policy_violation", "cyber_policy", "identifier_blocked", "1026", "1027", "1301",
		},
		types: []string{"content_filter"},
		anywhere: []string{
			"content policy", "content management policy", "safety system", "input was flagged",
			"flagged as potentially", "prompt was flagged", "violates our usage polic",
			"violating our usage polic", "inappropriate content", "blocked by content filter",
			"content filtering policy", "requires moderation", "content violates usage guidelines", "safety_check_type_",
			"content exists risk", "considered high risk", "blocked due to security configurations",
			"contentpolicyviolationerror", "violated guardrail", "may contain sensitive information", "审核不通过",
		},
		opens: []string{"invalid prompt:"}, // OpenAI's; OpenRouter has its code for every request that is not valid
	},
	{
		outcome: dataplane.ContextLength,
		codes: []string{
			"context_length_exceeded", "context_window_exceeded", "contextwindowexceedederror",
			"string_above_max_length", "prompt_too_long", "input_too_long", "request_too_large",
			"model_max_prompt_tokens_exceeded", "tokens_limit_reached", "max_context_length_exceeded",
			"exceed_context_size_error", "content_too_large", "1261",
		},
		types: []string{
			"request_too_large", "exceed_context_size_error", "context_length_exceeded",
			"contextwindowexceedederror",
		},
		anywhere: []string{
			"maximum context length", "context length", "context window", "context size", "prompt is too long",
			"input is too long", "prompt too long", "input too long", "too many tokens",
			"maximum number of tokens", "maximum allowed number of input tokens", "input token count",
			"input tokens exceed", "reduce the length of the", "maximum prompt length",
			"exceeded model token limit", "range of input length", "request entity too large",
			"payload too large", "request exceeds the maximum size", "`inputs` tokens + `max_new_tokens`",
			"exceed context limit", "less than max_seq_len", "maximum supported sequence length", "exceed the total tokens limit",
			"exceeds maximum input length",
		},
	},
	{
		outcome: dataplane.QuotaExhausted,
		codes: []string{
			"insufficient_quota", "insufficient_balance", "insufficient_credits", "insufficient_funds",
			"insufficient_user_quota", "pre_consume_token_quota_failed", "quota_exceeded",
			"exceeded_current_quota_error", "billing_hard_limit_reached", "billing_not_active",
			"billing_limit_exceeded", "payment_required", "usage_limit_reached", "usage_limit_exceeded",
			"spend_limit_exceeded", "spending_limit_exceeded", "credit_balance_too_low", "accountoverdueerror",
			"arrearage", "allocationquota.freetieronly", "setlimitexceeded", "accountquotaexceeded", "billing_disabled",
			"not_enough_balance", "token_quota_reached", "provider_quota_exceeded", "failedoperation.resourcepackexhausted",
			"1008", "1113", "1308", "1309", "1310",
		},
		types: []string{
			"insufficient_quota", "exceeded_current_quota_error", "billing_error", "usage_limit_reached",
			"insufficient_balance", "budget_exceeded", "usage_limits_exceeded",
		},
		begins: regexp.MustCompile(`^your (?:newly created )?team (?:\S{1,40} )?(?:has (?:either )?used all available credits|doesn't have any credits)|` +
			`^account \S{1,80} is suspended, possibly due to reaching the monthly spending limit`),
		opens: []string{
			"your credit balance is too low", "insufficient balance", "insufficient credits",
			"insufficient account balance", "insufficient quota", "you have run out of credits", "you are out of credits",
			"you exceeded your current quota", "you have reached your specified api usage limits",
			"key limit exceeded", "account balance", "your account balance", "sorry, your account balance", "not enough balance",
			"your free quota is exhausted", "organization has reached its spend limit", "open api daily request limit",
			"用户额度不足", "余额不足", "预扣费额度失败",
		},
	},
	cannot,
	{
		outcome: dataplane.ModelNotFound,
		codes: []string{
			"model_not_found", "model_not_available", "model_not_supported", "unknown_model", "invalid_model",
			"no_such_model", "model_does_not_exist", "deploymentnotfound", "model_decommissioned",
			"model_deprecated", "model_retired", "model_terms_required", "model_permission_blocked_org",
			"model_permission_blocked_project", "modelnotopen", "model_not_open",
			"invalidendpointormodel.notfound", "modelnotfound", "modelnotfoundexception",
			"accessdenied.unpurchased", "model_access_denied", "model.accessdenied", "invalidendpoint", "1211", "1311", "2061",
		},
		types: []string{"model_not_found", "permission_error"},
		opens: []string{
			"model not found", "model does not exist", "model disabled", "no models are currently loaded", "publisher model `projects/", "model use case details have not been submitted",
			"access denied. this model is marked", "model access is denied",
		},
		begins: regexp.MustCompile(`^project \S{1,80} is not allowed to use publisher model`),
		near: []string{
			"does not exist", "doesn't exist", "not exist", "not found", "no such model", "unknown model",
			"invalid model", "not a valid model", "not available", "no longer available", "no longer supported",
			"decommissioned", "deprecated", "retired", "been removed", "not have access", "could not find",
			"couldn't find", "cannot find", "not deployed", "was removed", "unsupported model", "with on-demand throughput", "is unavailable in your region", "model is not supported", "不存在", "已下线", "无可用渠道",
		},
	},
	{
		outcome: dataplane.AuthFailed,
		codes: []string{
			"invalid_api_key", "incorrect_api_key", "api_key_invalid", "invalidapikey", "api_key_expired",
			"api_key_disabled", "account_deactivated", "account_disabled", "account_suspended",
			"organization_deactivated", "invalid_organization", "invalid_authentication", "invalid_token",
			"token_expired", "unauthenticated", "unrecognizedclientexception", "expiredtokenexception",
			"ip_not_authorized", "unsupported_country_region_territory", "authentication_failed", "wrong_api_key", "organization_restricted",
			"consumer_suspended", "consumer_invalid", "provider_not_initialize", "api_key_service_blocked", "api_key_ip_address_blocked", "1004", "2049",
		},
		types: []string{
			"authentication_error", "invalid_authentication_error", "incorrect_api_key_error",
			"authenticationerror",
		},
		opens: []string{
			"api key not valid", "api key expired", "api key not found", "api key is invalid", "invalid api key",
			"incorrect api key", "missing api key", "no api key", "invalid x-api-key",
			"authentication fails", "authentication failed", "invalid authentication",
			"access token expired", "access token invalid", "gemini api free tier is not available",
			"user location is not supported", "country, region, or territory not supported",
			"this organization has been disabled", "your account has been", "your api key has been", "your api key was",
			"api key is currently blocked", "oauth token has", "this credential is only authorized", "无效的令牌",
		},
		begins: regexp.MustCompile(`^permission denied: consumer '\S{1,80} has been suspended`),
	},
	{
		outcome: dataplane.Overloaded,
		codes: []string{
			"overloaded", "overloaded_error", "engine_overloaded", "engine_overloaded_error",
			"capacity_exceeded", "serveroverloaded", "model_overloaded", "server_overloaded", "1305",
		},
		types: []string{"overloaded_error", "engine_overloaded_error", "overloaded", "capacity_exceeded"},
		opens: []string{
			"overloaded", "the model is currently overloaded", "the model is overloaded", "model is overloaded",
			"the engine is currently overloaded", "that model is currently overloaded",
		},
	},
	{
		// Some servers give a 4xx for what broke in them.
		outcome: dataplane.ServerError,
		types:   []string{"generation", "incomplete_generation"}, // TGI
		opens: []string{
			"the model has crashed", "model unloaded", "failed to load model", "request failed during generation", "cuda out of memory",
			"**network error due to high traffic",
		},
	},
	{
		outcome: dataplane.Busy, // decide tells the kinds of 429 apart
		codes: []string{
			"rate_limit_exceeded", "rate_limit_reached", "rate_limit_reached_error", "rate_limited",
			"ratelimitexceeded", "ratelimitreached", "rate_limit_error", "too_many_requests", "toomanyrequests",
			"throttling", "throttlingexception", "throttling.ratequota", "throttling.allocationquota",
			"resource_exhausted", "requests_limit_exceeded", "tokens_limit_exceeded", "requestlimitexceeded", "1039", "1302", "1303",
		},
		types: []string{"rate_limit_error", "rate_limit_exceeded", "rate_limit_reached_error", "too_many_requests"},
		opens: []string{"rate limit", "too many requests", "too many concurrent", "request rate limit", "open api qps request limit"},
	},
	{
		outcome: dataplane.LoopDetected, // another gateway of this kind
		codes:   []string{"loop_detected"},
	},
	{
		outcome: dataplane.Unsupported,
		codes:   []string{"unknown_url", "unsupported_endpoint", "endpoint_not_found", "unsupported_api_for_model"},
		opens: []string{
			"invalid url", "unknown request url", "no route matched", "404 page not found", "resource not found",
			"the requested url", "route not found",
		},
	},
}

// spent is what a 429 says of an account or a window of hours that is used up, rather than
// of a busy minute; nobody's prompt is repeated in a 429.
var spent = []string{
	"5-hour", "5 hour", "five-hour", "weekly limit", "weekly usage", "monthly limit", "monthly usage", "monthly spend", "calls / month",
	"usage limit", "spend limit", "spending limit", "spending cap", "spend cap", "billing hard limit",
	"credit balance", "insufficient balance", "insufficient credits", "out of credits", "credits are depleted", "余额不足",
}

// spentUnlessWait is Google's and OpenAI's one sentence for a spent account and for a full
// minute: only a wait tells the minute. With a limit of days it tells when there is room again.
var spentUnlessWait = []string{"exceeded your current quota", "per day", "your daily"}

// tooLong are the first words of a 500 that llama.cpp and its relatives give for a prompt without room.
var tooLong = []string{"the request exceeds the available context size", "input is too large to process. increase the physical batch size"}

// nearChars is how far a phrase may be from the model's id.
const nearChars = 80

// sign finds the first sign in the body. Phrases are for what is a 4xx or has no status:
// a 5xx says itself whose fault it is.
func (f *fault) sign(status int, model string) (sign, bool) {
	for _, s := range signs {
		for _, c := range s.codes {
			if f.hasCode(c) {
				s.sure = !vague[c]
				return s, true
			}
		}
	}
	for _, s := range signs {
		for _, t := range s.types {
			if f.typ != t {
				continue
			}
			if vague[t] {
				if plain, ok := f.phrase(status, model); ok && (plain.sure || plain.feature) {
					return plain, true
				}
			}
			s.sure = !vague[t]
			return s, true
		}
	}
	if status == http.StatusInternalServerError {
		switch {
		case f.cannotServe(status):
			return cannot, true
		case hasPrefix(f.lower, tooLong):
			return sign{outcome: dataplane.ContextLength}, true
		}
	}
	return f.phrase(status, model)
}

// phrase finds the first sign in the words of the body.
func (f *fault) phrase(status int, model string) (sign, bool) {
	if status != 0 && (status < 400 || status >= 500) || status == 401 {
		return sign{}, false
	}
	for _, s := range signs {
		if f.phrased(&s, status, model) {
			s.sure = f.plainlySaid(s.outcome, model)
			return s, true
		}
	}
	return sign{}, false
}

func (f *fault) phrased(s *sign, status int, model string) bool {
	switch status {
	case 402, 405, 408, 409, 415, 425, 429:
		return false
	}
	if s.feature {
		return f.cannotServe(status)
	}
	if f.says(s.anywhere) {
		return true
	}
	if f.param != "" && f.param != "model" {
		return false
	}
	if s.outcome == dataplane.Unsupported && status == 400 {
		return false // "Invalid URL" may be an image's
	}
	if hasPrefix(f.lower, s.opens) || s.begins != nil && s.begins.MatchString(f.lower) {
		return true
	}
	if s.outcome == dataplane.Unsupported && strings.TrimRight(f.lower, ".!") == "not found" {
		return true
	}
	return len(s.near) > 0 && f.near(model, s.near)
}

// says reports whether one of the phrases is anywhere in the message.
func (f *fault) says(phrases []string) bool {
	for _, p := range phrases {
		if strings.Contains(f.lower, p) {
			return true
		}
	}
	return false
}

// mayQuote reports whether callers may have written what stands at a place: it is far from the start,
// or there are quotes before it other than its own.
func (f *fault) mayQuote(at int) bool {
	return at > nearChars || strings.ContainsAny(f.lower[:max(at-1, 0)], "'\"`")
}

// near reports whether a phrase stands within 80 characters of the model's id, which nobody may have quoted.
func (f *fault) near(model string, phrases []string) bool {
	if strings.Contains(f.lower, "parameter") {
		return false // "the parameter X is deprecated for model Y"
	}
	at := f.find(model)
	if at < 0 || f.mayQuote(at) {
		return false
	}
	window := f.lower[:min(len(f.lower), at+len(model)+nearChars)]
	for _, p := range phrases {
		if strings.Contains(window, p) {
			return true
		}
	}
	return false
}
