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
		{"Google's tools and thoughts", `{"promptTokenCount":10,"toolUsePromptTokenCount":1000,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":1018}`, tokens{1010, 0, 0, 8}},
		{"Google's tools", `{"promptTokenCount":10,"toolUsePromptTokenCount":1000,"candidatesTokenCount":5,"totalTokenCount":1015}`, tokens{1010, 0, 0, 5}},
		{"Google's thoughts, no total", `{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3}`, tokens{10, 0, 0, 8}},
		{"Google's thoughts alone", `{"promptTokenCount":10,"thoughtsTokenCount":90,"totalTokenCount":100}`, tokens{10, 0, 0, 90}},
		{"Google's total with what nobody told", `{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":99}`, tokens{10, 0, 0, 8}},
		{"embeddings", `{"prompt_tokens":24,"total_tokens":24}`, tokens{in: 24}},
		{"only a total", `{"total_tokens":24}`, tokens{in: 24}},
		{"no output told", `{"prompt_tokens":24,"total_tokens":33}`, tokens{24, 0, 0, 9}},
		{"transcript", `{"type":"tokens","input_tokens":24,"input_token_details":{"text_tokens":0,"audio_tokens":24},"output_tokens":9}`, tokens{24, 0, 0, 9}},
		{"seconds", `{"type":"duration","seconds":27}`, tokens{}},
		{"zeros", `{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`, tokens{}},
		{"half absurd", `{"prompt_tokens":24,"completion_tokens":-1}`, tokens{in: 24}},
		{"more cached than there is", `{"prompt_tokens":4,"prompt_tokens_details":{"cached_tokens":8}}`, tokens{4, 4, 0, 0}},
		{"one of two names is 0", `{"prompt_tokens":0,"completion_tokens":0,"input_tokens":24,"output_tokens":9,"total_tokens":33}`, tokens{24, 0, 0, 9}},
		{"counts in full", `{"input_token_count":24,"generated_token_count":9}`, tokens{24, 0, 0, 9}},
		{"llama.cpp's timings", `{"cache_n":8,"prompt_n":16,"prompt_ms":30.958,"predicted_n":9,"predicted_per_second":52.9}`, tokens{24, 8, 0, 9}},
		{"llama.cpp's timings, all from the cache but one", `{"cache_n":236,"prompt_n":1,"predicted_n":35}`, tokens{237, 236, 0, 35}},
		{"Bedrock's metrics of a stream", `{"inputTokenCount":11,"outputTokenCount":9,"invocationLatency":812,"firstByteLatency":401,"cacheReadInputTokenCount":8,"cacheWriteInputTokenCount":5}`, tokens{24, 8, 5, 9}},
		{"TGI's details", `{"finish_reason":"length","generated_tokens":9,"prefill":[{"id":1},{"id":2},{"id":3}],"tokens":[]}`, tokens{3, 0, 0, 9}},
		{"cached prompt tokens", `{"prompt_tokens":24,"completion_tokens":9,"cached_prompt_tokens":8}`, tokens{24, 8, 0, 9}},
		{"read from the cache, in the details", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"cache_read_tokens":8}}`, tokens{24, 8, 0, 9}},
		{"the same under Anthropic's name", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"cache_read_input_tokens":8}}`, tokens{24, 8, 0, 9}},
		{"the first of two counts", `{"prompt_tokens":4,"prompt_tokens":8}`, tokens{in: 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := UsageOf(gjson.Parse(tt.usage))
			read := tokens{got.Input, got.CachedInput, got.CacheWrite, got.Output}
			if !ok || read != tt.want || got.Source != dataplane.UsageUpstream {
				t.Fatalf("got %+v %v, want %+v", got, ok, tt.want)
			}
		})
	}
}

