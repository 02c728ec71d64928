package remote

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Model is one model that a provider lists.
type Model struct {
	ID            string
	ContextWindow int64          // tokens; 0 is unknown
	Price         *adminv1.Price // nil is unknown
	LeftOut       []string       // prices that cannot be said here, by their names
}

// list is one page.
type list struct {
	models []Model
	next   *next // nil on the last page
}

// next is where the list goes on: these parameters, or a URL of the same server.
type next struct {
	parameters map[string]string
	url        string
}

const (
	maxID     = 256 // bytes, as Model.id says
	maxTokens = 1_000_000_000
)

// parse reads the shapes in which providers list their models: {"data": [...]} as OpenAI
// does, {"models": [...]} as Ollama does, or the array alone as Together does; each a
// string or an object with an id or a name. Valid JSON is taken for granted.
func parse(data []byte) (*list, error) {
	doc := gjson.ParseBytes(data)
	items := doc
	if !doc.IsArray() {
		items = doc.Get("data")
		if !items.IsArray() {
			items = doc.Get("models")
		}
	}
	if !items.IsArray() {
		if doc.Get("error").Exists() {
			return nil, fault(kindAnswer, "it answers with an error in place of a list of models")
		}
		return nil, fault(kindAnswer, "its answer is JSON but no list of models")
	}
	found := &list{}
	unusable := 0
	items.ForEach(func(_, item gjson.Result) bool {
		if m, ok := readModel(item); ok {
			found.models = append(found.models, m)
		} else {
			unusable++
		}
		return true
	})
	if len(found.models) == 0 && unusable > 0 {
		return nil, fault(kindAnswer, "its list holds no model with an id")
	}
	var err error
	found.next, err = readNext(doc)
	return found, err
}

// cursors are the names under which providers give the next page's token, and take it:
// Cohere and Google.
var cursors = []struct{ given, taken string }{{"next_page_token", "page_token"}, {"nextPageToken", "pageToken"}}

// moreSigns are where a page may say that it is not the last one, in whatever form.
var moreSigns = []string{"has_more", "hasMore", "pagination.has_more", "pagination.next", "next", "nextLink", "next_page_token", "nextPageToken"}

// saysMore reports whether a value is anything but a way to say no.
func saysMore(v gjson.Result) bool {
	switch v.Type {
	case gjson.Null, gjson.False:
		return false
	case gjson.String:
		return v.Str != "" && v.Str != "false"
	case gjson.Number:
		return v.Num != 0
	}
	return v.Raw != "{}" && v.Raw != "[]"
}

// readNext reads how a page says that more follow. One that says so and does not say how to get them
// is refused: models that are missing must not pass for models that are gone.
func readNext(doc gjson.Result) (*next, error) {
	for _, c := range cursors {
		if token := doc.Get(c.given); token.Type == gjson.String && token.Str != "" {
			return &next{parameters: map[string]string{c.taken: token.Str}}, nil
		}
	}
	for _, name := range []string{"next", "nextLink"} {
		if u := doc.Get(name); u.Type == gjson.String && u.Str != "" {
			return &next{url: u.Str}, nil
		}
	}
	if !slices.ContainsFunc(moreSigns, func(name string) bool { return saysMore(doc.Get(name)) }) {
		return nil, nil
	}
	if last := doc.Get("last_id"); last.Type == gjson.String && last.Str != "" {
		return &next{parameters: map[string]string{"after_id": last.Str}}, nil
	}
	return nil, fault(kindAnswer, "its list of models is incomplete: it says that there are more and not how to get them")
}

func readModel(item gjson.Result) (Model, bool) {
	m := Model{ID: item.Str}
	if item.IsObject() {
		for _, name := range []string{"id", "name", "model"} {
			if v := item.Get(name); v.Type == gjson.String && v.Str != "" {
				m.ID = v.Str
				break
			}
		}
		if !item.Get("id").Exists() { // Gemini's own list names resources: models/gemini-2.5-flash
			m.ID = strings.TrimPrefix(m.ID, "models/")
		}
		m.ContextWindow = contextWindow(item)
		m.Price = price(item)
		m.LeftOut = leftOut(item.Get("pricing"))
	}
	return m, usable(m.ID)
}

