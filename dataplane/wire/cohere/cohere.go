// Package cohere puts requests and answers of /rerank and /embeddings into the shape of Cohere's v2
// API, and back. It is pure: it knows no call and no attempt.
package cohere

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Shapes are both, by API.
var Shapes = map[string]wire.Shape{
	dialect.Rerank:     {Request: rerankRequest, Answer: rerankAnswer},
	dialect.Embeddings: {Request: embedRequest, Answer: embedAnswer},
}

func refused(param, text string) error { return &scan.Error{Param: param, Message: text} }

// rerankRequest writes documents as texts. What v2 does not have is left out, and what would change
// the ranking is refused.
func rerankRequest(body []byte, model string) ([]byte, error) {
	doc := gjson.ParseBytes(body)
	texts, err := documents(doc.Get("documents"))
	if err != nil {
		return nil, err
	}
	if fields := doc.Get("rank_fields"); fields.IsArray() && len(fields.Array()) > 0 {
		return nil, refused("rank_fields", "the provider ranks texts only")
	}
	out := map[string]any{"model": model, "query": raw(doc.Get("query")), "documents": texts}
	for _, name := range []string{"top_n", "max_tokens_per_doc", "priority"} {
		if v := doc.Get(name); v.Exists() && v.Type != gjson.Null {
			out[name] = raw(v)
		}
	}
	return json.Marshal(out)
}

// documents are texts, or objects that hold one.
func documents(all gjson.Result) ([]string, error) {
	if !all.IsArray() {
		return nil, refused("documents", "documents must be an array")
	}
	texts := []string{}
	var err error
	all.ForEach(func(_, d gjson.Result) bool {
		text := d
		if d.IsObject() {
			text = d.Get("text")
		}
		if text.Type != gjson.String {
			err = refused("documents", "the provider ranks texts only: a document is neither a string nor an object with a text")
			return false
		}
		texts = append(texts, text.Str)
		return true
	})
	return texts, err
}

// rerankAnswer adds the documents if they were asked for.
func rerankAnswer(request, answer []byte, model string) ([]byte, error) {
	asked := gjson.ParseBytes(request)
	if !asked.Get("return_documents").Bool() {
		return answer, nil
	}
	texts, err := documents(asked.Get("documents"))
	if err != nil {
		return nil, err
	}
	doc := gjson.ParseBytes(answer)
	results := []json.RawMessage{}
	doc.Get("results").ForEach(func(_, r gjson.Result) bool {
		if at := r.Get("index"); at.Type == gjson.Number && at.Int() >= 0 && at.Int() < int64(len(texts)) {
			text, _ := json.Marshal(map[string]string{"text": texts[at.Int()]}) // text can always be written
			r = gjson.ParseBytes(wire.With(r, "document", string(text)))
		}
		results = append(results, json.RawMessage(r.Raw))
		return true
	})
	list, err := json.Marshal(results)
	if err != nil {
		return nil, err
	}
	return wire.With(doc, "results", string(list)), nil
}

// embedRequest writes input as texts. Cohere wants to know what the vectors are for: a client says it
// with input_type, else they are taken for those of documents that are to be searched.
func embedRequest(body []byte, model string) ([]byte, error) {
	doc := gjson.ParseBytes(body)
	input := doc.Get("input")
	var texts []string
	switch {
	case input.Type == gjson.String:
		texts = []string{input.Str}
	case input.IsArray():
		for _, one := range input.Array() {
			if one.Type != gjson.String {
				return nil, refused("input", "the provider embeds texts only: tokens of OpenAI's mean nothing to it")
			}
			texts = append(texts, one.Str)
		}
	default:
		return nil, refused("input", "input must be a string or an array of strings")
	}
	out := map[string]any{"model": model, "texts": texts, "input_type": "search_document", "embedding_types": []string{"float"}}
	for theirs, ours := range map[string]string{"input_type": "input_type", "output_dimension": "dimensions", "truncate": "truncate", "max_tokens": "max_tokens"} {
		if v := doc.Get(ours); v.Exists() && v.Type != gjson.Null {
			out[theirs] = raw(v)
		}
	}
	return json.Marshal(out)
}

// embedAnswer is OpenAI's list of vectors, in the encoding that was asked for.
func embedAnswer(request, answer []byte, model string) ([]byte, error) {
	doc := gjson.ParseBytes(answer)
	vectors := doc.Get("embeddings.float")
	if !vectors.IsArray() {
		return nil, refused("", "the answer has no embeddings.float")
	}
	packed := gjson.GetBytes(request, "encoding_format").Str == "base64"
	b := []byte(`{"object":"list","data":[`)
	for i, vector := range vectors.Array() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"object":"embedding","index":`...)
		b = append(strconv.AppendInt(b, int64(i), 10), `,"embedding":`...)
		if packed {
			b = append(b, '"')
			b = base64.StdEncoding.AppendEncode(b, pack(vector))
			b = append(b, '"')
		} else {
			b = append(b, vector.Raw...)
		}
		b = append(b, '}')
	}
	name, err := json.Marshal(model)
	if err != nil {
		return nil, err
	}
	tokens := strconv.FormatInt(max(doc.Get("meta.billed_units.input_tokens").Int(), 0), 10)
	b = append(append(b, `],"model":`...), name...)
	return append(b, `,"usage":{"prompt_tokens":`+tokens+`,"total_tokens":`+tokens+`}}`...), nil
}

// pack is a vector as OpenAI packs it: 32-bit floats, the lowest byte first.
func pack(vector gjson.Result) (b []byte) {
	vector.ForEach(func(_, n gjson.Result) bool {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(n.Num)))
		return true
	})
	return b
}

func raw(v gjson.Result) json.RawMessage {
	if !v.Exists() {
		return json.RawMessage("null")
	}
	return json.RawMessage(v.Raw)
}
