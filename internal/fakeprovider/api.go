package fakeprovider

import (
	"strings"

	"github.com/tidwall/gjson"
)

// api is one endpoint: what its good answers look like and how it words errors. The
// behaviours are the same everywhere.
type api struct {
	path   string
	plain  func(*author) []frame
	stream func(*author) []frame // nil: it never streams
	mime   string                // of a plain answer; empty: JSON
	// reword puts an error body into the endpoint's own words; nil: it is OpenAI's.
	reword func(body string) string
	// action is what stands behind the model in the path, for the endpoints of Google's API; stream is what does so where
	// a stream is asked for.
	action, streamAction string
	// eventError is an error inside a stream; nil: its body as it is.
	eventError func(a *author, body string) frame
}

var apis = []api{
	{path: "/chat/completions", plain: (*author).plain, stream: (*author).stream},
	{path: "/completions", plain: (*author).textPlain, stream: (*author).textStream},
	{path: "/responses", plain: (*author).responsePlain, stream: (*author).responseStream, eventError: (*author).responseError},
	{path: "/responses/compact", plain: (*author).compaction},
	{path: "/responses/input_tokens", plain: (*author).countTokens},
	{path: "/messages", plain: (*author).messagePlain, stream: (*author).messageStream, reword: asAnthropic, eventError: (*author).messageError},
	{path: "/messages/count_tokens", plain: (*author).countTokens, reword: asAnthropic},
	{path: "/embeddings", plain: (*author).embeddings},
	{path: "/moderations", plain: (*author).moderation},
	{path: "/rerank", plain: (*author).rerank},
	{path: "/images/generations", plain: (*author).image, stream: (*author).imageStream},
	{path: "/images/edits", plain: (*author).image, stream: (*author).imageStream},
	{path: "/images/variations", plain: (*author).image},
	{path: "/audio/speech", plain: (*author).speech, stream: (*author).speechStream, mime: mimeAudio},
	{path: "/audio/transcriptions", plain: (*author).transcript, stream: (*author).transcriptStream},
	{path: "/audio/translations", plain: (*author).transcript},
}

// googleAPIs are those whose model stands in the path, behind /models/.
var googleAPIs = []api{
	{action: "generateContent", streamAction: "streamGenerateContent", plain: (*author).geminiPlain, stream: (*author).geminiStream, reword: asGoogle, eventError: (*author).geminiError},
	{action: "countTokens", plain: (*author).geminiCount, reword: asGoogle},
	{action: "embedContent", plain: (*author).geminiEmbedding, reword: asGoogle},
	{action: "batchEmbedContents", plain: (*author).geminiEmbeddings, reword: asGoogle},
}

const mimeAudio = "audio/mpeg"

// asAnthropic words an OpenAI error as Anthropic does; what is no error stays.
func asAnthropic(body string) string {
	doc := gjson.Parse(body)
	message := doc.Get("error.message").Str
	if message == "" || doc.Get("type").Str == "error" {
		return body
	}
	typ := "invalid_request_error"
	switch doc.Get("error.type").Str {
	case "server_error":
		typ = "api_error"
	case "requests", "tokens":
		typ = "rate_limit_error"
	}
	switch doc.Get("error.code").Str {
	case "invalid_api_key":
		typ = "authentication_error"
	case "model_not_found":
		typ, message = "not_found_error", "model: "+modelPlace
	case "insufficient_quota":
		typ = "billing_error"
	}
	return anthropic(typ, message)
}

// modelPlace stands for the model's name in error bodies, see withModel.
const modelPlace = "MODEL"

// pieces that were asked for, as one text.
func (a *author) text() string { return strings.Join(a.script.text, "") }

// plainText is the text of a plain answer with its filler.
func (a *author) plainText() string {
	text := a.text()
	for range a.fillers() {
		text += string(filler(a.script.fillEvent))
	}
	return text
}