// What the tokens are tells what they cost.
func TestUsageTellsKindsOfTokensApart(t *testing.T) {
	t.Parallel()
	upstream := func(u dataplane.Usage) dataplane.Usage {
		u.Source = dataplane.UsageUpstream
		return u
	}
	for _, tt := range []struct {
		name, usage string
		want        dataplane.Usage
	}{
		{"reasoning", `{"prompt_tokens":24,"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":4}}`, dataplane.Usage{Input: 24, Output: 9, Reasoning: 4}},
		{"reasoning beside", `{"prompt_tokens":24,"completion_tokens":9,"reasoning_tokens":40}`, dataplane.Usage{Input: 24, Output: 49, Reasoning: 40}},
		{"thinking", `{"input_tokens":24,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}`, dataplane.Usage{Input: 24, Output: 9, Reasoning: 4}},
		{"audio", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"audio_tokens":10,"cached_tokens":8},"completion_tokens_details":{"audio_tokens":7}}`,
			dataplane.Usage{Input: 24, CachedInput: 8, Output: 9, AudioInput: 10, AudioOutput: 7}},
		{"audio from the cache, told", `{"input_tokens":24,"output_tokens":9,"input_token_details":{"audio_tokens":10,"cached_tokens":8,"cached_tokens_details":{"audio_tokens":6,"text_tokens":2}}}`,
			dataplane.Usage{Input: 24, CachedInput: 8, Output: 9, AudioInput: 10, CachedAudio: 6}},
		{"audio from the cache, as it must be", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"audio_tokens":20,"cached_tokens":10}}`,
			dataplane.Usage{Input: 24, CachedInput: 10, Output: 9, AudioInput: 20, CachedAudio: 6}},
		{"images and audio from the cache, as it must be", `{"prompt_tokens":24,"prompt_tokens_details":{"audio_tokens":4,"image_tokens":16,"cached_tokens":20}}`,
			dataplane.Usage{Input: 24, CachedInput: 20, AudioInput: 4, CachedAudio: 4, ImageInput: 16, CachedImage: 12}},
		{"Google's kinds", `{"promptTokenCount":50,"candidatesTokenCount":40,"totalTokenCount":96,"toolUsePromptTokenCount":6,"cachedContentTokenCount":12,"promptTokensDetails":[{"modality":"TEXT","tokenCount":20},{"modality":"AUDIO","tokenCount":10},{"modality":"AUDIO","tokenCount":5},{"modality":"IMAGE","tokenCount":15}],
			"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":7},{"modality":"TEXT","tokenCount":5}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":30},{"modality":"AUDIO","tokenCount":2}],"toolUsePromptTokensDetails":[{"modality":"IMAGE","tokenCount":4}]}`,
			dataplane.Usage{Input: 56, CachedInput: 12, Output: 40, AudioInput: 15, ImageInput: 19, CachedAudio: 7, AudioOutput: 2, ImageOutput: 30}},
		{"Google's thoughts", `{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":18,"promptTokensDetails":[7,{"modality":"AUDIO"},{"modality":"AUDIO","tokenCount":-1}],"candidatesTokensDetails":[]}`,
			dataplane.Usage{Input: 10, Output: 8, Reasoning: 3}},
		{"images", `{"input_tokens":50,"output_tokens":40,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"image_tokens":30,"text_tokens":10}}`,
			dataplane.Usage{Input: 50, Output: 40, ImageInput: 40, ImageOutput: 30}},
		{"more than there is", `{"prompt_tokens":5,"completion_tokens":3,"prompt_tokens_details":{"audio_tokens":7,"image_tokens":9},"completion_tokens_details":{"audio_tokens":2,"image_tokens":9,"reasoning_tokens":1}}`,
			dataplane.Usage{Input: 5, Output: 3, AudioInput: 5, AudioOutput: 2, ImageOutput: 1}},
		{"an hour", `{"input_tokens":11,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":2},"output_tokens":9}`,
			dataplane.Usage{Input: 16, CacheWrite: 5, CacheWrite1hr: 2, Output: 9}},
		{"an hour, in the details", `{"prompt_tokens":24,"completion_tokens":9,"prompt_tokens_details":{"cache_creation":{"ephemeral_1h_input_tokens":2},"cache_creation_input_tokens":5}}`,
			dataplane.Usage{Input: 24, CacheWrite: 5, CacheWrite1hr: 2, Output: 9}},
		{"seconds", `{"type":"duration","seconds":27.25}`, dataplane.Usage{AudioMS: 27250}},
		{"seconds at Mistral", `{"prompt_audio_seconds":20,"prompt_tokens":4,"completion_tokens":9,"total_tokens":13}`, dataplane.Usage{Input: 4, Output: 9, AudioMS: 20000}},
		{"seconds that are none", `{"prompt_audio_seconds":null,"prompt_tokens":4,"completion_tokens":9}`, dataplane.Usage{Input: 4, Output: 9}},
		{"Cohere", `{"billed_units":{"input_tokens":24,"output_tokens":9},"tokens":{"input_tokens":90,"output_tokens":12}}`, dataplane.Usage{Input: 24, Output: 9}},
		{"Cohere's searches", `{"billed_units":{"search_units":3}}`, dataplane.Usage{BilledUnits: 3}},
		{"service tier", `{"input_tokens":24,"output_tokens":9,"service_tier":"Priority"}`, dataplane.Usage{Input: 24, Output: 9, ServiceTier: "priority"}},
		{"the usual one", `{"input_tokens":24,"output_tokens":9,"service_tier":"standard"}`, dataplane.Usage{Input: 24, Output: 9}},
		{"no name of one", `{"input_tokens":24,"output_tokens":9,"service_tier":"a b"}`, dataplane.Usage{Input: 24, Output: 9}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := UsageOf(gjson.Parse(tt.usage)); !ok || got != upstream(tt.want) {
				t.Errorf("got %+v %v, want %+v", got, ok, upstream(tt.want))
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
		got := (&Endpoint{}).Usage([]byte(answer))
		if got.Input != want || (got.Source == dataplane.UsageUpstream) != (want > 0) {
			t.Errorf("%s: %+v", answer, got)
		}
	}
}

// Half a number is another number: of an answer that is cut anywhere, what was told is whole or was not told.
func TestUsageOfAnAnswerThatIsCut(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{"id":"a","usage":{"prompt_tokens":1234,"completion_tokens":5678,"prompt_tokens_details":{"cached_tokens":999}}}`,
		`{"id":"a","usage":{"prompt_tokens":"1234","completion_tokens":"5678","prompt_tokens_details":{"cached_tokens":"999"}}}`,
		`{"id":"a","usage":{"billed_units":{"output_tokens":5678,"input_tokens":1234},"cached_tokens":999}}`,
		`{"id":"a","usage":{"candidatesTokenCount":5678,"promptTokenCount":1234,"cachedContentTokenCount":999,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":321}]}}`,
	} {
		for at := range answer {
			var end Tail
			_, _ = end.Write([]byte(answer[:at]))
			last, _ := end.Usage()
			for _, got := range []dataplane.Usage{(&Endpoint{}).Usage([]byte(answer[:at])), last} {
				if got.Input != 0 && got.Input != 1234 || got.Output != 0 && got.Output != 5678 || got.CachedInput != 0 && got.CachedInput != 999 || got.AudioInput != 0 && got.AudioInput != 321 {
					t.Errorf("%s: %+v", answer[:at], got)
				}
			}
		}
		if got := (&Endpoint{}).Usage([]byte(answer)); got.Input != 1234 || got.Output != 5678 || got.CachedInput != 999 {
			t.Errorf("%s: %+v", answer, got)
		}
	}
}
