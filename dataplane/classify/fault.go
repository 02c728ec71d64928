package classify

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// fault is an error body of any provider, in one form.
type fault struct {
	present bool // an error object in a form we know: an API wrote it
	html    bool
	message string // as the provider wrote it
	lower   string // in lower case
	typ     string // error.type, in lower case
	codes   []string
	param   string
	status  int // an HTTP status named inside the body; 0 when none is

	retryDelay time.Duration // google.rpc.RetryInfo
	hasDelay   bool
	retryAfter string      // seconds, or another form of a wait
	headers    http.Header // of the provider behind OpenRouter
	resource   bool        // a quota of one model or resource, not of the account
	perDay     bool        // a quota of a day or longer
}

const (
	maxCodes   = 16      // that one body may name
	maxPhrased = 8 << 10 // bytes of a message in which phrases are looked for
)

// readFault reads an error body; what is missing stays empty. The body may be cut off.
func readFault(body []byte) fault {
	var f fault
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return f
	case trimmed[0] == '{' || trimmed[0] == '[' || trimmed[0] == '"':
		f.read(gjson.ParseBytes(trimmed), true)
	case trimmed[0] == '<':
		f.html = true
		f.message = title(trimmed)
	default:
		f.message = string(trimmed)
	}
	f.lower = strings.ReplaceAll(strings.ToLower(f.message[:min(len(f.message), maxPhrased)]), "\u2019", "'")
	if f.status == 0 {
		f.status = typeStatus[f.typ]
	}
	for _, c := range f.codes {
		if f.status == 0 {
			f.status = typeStatus[c]
		}
	}
	return f
}

// read takes in a document; inner errors written as text are opened once.
func (f *fault) read(doc gjson.Result, open bool) {
	if doc.IsArray() {
		doc = doc.Get("0")
	}
	if doc.Type == gjson.String {
		f.present, f.message = true, doc.Str
		return
	}
	e := errorObject(doc)
	f.present = f.present || e.Exists()
	f.waits(doc, e)
	if e.Type == gjson.String {
		f.message = e.Str
		e = doc
	} else {
		f.message = first(e, messageKeys...)
	}
	if e.Raw == "" {
		f.message = strings.TrimSpace(doc.Raw)
		return
	}
	f.typ = strings.ToLower(first(e, "type", "__type", "error_type"))
	if at := strings.LastIndexByte(f.typ, '#'); at >= 0 { // com.amazon.coral#ThrottlingException
		f.addCode(gjson.Result{Type: gjson.String, Str: f.typ[at+1:]})
	}
	if f.param = first(e, "param"); f.param == "" {
		if f.param = fastAPIPlace(e); f.param != "" && f.status == 0 {
			f.status = http.StatusUnprocessableEntity
		}
	}
	if strings.Count(f.param, " ") > 2 { // MiMo has the message there, and "Param Incorrect" in its place
		f.message, f.param = strings.TrimPrefix(f.message+": "+f.param, ": "), ""
	}
	for _, key := range []string{"code", "status", "reason", "error_code", "errorCode", "Code", "status_code", "innererror.code", "errors.0.reason"} {
		f.addCode(e.Get(key))
	}
	if e.Raw != doc.Raw {
		f.addCode(doc.Get("code"))
		f.addCode(doc.Get("status"))
	}
	f.details(e.Get("details"))
	if open {
		f.openInner(e)
	}
}

// maxPlace is about the longest place in a request that is told, in bytes.
const maxPlace = 256

// fastAPIPlace is where FastAPI found the first fault: ["body","messages",0,"name"] is messages[0].name.
func fastAPIPlace(e gjson.Result) (place string) {
	loc := e.Get("detail.0.loc")
	if !loc.Exists() {
		loc = e.Get("message.detail.0.loc")
	}
	if loc.Get("0").Str != "body" {
		return ""
	}
	for _, part := range loc.Array()[1:] {
		switch {
		case len(place) > maxPlace: // it tells enough, and joining all of a long one would take seconds
			return place
		case part.Type == gjson.Number:
			place += "[" + part.Raw + "]"
		case place == "":
			place = part.Str
		default:
			place += "." + part.Str
		}
	}
	return place
}

// messageKeys are the members that hold what an error says.
var messageKeys = []string{"message", "msg", "error_msg", "status_msg", "errorMessage", "error_message", "Message", "detail"}

// errorObject finds where the error is in a document; the document itself when it is one.
func errorObject(doc gjson.Result) gjson.Result {
	for _, key := range []string{"error", "error.0", "errors.0", "response.error", "base_resp", "choices.0.error", "Response.Error"} {
		if e := doc.Get(key); says(e) && (e.IsObject() || e.Type == gjson.String) {
			return e
		}
	}
	for _, key := range messageKeys {
		if says(doc.Get(key)) {
			return doc
		}
	}
	return gjson.Result{}
}

