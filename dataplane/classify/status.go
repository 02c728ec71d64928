package classify

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Status classifies an answer whose status is not 2xx, from its status, headers and
// the first bytes of its body (decoded, at most 64 KiB). model is the upstream model id
// that was asked for; now is for dates in Retry-After.
func Status(status int, header http.Header, body []byte, model string, now time.Time) dataplane.Verdict {
	f := readFault(body)
	wait, named := f.wait(status, now)
	if w, ok := headerWait(status, header, now); ok {
		wait, named = w, true
	}
	return decide(status, &f, model, wait, named, tokensAreOut(header))
}

// ErrorBody classifies an error object that came without an error status: the body of a
// 200, or the data of a stream's event. ok is false when data holds no error: error null,
// no error key, or not a JSON object.
func ErrorBody(data []byte, model string) (v dataplane.Verdict, ok bool) {
	if plainlyGood(data) || !scan.Valid(data) {
		return dataplane.Verdict{}, false
	}
	doc := gjson.ParseBytes(data)
	if !holdsError(doc) {
		return dataplane.Verdict{}, false
	}
	f := readFault(data)
	wait, named := f.wait(f.status, time.Now())
	return decide(f.status, &f, model, wait, named, false), true
}

// decide is the one decision: by code, then type, then phrase, then status. A status of 0
// is unknown.
func decide(status int, f *fault, model string, wait time.Duration, named, tokensOut bool) dataplane.Verdict {
	v := dataplane.Verdict{Reason: f.reason(status)}
	s, found := f.callers(status, model)
	if !found {
		s, found = f.sign(status, model)
	}
	if !found {
		s = byStatus(status, f, model)
	}
	if f.blames() && (s.outcome == dataplane.AuthFailed || s.outcome == dataplane.ModelNotFound) {
		s = sign{outcome: dataplane.BadRequest} // the token of a tool, say
	}
	v.Outcome, v.Feature = s.outcome, s.feature && !otherEndpoints.MatchString(f.lower)
	if v.Feature && v.Outcome == dataplane.Unsupported {
		v.Parameter, v.ByValue = f.parameter()
		v.Foreign = f.foreign()
	}
	v.Uncounted = s.outcome == dataplane.Busy && s.feature
	switch v.Outcome {
	case dataplane.Busy: // a 429: which of the three kinds?
		switch {
		case v.Uncounted:
		case f.perDay, f.says(spent), !named && f.says(spentUnlessWait):
			v.Outcome, s.sure = dataplane.QuotaExhausted, f.spentForSure()
			if f.resource || f.aboutModel(model) {
				v.Scope = dataplane.ScopeTarget
			}
		case named:
			v.Outcome = dataplane.RateLimited
			if tokensOut || f.resource || f.aboutModel(model) {
				v.Scope = dataplane.ScopeTarget
			}
		}
	case dataplane.ServerError, dataplane.Overloaded:
		// Only 503 is asked to stay away from; it is about the model, not about the key.
		if status == http.StatusServiceUnavailable && named {
			v.Outcome, v.Scope = dataplane.RateLimited, dataplane.ScopeTarget
		}
	}
	switch {
	case !named:
	case v.Outcome == dataplane.RateLimited, v.Uncounted:
		v.Wait = min(max(wait, minWait), maxWait)
	case v.Outcome == dataplane.QuotaExhausted:
		v.Wait = min(max(wait, minWait), dataplane.QuotaExhausted.Rule().HoldMax)
	}
	v.Unconfirmed = !s.sure && mayBeCallers(v.Outcome, status)
	return v
}

// mayBeCallers reports whether an answer that says no more than this could be one caller's doing.
func mayBeCallers(o dataplane.Outcome, status int) bool {
	switch o {
	case dataplane.AuthFailed, dataplane.ModelNotFound, dataplane.QuotaExhausted:
		return true
	case dataplane.BadBody: // a firewall's page
		return status >= 400 && status < 500
	}
	return false
}

