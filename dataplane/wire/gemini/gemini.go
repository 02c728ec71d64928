// Package gemini is Google's generateContent, and what is counted and embedded beside it.
package gemini

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	codec "github.com/trunkline-ai/trunkline/internal/wire/gemini"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// Family is the API. The model stands in the path, and a stream has a path of its own.
var Family = wire.Family{
	Name: dialect.Gemini, Errors: wording, Version: "/v1beta",
	Endpoints: []wire.Endpoint{
		{
			Path: place + ":generateContent", StreamPath: place + ":streamGenerateContent?alt=sse", InPath: true, Operation: "generate_content",
			Opaque: opaque, Base64: true, Conversation: "contents", Turns: "contents", System: "systemInstruction", Note: note,
			Lists: []string{"candidates"}, Value: "promptFeedback.blockReason", Finish: reasonsAt, UsageAt: usageAt, Empty: isEmpty, Estimate: wire.EstimateBoth, Stream: stream, Codec: codec.Codec{},
			Neutral: `"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":1}`,
		},
		{
			Path: place + ":countTokens", InPath: true, Repeats: inCount, Operation: "count_tokens", Conversation: "contents", Turns: "contents", System: "systemInstruction",
			Value: "totalTokens", Estimated: estimated, Neutral: `"contents":[{"role":"user","parts":[{"text":"Hi"}]}]`,
		},
		{
			Path: place + ":embedContent", InPath: true, Operation: "embeddings", Value: "embedding.values.0", UsageAt: usageAt, Estimate: wire.EstimateInput,
			Neutral: `"content":{"parts":[{"text":"Hi"}]}`,
		},
		{
			Path: place + ":batchEmbedContents", InPath: true, Repeats: inBatch, Operation: "embeddings", Conversation: "requests", Lists: []string{"embeddings"}, UsageAt: usageAt, Estimate: wire.EstimateInput,
		},
	},
}

// place is what all paths begin with.
const place = "/models/{model}"

const (
	reasonsAt = "candidates.#.finishReason"
	usageAt   = "usageMetadata"
)

var stream = &wire.Stream{
	Reason: reasonsAt, Usage: []string{usageAt, "usage_metadata"}, Output: output, Alive: "\n", // Google's SDKs take a comment for the beginning of an event
	Convert: func(answer []byte, _ bool) ([][]byte, error) { return [][]byte{sse.Event(answer)}, nil },
}

// output reports whether a chunk, or a whole answer, says anything, and gives its text to the inspection.
func output(chunk []byte, i *wire.Inspection) (found bool) {
	gjson.GetBytes(chunk, "candidates").ForEach(func(_, candidate gjson.Result) bool {
		candidate.Get("content.parts").ForEach(func(_, part gjson.Result) bool {
			text := part.Get("text")
			if text.Type == gjson.String {
				i.Keep(text.Str)
			}
			found = found || text.Str != "" || saysMore(part)
			return true
		})
		return true
	})
	return found || gjson.GetBytes(chunk, "promptFeedback.blockReason").Str != ""
}

// saysMore reports whether a part says anything but text.
func saysMore(part gjson.Result) bool {
	for _, kind := range [...]string{"functionCall", "inlineData", "fileData", "executableCode", "codeExecutionResult"} {
		if part.Get(kind).IsObject() {
			return true
		}
	}
	return false
}

// isEmpty recognises an answer in which nothing is said.
func isEmpty(answer []byte) bool {
	return wire.EndedByItself(gjson.GetBytes(answer, reasonsAt)) && !output(answer, new(wire.Inspection))
}

// note notes how long answers may be, and how many there are to be.
func note(e *wire.Envelope, key, value []byte) {
	if string(key) != "generationConfig" && string(key) != "generation_config" {
		return
	}
	v := gjson.ParseBytes(value)
	e.Expect(codec.Either(v, "maxOutputTokens", "max_output_tokens").Int(), codec.Either(v, "candidateCount", "candidate_count").Int())
}

func estimated(tokens int64) []byte { return fmt.Appendf(nil, `{"totalTokens":%d}`, tokens) }

// inCount finds the model of the request that is to be counted.
func inCount(body []byte, found func(scan.Span) error) error {
	s := scan.New(body)
	s.Open()
	return s.Members(func(key []byte, value scan.Span) error {
		if string(key) == "generateContentRequest" || string(key) == "generate_content_request" {
			return inObject(body, value, found)
		}
		return nil
	})
}

// inBatch finds the model of each request that is to be embedded.
func inBatch(body []byte, found func(scan.Span) error) error {
	s := scan.New(body)
	s.Open()
	return s.Members(func(key []byte, value scan.Span) error {
		if string(key) != "requests" {
			return nil
		}
		each := scan.Inside(body, value)
		if !each.OpenArray() {
			return nil
		}
		return each.Elements(func(one scan.Span) error { return inObject(body, one, found) })
	})
}

func inObject(body []byte, at scan.Span, found func(scan.Span) error) error {
	s := scan.Inside(body, at)
	if !s.Open() {
		return nil
	}
	return s.Members(func(key []byte, value scan.Span) error {
		if string(key) == "model" {
			return found(value)
		}
		return nil
	}, "model")
}