// usable reports whether an id can be a model's.
func usable(id string) bool {
	return id != "" && len(id) <= maxID && utf8.ValidString(id) && plaintext.IsPlain(id)
}

// contextWindow reads what OpenRouter, Together, Groq, Mistral, vLLM and Gemini call it.
func contextWindow(item gjson.Result) int64 {
	for _, name := range []string{"context_length", "context_window", "max_context_length", "max_model_len", "inputTokenLimit", "top_provider.context_length"} {
		if n := item.Get(name); n.Type == gjson.Number && n.Num >= 1 && n.Num <= maxTokens {
			return int64(n.Num)
		}
	}
	return 0
}

// price reads OpenRouter's pricing, in USD per token, and Together's, in USD per million.
func price(item gjson.Result) *adminv1.Price {
	pricing := item.Get("pricing")
	p := &adminv1.Price{}
	var input, output, cached gjson.Result
	unit := int64(1)
	if prompt := pricing.Get("prompt"); prompt.Exists() {
		input, output, cached, unit = prompt, pricing.Get("completion"), pricing.Get("input_cache_read"), 1_000_000
	} else {
		input, output, cached = pricing.Get("input"), pricing.Get("output"), pricing.Get("cached_input")
	}
	var in, out bool
	p.Input, in = controlplane.PriceFrom(number(input), unit)
	p.Output, out = controlplane.PriceFrom(number(output), unit)
	if !in && !out {
		return nil
	}
	if unit == 1 && p.GetInput() == "0" && p.GetOutput() == "0" {
		return nil // Together's way to say that a model is billed otherwise
	}
	if c, ok := controlplane.PriceFrom(number(cached), unit); ok && c != "0" {
		p.CachedInput = c // OpenRouter's 0 says that there is no cache
	}
	for _, kind := range kinds {
		r := controlplane.FindRate(kind.rate)
		if amount, ok := r.From(number(pricing.Get(kind.name)), unit); ok && amount != "0" {
			r.Set(p, amount)
		}
	}
	if request, ok := controlplane.PriceFrom(number(pricing.Get("request")), 1); ok && request != "0" {
		p.PerCall = request
	}
	return p
}

// kinds are OpenRouter's prices of tokens that are special.
var kinds = []struct{ name, rate string }{
	{"internal_reasoning", "reasoning"}, {"audio", "audio_input"}, {"input_audio_cache", "cached_audio_input"}, {"audio_output", "audio_output"},
	{"image_token", "image_input"}, {"image_output", "image_output"},
	{"input_cache_write", "cache_write"}, {"input_cache_write_1h", "cache_write_1hr"},
}

// leftOut names the prices that are not taken over: of an image in the prompt, of a search.
func leftOut(pricing gjson.Result) (names []string) {
	taken := []string{"prompt", "completion", "input", "output", "cached_input", "input_cache_read", "request", "discount"}
	for _, kind := range kinds {
		taken = append(taken, kind.name)
	}
	pricing.ForEach(func(key, value gjson.Result) bool {
		amount := value.Num
		if value.Type == gjson.String {
			amount, _ = strconv.ParseFloat(value.Str, 64) // 0 for what is no number
		}
		if amount > 0 && !slices.Contains(taken, key.Str) && len(names) < maxLeftOut && len(key.Str) <= 64 {
			names = append(names, key.Str)
		}
		return true
	})
	return names
}

// maxLeftOut bounds how many prices of a model are named that are not taken over.
const maxLeftOut = 20

// number gives the text of a number, as it stands or in quotes.
func number(v gjson.Result) string {
	switch v.Type {
	case gjson.Number:
		return v.Raw
	case gjson.String:
		return v.Str
	}
	return ""
}