// byStatus is what a status means when the body says nothing more precise.
func byStatus(status int, f *fault, model string) sign {
	switch status {
	case 401:
		return sign{outcome: dataplane.AuthFailed, sure: hasPrefix(f.lower, keyOpenings)}
	case 402:
		return sign{outcome: dataplane.QuotaExhausted, sure: true}
	case 403:
		if f.html {
			// A firewall before the API did not like the text of the request, which is the
			// caller's: that must not take the credential away from everybody.
			return sign{outcome: dataplane.BadBody}
		}
		if f.aboutAccess(model) {
			return sign{outcome: dataplane.ModelNotFound, sure: f.callsItAModel(model)}
		}
		return sign{outcome: dataplane.AuthFailed}
	case 404, 410:
		if !f.present {
			return sign{outcome: dataplane.Unsupported} // no API wrote this: the endpoint is not there
		}
		if f.typ == "not_found_error" && f.names(model) {
			return sign{outcome: dataplane.ModelNotFound, sure: f.callsItAModel(model)}
		}
		return sign{outcome: dataplane.NotFound}
	case 405, 415, 501:
		return sign{outcome: dataplane.Unsupported}
	case 499: // Google's: nobody here has cancelled it
		return sign{outcome: dataplane.ServerError}
	case 408, 425:
		return sign{outcome: dataplane.UpstreamTimeout}
	case 409:
		return sign{outcome: dataplane.UpstreamConflict}
	case 413:
		return sign{outcome: dataplane.ContextLength}
	case 429:
		return sign{outcome: dataplane.Busy}
	case 451:
		return sign{outcome: dataplane.ContentPolicy}
	case 498, 529:
		return sign{outcome: dataplane.Overloaded}
	case http.StatusLoopDetected:
		return sign{outcome: dataplane.LoopDetected}
	}
	switch {
	case status >= 400 && status < 500 && f.present:
		return sign{outcome: dataplane.BadRequest}
	case status >= 300 && status < 500:
		// A redirect, or an error page that no API wrote: nobody said it is the caller's fault.
		return sign{outcome: dataplane.BadBody}
	}
	return sign{outcome: dataplane.ServerError}
}

// plainlyGood is true for nearly every good answer, and cheap.
func plainlyGood(data []byte) bool {
	return bytes.Contains(data, []byte(`"choices":[{`)) && !bytes.Contains(data, []byte(`"error"`))
}

// holdsError reports whether a document that came with status 200 is an error.
func holdsError(doc gjson.Result) bool {
	if doc.IsArray() { // Gemini: [{"error": ...}]
		doc = doc.Get("0")
	}
	if !doc.IsObject() {
		return false
	}
	for _, key := range []string{"error", "errors.0", "response.error", "Response.Error"} {
		if says(doc.Get(key)) {
			// OpenRouter ends a stream with a chunk that has both choices and an error.
			return !hasAnswer(doc) || doc.Get("choices.0.finish_reason").Str == "error"
		}
	}
	if says(doc.Get("choices.0.error")) { // OpenRouter's, of one choice
		return true
	}
	if hasAnswer(doc) {
		return false
	}
	switch {
	case doc.Get("type").Str == "error", doc.Get("object").Str == "error":
		return true
	case doc.Get("base_resp.status_code").Int() != 0: // MiniMax
		return true
	case says(doc.Get("detail")): // FastAPI
		return true
	case doc.Get("error_msg").Str != "": // Baidu
		return true
	case doc.Get("errorMessage").Str != "", doc.Get("error_message").Str != "":
		return true
	case doc.Get("success").Type == gjson.False, failedStatus[strings.ToLower(doc.Get("status").Str)]:
		return first(doc, messageKeys...) != ""
	}
	// {"code": "InvalidApiKey", "message": "..."}: DashScope and others
	switch strings.ToLower(doc.Get("code").String()) {
	case "", "0", "200", "ok", "success":
		return false
	}
	return doc.Get("message").Str != "" || doc.Get("msg").Str != ""
}

// failedStatus are the words for a failure beside what it is.
var failedStatus = map[string]bool{"error": true, "fail": true, "failed": true, "failure": true}

// says reports whether a value found under an error's key is one: not null, false, 0,
// empty text, {} or [].
func says(v gjson.Result) bool {
	switch v.Type {
	case gjson.String:
		return v.Str != ""
	case gjson.JSON:
		return strings.TrimSpace(strings.Trim(v.Raw, "{}[] \t\r\n")) != ""
	case gjson.Number:
		return v.Num != 0
	}
	return v.Type == gjson.True
}

// hasAnswer reports whether the document holds what a success holds.
func hasAnswer(doc gjson.Result) bool {
	for _, key := range []string{"choices", "data", "output"} {
		if v := doc.Get(key); v.IsArray() && v.Get("0").Exists() {
			return true
		}
	}
	return false
}
