package chat

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

func BenchmarkChunk(b *testing.B) {
	event := []byte(`data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[` +
		`{"index":0,"delta":{"content":"word "},"logprobs":null,"finish_reason":null}],"usage":null,"service_tier":"default","system_fingerprint":"fp_1"}` + "\n\n")
	view := wire.Inspection{Meaningful: true, Stream: Stream("chat.completion.chunk")}
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		view.See(event, true)
	}
}
