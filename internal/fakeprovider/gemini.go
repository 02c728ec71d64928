package fakeprovider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// askModel serves the endpoints of Google's API, whose model stands in the path: MODEL:ACTION.
func (p *Provider) askModel(w http.ResponseWriter, r *http.Request) {
	call := r.PathValue("call")
	action := call[strings.LastIndexByte(call, ':')+1:]
	for i := range googleAPIs {
		if a := &googleAPIs[i]; action != "" && (a.action == action || a.streamAction == action) {
			p.complete(w, r, a)
			return
		}
	}
	notFound(w, r)
}

// modelOf is the model of such a request, and whether it asks for a stream.
func modelOf(r *http.Request, endpoint *api) (model string, stream bool) {
	call := r.PathValue("call")
	at := strings.LastIndexByte(call, ':')
	return call[:at], call[at+1:] == endpoint.streamAction
}

// google reads what Google's requests name otherwise.
func (r *request) google(doc gjson.Result) {
	contents := doc.Get("contents")
	if !contents.IsArray() {
		return
	}
	contents.ForEach(func(_, content gjson.Result) bool {
		if content.Get("role").Str != "model" {
			r.lastUser = text(content.Get("parts"))
		}
		return true
	})
	ended := contents.Get("@reverse.0.parts.#.functionResponse").Array()
	if len(ended) == 0 && doc.Get("toolConfig.functionCallingConfig.mode").Str != "NONE" {
		r.tool = doc.Get("tools.0.functionDeclarations.0.name").Str
	}
}

// geminiFinish is why the answer ended.
func (a *author) geminiFinish() string {
	switch a.script.finish {
	case "":
		return "STOP"
	case "length":
		return "MAX_TOKENS"
	case "content_filter":
		return "SAFETY"
	}
	return strings.ToUpper(a.script.finish)
}

// geminiTail is what stands behind the candidates. output: the answer is whole.
func (a *author) geminiTail(output bool) string {
	tail := fmt.Sprintf(`"modelVersion":%s,"responseId":%q`, marshal(a.req.model), a.id)
	if a.script.noUsage {
		return tail
	}
	usage := fmt.Sprintf(`"promptTokenCount":%d,"cachedContentTokenCount":%d,"totalTokenCount":%d`, a.prompt.all, a.prompt.cached, a.prompt.all)
	if output {
		n := a.outputTokens()
		usage = fmt.Sprintf(`"promptTokenCount":%d,"candidatesTokenCount":%d,"cachedContentTokenCount":%d,"totalTokenCount":%d`, a.prompt.all, n, a.prompt.cached, a.prompt.all+n)
	}
	return `"usageMetadata":{` + usage + `},` + tail
}

// geminiCall is the part that calls a tool.
func (a *author) geminiCall() string {
	return fmt.Sprintf(`{"functionCall":{"name":%s,"args":%s}}`, marshal(a.req.tool), a.arguments)
}

func (a *author) geminiPlain() []frame {
	parts := `{"text":` + string(a.quote(a.plainText())) + `}`
	if a.req.tool != "" {
		parts = a.geminiCall()
		if a.lead != "" {
			parts = fmt.Sprintf(`{"text":%s},`, marshal(a.lead)) + parts
		}
	}
	if a.script.noContent {
		parts = ""
	}
	return a.json(`{"candidates":[{"content":{"parts":[%s],"role":"model"},"finishReason":%q,"index":0}],%s}`, parts, a.geminiFinish(), a.geminiTail(true))
}

func (a *author) geminiStream() []frame {
	s := a.script
	chunk := func(part, finish string) frame {
		return a.event("", fmt.Appendf(nil, `{"candidates":[{"content":{"parts":[%s],"role":"model"}%s,"index":0}],%s}`, part, finish, a.geminiTail(finish != "")))
	}
	var frames []frame
	if !s.noRole || s.lifecycle {
		frames = append(frames, chunk(`{"text":""}`, "")) // says nothing, as Google's first sometimes does
		if a.lead != "" {
			frames = append(frames, chunk(fmt.Sprintf(`{"text":%s}`, marshal(a.lead)), ""))
		}
	}
	switch {
	case s.errorAt == 0:
	case a.req.tool != "": // a call comes whole
		frames = append(frames, chunk(a.geminiCall(), ""))
	default:
		frames = append(frames, a.content(func(_ int, text []byte) frame { return chunk(fmt.Sprintf(`{"text":%s}`, text), "") })...)
	}
	if s.errorAt >= 0 {
		return append(frames, a.streamError())
	}
	if !s.noFinish {
		frames = append(frames, chunk("", fmt.Sprintf(`,"finishReason":%q`, a.geminiFinish())))
	}
	return frames // nothing tells that it is over, so that nothing can follow
}

func (a *author) geminiError(body string) frame {
	return a.event("", []byte(strings.TrimSpace(asGoogle(body))))
}

func (a *author) geminiCount() []frame { return a.json(`{"totalTokens":%d}`, PromptTokens) }

func (a *author) geminiVector() string { return `{"values":` + string(vectorJSON(false)) + `}` }

func (a *author) geminiEmbedding() []frame {
	return a.json(`{"embedding":%s,"usageMetadata":{"promptTokenCount":%d,"totalTokenCount":%d}}`, a.geminiVector(), PromptTokens, PromptTokens)
}

func (a *author) geminiEmbeddings() []frame {
	all := strings.TrimSuffix(strings.Repeat(a.geminiVector()+",", a.req.inputs), ",")
	return a.json(`{"embeddings":[%s],"usageMetadata":{"promptTokenCount":%d,"totalTokenCount":%d}}`, all, PromptTokens, PromptTokens)
}

// asGoogle words an OpenAI error as Google does; what is no error of OpenAI's stays.
func asGoogle(body string) string {
	doc := gjson.Parse(body)
	message := doc.Get("error.message").Str
	if message == "" || doc.Get("error.status").Exists() {
		return body
	}
	code, status, details := 400, "INVALID_ARGUMENT", ""
	switch doc.Get("error.type").Str {
	case "server_error", "api_error":
		code, status = 500, "INTERNAL"
	case "overloaded_error":
		code, status = 503, "UNAVAILABLE"
	case "requests", "tokens", "rate_limit_error":
		code, status = 429, "RESOURCE_EXHAUSTED"
	}
	switch doc.Get("error.code").Str {
	case "invalid_api_key":
		message = "API key not valid. Please pass a valid API key."
		details = `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}`
	case "model_not_found":
		code, status, message = 404, "NOT_FOUND", "models/"+modelPlace+" is not found for API version v1beta, or is not supported for generateContent."
	case "insufficient_quota":
		code, status, message = 429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."
		details = quotaFailure("GenerateRequestsPerDayPerProjectPerModel-FreeTier")
	}
	quoted, _ := json.Marshal(message) // text can always be written
	return fmt.Sprintf(`{"error":{"code":%d,"message":%s,"status":%q,"details":[%s]}}`, code, quoted, status, details)
}
