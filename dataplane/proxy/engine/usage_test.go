package engine

import (
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

func TestUsageIsBelievedWhenItCanBeTrue(t *testing.T) {
	t.Parallel()
	upstream := func(in, out int64) dataplane.Usage {
		return dataplane.Usage{Input: in, Output: out, Source: dataplane.UsageUpstream}
	}
	estimated := func(in, out int64) dataplane.Usage {
		return dataplane.Usage{Input: in, Output: out, Source: dataplane.UsageEstimated}
	}
	none := dataplane.Usage{}
	tests := []struct {
		name     string
		estimate wire.Estimate
		told     dataplane.Usage
		output   int64 // bytes
		want     dataplane.Usage
	}{
		{"told", wire.EstimateBoth, upstream(24, 9), 40, upstream(24, 9)},
		{"told, much reasoning", wire.EstimateBoth, upstream(24, 9000), 40, upstream(24, 9000)},
		{"not told", wire.EstimateBoth, none, 41, estimated(10, 11)},
		{"not told, no output", wire.EstimateBoth, none, 0, estimated(10, 0)},
		{"zeros beside text", wire.EstimateBoth, upstream(0, 0), 40, estimated(10, 10)},
		{"zeros without output", wire.EstimateBoth, upstream(0, 0), 0, upstream(0, 0)},
		{"input without output", wire.EstimateBoth, upstream(24, 0), 0, upstream(24, 0)},
		{"no output beside text", wire.EstimateBoth, upstream(24, 0), 40, estimated(24, 10)},
		{"no input", wire.EstimateBoth, upstream(0, 9), 40, estimated(10, 9)},
		{"too few for so much text", wire.EstimateBoth, upstream(24, 1), 400, estimated(24, 100)},
		{"long tokens", wire.EstimateBoth, upstream(24, 1), longestToken, upstream(24, 1)},
		{"embeddings, told", wire.EstimateInput, upstream(24, 0), 0, upstream(24, 0)},
		{"embeddings, zeros", wire.EstimateInput, upstream(0, 0), 0, estimated(10, 0)},
		{"embeddings, not told", wire.EstimateInput, none, 0, estimated(10, 0)},
		{"images, not told", wire.EstimateNothing, none, 0, none},
		{"audio of seconds", wire.EstimateNothing, upstream(0, 0), 0, upstream(0, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := &Request{Endpoint: &wire.Endpoint{Estimate: tt.estimate}, Envelope: wire.Envelope{Prompt: 10}}
			if got := req.settle(tt.told, tt.output); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestUsageOfAPlainAnswerIsNotThatOfItsEnvelope(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 4000)
	for answer, want := range map[string]dataplane.Usage{
		`{"id":"chatcmpl-1","model":"m","choices":[{"message":{"content":"hello world"}}]}`:                                       {Input: 10, Output: 3, Source: dataplane.UsageEstimated},
		`{"choices":[{"message":{"content":"hello world"}}],"usage":{"prompt_tokens":0,"completion_tokens":0}}`:                   {Input: 10, Output: 3, Source: dataplane.UsageEstimated},
		`{"choices":[{"message":{"content":""}}],"usage":{"prompt_tokens":0,"completion_tokens":0}}`:                              {Source: dataplane.UsageUpstream},
		`{"choices":[{"message":{"content":"hello world"}}],"usage":{"prompt_tokens":24,"completion_tokens":9}}`:                  {Input: 24, Output: 9, Source: dataplane.UsageUpstream},
		`{"choices":[{"message":{"content":"` + long + `"}}],"usage":{"prompt_tokens":24,"completion_tokens":1}}`:                 {Input: 24, Output: 5000, Source: dataplane.UsageEstimated},
		`{"choices":[{"message":{"content":"hi"},"logprobs":"` + long + `"}],"usage":{"prompt_tokens":24,"completion_tokens":1}}`: {Input: 24, Output: 1, Source: dataplane.UsageUpstream},
	} {
		endpoint := &wire.Endpoint{Lists: []string{"choices"}, Estimate: wire.EstimateBoth}
		a := &attempt{outgoing: outgoing{endpoint: endpoint}, call: &call{req: &Request{Endpoint: endpoint, Envelope: wire.Envelope{Prompt: 10}}}}
		doc, valid := scan.Read([]byte(answer))
		if got := a.settlePlain(&doc); !valid || got != want {
			t.Errorf("%.120s: got %+v, want %+v", answer, got, want)
		}
	}
}
