package proxy

import "testing"

func TestKeysOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]keys{
		``:                                {},
		`:`:                               {},
		`{"error":null}`:                  {err: true},
		`{"a":{"error" : {}}}`:            {err: true},
		`"error":1`:                       {err: true},
		`{"a":"error"}`:                   {},
		`{"terror":1}`:                    {},
		`{"a":"say \"error\": no"}`:       {},
		`{"a":"say \\\"error\\\": no"}`:   {},
		`{"usage":null}`:                  {},
		"{\"usage\"\t:\r\n {\"a\":1}}":    {usage: true},
		`{"usage":null,"x":{"usage":{}}}`: {usage: true},
		`{"finish_reason":null}`:          {},
		`{"finish_reason": "stop"}`:       {finish: true},
		`{"finish_reason":`:               {},
		`[{"finish_reason":"a","usage":{},"error":1}]`: {err: true, usage: true, finish: true},
	} {
		if got := keysOf([]byte(text)); got != want {
			t.Errorf("keysOf(%s) = %+v, want %+v", text, got, want)
		}
	}
}

func BenchmarkChunk(b *testing.B) {
	event := []byte(`data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[` +
		`{"index":0,"delta":{"content":"word "},"logprobs":null,"finish_reason":null}],"usage":null,"service_tier":"default","system_fingerprint":"fp_1"}` + "\n\n")
	view := streamView{meaningful: true, kind: &streamKind{}}
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		view.see(event, true)
	}
}
