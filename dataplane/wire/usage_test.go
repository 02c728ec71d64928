package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

func TestUsageOfEveryAPI(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, usage     string
		in, cached, out int64
		none            bool
	}{
		{"chat", `{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33,"prompt_tokens_details":{"cached_tokens":8}}`, 24, 8, 9, false},
		{"DeepSeek", `{"prompt_tokens":24,"completion_tokens":9,"prompt_cache_hit_tokens":8}`, 24, 8, 9, false},
		{"responses", `{"input_tokens":24,"input_tokens_details":{"cached_tokens":8},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4}}`, 24, 8, 9, false},
		{"Anthropic", `{"input_tokens":11,"cache_creation_input_tokens":5,"cache_read_input_tokens":8,"output_tokens":9}`, 24, 8, 9, false},
		{"LiteLLM counts Anthropic's caches in", `{"prompt_tokens":24,"cache_creation_input_tokens":5,"cache_read_input_tokens":8,"completion_tokens":9}`, 24, 8, 9, false},
		{"embeddings", `{"prompt_tokens":24,"total_tokens":24}`, 24, 0, 0, false},
		{"only a total", `{"total_tokens":24}`, 24, 0, 0, false},
		{"transcript", `{"type":"tokens","input_tokens":24,"input_token_details":{"text_tokens":0,"audio_tokens":24},"output_tokens":9}`, 24, 0, 9, false},
		{"seconds", `{"type":"duration","seconds":27}`, 0, 0, 0, false},
		{"absurd", `{"prompt_tokens":-5,"completion_tokens":1e300}`, 0, 0, 0, false},
		{"more cached than there is", `{"prompt_tokens":4,"prompt_tokens_details":{"cached_tokens":8}}`, 4, 4, 0, false},
		{"null", `null`, 0, 0, 0, true},
		{"text", `"many"`, 0, 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := UsageOf(gjson.Parse(tt.usage))
			if ok == tt.none {
				t.Fatalf("found: %v", ok)
			}
			want := dataplane.Usage{Input: tt.in, CachedInput: tt.cached, Output: tt.out}
			if strings.Contains(tt.usage, `"cache_creation_input_tokens":5`) {
				want.CacheWrite = 5
			}
			if !tt.none {
				want.Source = dataplane.UsageUpstream
			}
			if got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestUsageAtTheEndOfALongAnswer(t *testing.T) {
	t.Parallel()
	text := `{"data":["` + strings.Repeat(`\"usage\":{\"input_tokens\":1}`, 1000) + `"], "usage" : {"prompt_tokens":7,"total_tokens":7}}`
	for _, piece := range []int{1, 100, tailBytes - 1, tailBytes + 1, len(text)} {
		var end Tail
		for rest := []byte(text); len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := end.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if len(end.kept) > tailBytes || !bytes.HasSuffix([]byte(text), end.kept) {
			t.Fatalf("in pieces of %d: kept %d bytes", piece, len(end.kept))
		}
		if got, ok := end.Usage(); !ok || got.Input != 7 {
			t.Errorf("in pieces of %d: usage %+v %v", piece, got, ok)
		}
	}
}