// details reads Google's error details.
func (f *fault) details(list gjson.Result) {
	list.ForEach(func(_, d gjson.Result) bool {
		kind := d.Get("@type").Str
		switch {
		case strings.HasSuffix(kind, "RetryInfo"):
			if wait, err := time.ParseDuration(d.Get("retryDelay").Str); err == nil {
				f.retryDelay, f.hasDelay = wait, true
			}
		case strings.HasSuffix(kind, "ErrorInfo"):
			f.addCode(d.Get("reason"))
		case strings.HasSuffix(kind, "QuotaFailure"):
			f.resource = true
			id := d.Get("violations.0.quotaId").Str
			f.perDay = f.perDay || strings.Contains(id, "PerDay") || strings.Contains(id, "PerMonth")
		}
		return true
	})
}

// openInner reads what a gateway behind the provider wrapped: an error written as JSON
// inside the message is the error; OpenRouter's metadata.raw only explains it.
func (f *fault) openInner(e gjson.Result) {
	if m := strings.TrimSpace(f.message); strings.HasPrefix(m, "{") || strings.HasPrefix(m, "[{") {
		if inner := gjson.Parse(m); says(errorObject(arrayHead(inner))) {
			f.read(inner, false)
		}
	}
	if raw := e.Get("metadata.raw"); raw.Type == gjson.String && raw.Str != "" {
		text := raw.Str
		if inner := errorObject(gjson.Parse(text)); inner.IsObject() {
			text = first(inner, "message", "msg")
		}
		f.message += ": " + text
	}
}

func arrayHead(doc gjson.Result) gjson.Result {
	if doc.IsArray() {
		return doc.Get("0")
	}
	return doc
}

// addCode notes a code and, when it is an HTTP status, that status.
func (f *fault) addCode(v gjson.Result) {
	text := v.String()
	if v.Type != gjson.String && v.Type != gjson.Number || text == "" || len(f.codes) >= maxCodes {
		return
	}
	f.codes = append(f.codes, strings.ToLower(text))
	if kind, _, more := strings.Cut(f.codes[len(f.codes)-1], "."); more && len(f.codes) < maxCodes { // SensitiveContentDetected.Violence
		f.codes = append(f.codes, kind)
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 400 && n < 600 && f.status == 0 {
		f.status = n
	}
}

func (f *fault) hasCode(code string) bool { return slices.Contains(f.codes, code) }

// typeStatus is the HTTP status that an error's type or Google status stands for.
var typeStatus = map[string]int{
	"invalid_parameter": 400, "invalidparameter": 400, "invalid_parameter_error": 400, "badrequest": 400, "bad_request": 400,
	"1210": 400, "1213": 400, "1214": 400, "2013": 400, // of Zhipu and MiniMax
	"invalid_request_error": 400, "badrequesterror": 400, "bad_request_error": 400, "validation_error": 400, "invalid_argument": 400, "failed_precondition": 400, "out_of_range": 400,
	"authentication_error": 401, "unauthenticated": 401,
	"billing_error":    402,
	"permission_error": 403, "permission_denied": 403, "request_forbidden": 403,
	"not_found_error": 404, "notfounderror": 404, "not_found": 404,
	"rate_limit_error": 429, "resource_exhausted": 429,
	"api_error": 500, "server_error": 500, "internal_server_error": 500, "internal": 500,
	"unavailable": 503, "service_unavailable": 503, "service_unavailable_error": 503,
	"timeout_error": 504, "deadline_exceeded": 504,
	"overloaded_error": 529,
}

// first gives the first of the paths that holds text.
func first(doc gjson.Result, paths ...string) string {
	for _, p := range paths {
		if v := doc.Get(p); v.Type == gjson.String && v.Str != "" {
			return v.Str
		} else if v.Type == gjson.JSON {
			return v.Raw
		}
	}
	return ""
}

// title is what a web page calls itself.
func title(page []byte) string {
	lower := bytes.ToLower(page[:min(len(page), 4096)])
	start := bytes.Index(lower, []byte("<title>"))
	end := bytes.Index(lower, []byte("</title>"))
	if start < 0 || end < start || len(lower) > len(page) {
		return ""
	}
	return string(page[start+len("<title>") : end])
}

// find gives the place of the model's id in the message, as a word of its own; -1 when it
// is not there.
func (f *fault) find(model string) int {
	id := strings.ToLower(model)
	if id == "" {
		return -1
	}
	for from := 0; ; {
		at := strings.Index(f.lower[from:], id)
		if at < 0 {
			return -1
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(f.lower[:at])
		after, _ := utf8.DecodeRuneInString(f.lower[at+len(id):])
		if !wordRune(before) && !wordRune(after) {
			return at
		}
		from = at + len(id)
	}
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func (f *fault) names(model string) bool { return f.find(model) >= 0 }

// aboutModel reports whether a limit is one of this model and not of the whole key: the
// message names the model or the tokens per minute, which are counted by model.
func (f *fault) aboutModel(model string) bool {
	return f.names(model) || f.typ == "tokens" || f.says([]string{"tokens per min", "(tpm)", "tpm limit", "token rate limit"})
}

// aboutAccess reports whether a refusal is of this model and not of the whole key.
func (f *fault) aboutAccess(model string) bool {
	return f.names(model) || f.says([]string{"access to the model", "access to this model", "access to model", "model access", "model is not allowed", "model is blocked"})
}
