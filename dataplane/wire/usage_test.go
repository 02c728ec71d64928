package wire

import (
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestUsageOfEveryAPI(t *testing.T) {
	t.Parallel()
	type tokens struct{ in, cached, written, out int64 }
	tests := []struct {
		name, usage string
		want        tokens
	}{
		{"chat", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33,"prompt_tokens_details":{"cached_tokens":8}}`, tokens{24, 8, 0, 9}},
		{"DeepSeek", `{"prompt_tokens":24,"completion_tokens":9,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":16}`, tokens{24, 8, 0, 9}},
		{"Moonshot", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33,"cached_tokens":8}`, tokens{24, 8, 0, 9}},
		{"cached told twice", `{"prompt_tokens":24,"completion_tokens":9,"cached_tokens":8,"prompt_tokens_details":{"cached_tokens":0}}`, tokens{24, 8, 0, 9}},
		{"written to the cache", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":8,"cache_write_tokens":5}}`, tokens{24, 8, 5, 9}},
		{"written, under Anthropic's name", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":8,"cache_creation_input_tokens":5}}`, tokens{24, 8, 5, 9}},
		{"responses", `{"input_tokens":24,"input_tokens_details":{"cached_tokens":8},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4}}`, tokens{24, 8, 0, 9}},
		{"responses, written", `{"input_tokens":24,"input_tokens_details":{"cached_tokens":8,"cache_write_tokens":5},"output_tokens":9}`, tokens{24, 8, 5, 9}},
		{"Anthropic", `{"input_tokens":11,"cache_creation_input_tokens":5,"cache_read_input_tokens":8,"output_tokens":9}`, tokens{24, 8, 5, 9}},
		{"Anthropic, by life", `{"input_tokens":11,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":2},"cache_read_input_tokens":8,"output_tokens":9}`, tokens{24, 8, 5, 9}},
		{"Anthropic, written told twice", `{"input_tokens":11,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":0},"cache_read_input_tokens":8,"output_tokens":9}`, tokens{24, 8, 5, 9}},
		{"a total that counts the cache in", `{"input_tokens":24,"cache_read_input_tokens":8,"output_tokens":9,"total_tokens":33}`, tokens{24, 8, 0, 9}},
		{"a total that counts it beside", `{"prompt_tokens":16,"cache_read_input_tokens":8,"completion_tokens":9,"total_tokens":33}`, tokens{24, 8, 0, 9}},
		{"LiteLLM counts Anthropic's caches in", `{"prompt_tokens":24,"cache_creation_input_tokens":5,"cache_read_input_tokens":8,"completion_tokens":9}`, tokens{24, 8, 5, 9}},
		{"JavaScript's spelling", `{"promptTokens":24,"completionTokens":9,"totalTokens":33,"promptTokensDetails":{"cachedTokens":8}}`, tokens{24, 8, 0, 9}},
		{"JavaScript's spelling, input", `{"inputTokens":24,"outputTokens":9,"totalTokens":33,"cachedInputTokens":8}`, tokens{24, 8, 0, 9}},
		{"Bedrock", `{"inputTokens":11,"outputTokens":9,"totalTokens":33,"cacheReadInputTokens":8,"cacheWriteInputTokens":5}`, tokens{24, 8, 5, 9}},
		{"numbers as text", `{"prompt_tokens":"24","completion_tokens":"9","prompt_tokens_details":{"cached_tokens":"8"}}`, tokens{24, 8, 0, 9}},
		{"numbers with a point", `{"prompt_tokens":24.0,"completion_tokens":9.0}`, tokens{24, 0, 0, 9}},
		{"reasoning inside", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33,"completion_tokens_details":{"reasoning_tokens":8}}`, tokens{24, 0, 0, 9}},
		{"reasoning beside, xAI", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":73,"completion_tokens_details":{"reasoning_tokens":40}}`, tokens{24, 0, 0, 49}},
		{"reasoning beside, small", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":37,"completion_tokens_details":{"reasoning_tokens":4}}`, tokens{24, 0, 0, 13}},
		{"reasoning that only the total counts", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":73}`, tokens{24, 0, 0, 49}},
		{"more reasoning than output", `{"prompt_tokens":24,"completion_tokens":9,"reasoning_tokens":40}`, tokens{24, 0, 0, 49}},
		{"a total that fits nothing", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":99,"completion_tokens_details":{"reasoning_tokens":4}}`, tokens{24, 0, 0, 9}},
		{"a total that is too small", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":1}`, tokens{24, 0, 0, 9}},
		{"predicted tokens are output", `{"prompt_tokens":24,"completion_tokens":9,"completion_tokens_details":{"accepted_prediction_tokens":3,"rejected_prediction_tokens":2,"audio_tokens":1}}`, tokens{24, 0, 0, 9}},
		{"embeddings", `{"prompt_tokens":24,"total_tokens":24}`, tokens{in: 24}},
		{"only a total", `{"total_tokens":24}`, tokens{in: 24}},
		{"no output told", `{"prompt_tokens":24,"total_tokens":33}`, tokens{24, 0, 0, 9}},
		{"transcript", `{"type":"tokens","input_tokens":24,"input_token_details":{"text_tokens":0,"audio_tokens":24},"output_tokens":9}`, tokens{24, 0, 0, 9}},
		{"seconds", `{"type":"duration","seconds":27}`, tokens{}},
		{"zeros", `{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`, tokens{}},
		{"half absurd", `{"prompt_tokens":24,"completion_tokens":-1}`, tokens{in: 24}},
		{"more cached than there is", `{"prompt_tokens":4,"prompt_tokens_details":{"cached_tokens":8}}`, tokens{4, 4, 0, 0}},
		{"the first of two counts", `{"prompt_tokens":4,"prompt_tokens":8}`, tokens{in: 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := UsageOf(gjson.Parse(tt.usage))
			want := dataplane.Usage{Input: tt.want.in, CachedInput: tt.want.cached, CacheWrite: tt.want.written, Output: tt.want.out, Source: dataplane.UsageUpstream}
			if !ok || got != want {
				t.Fatalf("got %+v %v, want %+v", got, ok, want)
			}
		})
	}
}

func TestUsageThatSaysNothing(t *testing.T) {
	t.Parallel()
	for _, usage := range []string{
		``, `null`, `"many"`, `[]`, `7`, `{}`, `{"prompt_tokens":null,"completion_tokens":null,"total_tokens":null}`,
		`{"prompt_tokens":-5,"completion_tokens":1e300}`, `{"prompt_tokens":"many","completion_tokens":""}`,
		`{"prompt_tokens":{},"completion_tokens":[1]}`, `{"prompt_tokens":"NaN","completion_tokens":true}`,
		`{"prompt_tokens_details":{"cached_tokens":8}}`, `{"prompt_tokens_details":null}`,
	} {
		if got, ok := UsageOf(gjson.Parse(usage)); ok || got != (dataplane.Usage{}) {
			t.Errorf("%s: %+v %v", usage, got, ok)
		}
	}
}

func TestUsageInAPlainAnswer(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]int64{
		`{"usage":{"prompt_tokens":7}}`:                                           7,
		`{"choices":[{"index":0},{"usage":{"prompt_tokens":7}}]}`:                 7,
		`{"choices":[{"usage":{"prompt_tokens":7}}],"usage":{}}`:                  7,
		`{"choices":[{"usage":{"prompt_tokens":7}}],"usage":{"prompt_tokens":0}}`: 7,
		`{"choices":[{"usage":{"prompt_tokens":8}}],"usage":{"prompt_tokens":7}}`: 7,
		`{"choices":[{"usage":null}]}`:                                            0,
		`{"choices":"usage"}`:                                                     0,
	} {
		got := UsageIn([]byte(answer))
		if got.Input != want || (got.Source == dataplane.UsageUpstream) != (want > 0) {
			t.Errorf("%s: %+v", answer, got)
		}
	}
}
