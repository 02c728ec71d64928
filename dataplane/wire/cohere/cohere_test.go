package cohere

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
)

func same(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ api, body, want string }{
		{dialect.Rerank, `{"model":"g","query":"q","documents":["a","b\n"],"top_n":2}`, `{"model":"m","query":"q","documents":["a","b\n"],"top_n":2}`},
		{
			dialect.Rerank, `{"model":"g","query":"q","documents":[{"text":"a","id":1},"b"],"return_documents":true,"max_chunks_per_doc":3,"top_n":null}`,
			`{"model":"m","query":"q","documents":["a","b"]}`,
		},
		{dialect.Rerank, `{"documents":[]}`, `{"model":"m","query":null,"documents":[]}`},
		{dialect.Embeddings, `{"model":"g","input":"a"}`, `{"model":"m","texts":["a"],"input_type":"search_document","embedding_types":["float"]}`},
		{
			dialect.Embeddings, `{"model":"g","input":["a","b"],"dimensions":256,"encoding_format":"base64","user":"u","input_type":"search_query","truncate":"NONE"}`,
			`{"model":"m","texts":["a","b"],"input_type":"search_query","embedding_types":["float"],"output_dimension":256,"truncate":"NONE"}`,
		},
	} {
		got, err := Shapes[tt.api].Request([]byte(tt.body), "m")
		if err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		same(t, tt.body, got, tt.want)
	}
	for _, tt := range []struct{ api, body, want string }{
		{dialect.Rerank, `{"documents":"a"}`, "must be an array"},
		{dialect.Rerank, `{"documents":["a",{"title":"b"}]}`, "ranks texts only"},
		{dialect.Rerank, `{"documents":[1]}`, "ranks texts only"},
		{dialect.Rerank, `{"documents":["a"],"rank_fields":["title"]}`, "ranks texts only"},
		{dialect.Embeddings, `{"input":[1,2]}`, "embeds texts only"},
		{dialect.Embeddings, `{"input":[[1,2]]}`, "embeds texts only"},
		{dialect.Embeddings, `{}`, "must be a string"},
	} {
		if got, err := Shapes[tt.api].Request([]byte(tt.body), "m"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %s, %v, want %s", tt.body, got, err, tt.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const ranked = `{"id":"x","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1},{"index":7,"relevance_score":0}],"meta":{"billed_units":{"search_units":1}}}`
	const embedded = `{"id":"x","embeddings":{"float":[[1,-0.5],[0.25,2]]},"texts":["a","b"],"meta":{"billed_units":{"input_tokens":12}}}`
	for _, tt := range []struct{ api, request, answer, want string }{
		{dialect.Rerank, `{"documents":["a","b"]}`, ranked, ranked},
		{
			dialect.Rerank, `{"documents":["a",{"text":"b"}],"return_documents":true}`, ranked,
			`{"id":"x","results":[{"index":1,"relevance_score":0.9,"document":{"text":"b"}},{"index":0,"relevance_score":0.1,"document":{"text":"a"}},{"index":7,"relevance_score":0}],"meta":{"billed_units":{"search_units":1}}}`,
		},
		{
			dialect.Embeddings, `{"input":["a","b"]}`, embedded,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-0.5]},{"object":"embedding","index":1,"embedding":[0.25,2]}],"model":"m","usage":{"prompt_tokens":12,"total_tokens":12}}`,
		},
		{
			dialect.Embeddings, `{"input":["a","b"],"encoding_format":"base64"}`, embedded,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAL8="},{"object":"embedding","index":1,"embedding":"AACAPgAAAEA="}],"model":"m","usage":{"prompt_tokens":12,"total_tokens":12}}`,
		},
	} {
		got, err := Shapes[tt.api].Answer([]byte(tt.request), []byte(tt.answer), "m")
		if err != nil {
			t.Errorf("%s: %v", tt.request, err)
			continue
		}
		same(t, tt.request, got, tt.want)
	}
	if got, err := Shapes[dialect.Embeddings].Answer(nil, []byte(`{"embeddings":{"int8":[[1]]}}`), "m"); err == nil {
		t.Errorf("got %s", got)
	}
}
