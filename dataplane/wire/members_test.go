package wire

import (
	"strings"
	"testing"
)

func TestMembersOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]members{
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
		`{"finish_reason":null,"native_finish_reason":null}`:    {},
		`{"finish_reason":"stop","native_finish_reason":"end"}`: {finish: true, native: true},
		`{"alternative_finish_reason":"end"}`:                   {},
		`[{"finish_reason":"a","usage":{},"error":1}]`:          {err: true, usage: true, finish: true},

		`{"content":"hello"}`:                          {output: 5},
		"{\"content\" : \"hello\"}":                    {output: 5},
		`{"content":null,"role":"x"}`:                  {},
		`{"content":""}`:                               {},
		`{"content":"a\nb\"c\\"}`:                      {output: 6},
		`{"content":"\u00e9\u0416\u4f60\ud83d\ude00"}`: {output: 1 + 2 + 3 + 4},
		`{"content":"\u4f`:                             {output: 3},
		`{"content":"ab\`:                              {output: 3},
		`{"content":"\"error\": 1: \"usage\": {}"}`:    {output: 23},
		`{"text":"ab","reasoning":"abc"}`:              {output: 3},
		`{"input":{"a":["b",{"c":"d"}]},"name":"ab"}`:  {output: 6},
		`{"input":{"a":`:                               {output: 1},
		`{"discontent":"a"}`:                           {},
	} {
		if got := membersOf([]byte(text)); got != want {
			t.Errorf("membersOf(%s) = %+v, want %+v", text, got, want)
		}
	}
}

// What an event has does not depend on how the one before it began and ended.
func FuzzMembersOfEventsThatAreAlike(f *testing.F) {
	const chunk = `{"id":"x","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}],"usage":null}`
	for _, pair := range [][2]string{
		{strings.Replace(chunk, "%s", "one", 1), strings.Replace(chunk, "%s", "another", 1)},
		{chunk, strings.Replace(chunk, "null}", `"stop"}`, 1)},
		{chunk, strings.Replace(chunk, `"usage":null`, `"usage":{"a":1}`, 1)},
		{chunk, strings.Replace(chunk, `"x"`, `"y"`, 1)},
		{chunk, chunk[:40]},
		{chunk, `{"error":{"message":"no"}}`},
		{`{"usage":{},"delta":{"content":"a"}}`, `{"usage":null,"delta":{"content":"b"}}`},
		{`{"error":1,"choices":[],"delta":1}`, `{"error":1,"choices":[],"delta":"text"}`},
		{`{"content":"","delta":"ab"}`, `{"content":"","delta":"cd"}`},
		{`{"content":"a","delta":"ab"}`, `{"content":"a","delta":"cd"}`},
		{`{"choices":[{"delta":`, `{"choices":[{"delta":{"text":"a","reasoning":"abc"}}]}`},
		{`:"delta":`, `:"delta":"delta":`},
		{`{"content":"a","usage":{"b":1}}`, `{"error":1,"content":"b","usage":{"b":1}}`},
		{`{"content":"a","text":"abc","finish_reason":"stop"}`, `{"text":"ab","content":"b","text":"abc","finish_reason":"stop"}`},
		{`{"content":"a","reasoning":""}`, `{"reasoning":"abcdef","content":"b","reasoning":""}`},
		{`{"content":"a":1,"usage":{}`, `{"content":"error":1,"usage":{}`},
		{`{"content":"a",error":1}`, `{"content":"b",error":1}`},
		{`{"content":"","service_tier":"x","delta":"ab","choices":[1]}`, `{"content":"","service_tier":"x","delta":"cd","choices":[1]}`},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, before, text string) {
		var around frame
		for _, event := range []string{before, text, text, before} {
			if got, want := membersIn([]byte(event), nil, &around), membersOf([]byte(event)); got != want {
				t.Fatalf("%q after %q: %+v, want %+v", event, before, got, want)
			}
		}
	})
}

func BenchmarkMembersOfChunks(b *testing.B) {
	chunks := [2][]byte{}
	for i, word := range []string{"one", "another"} {
		chunks[i] = []byte(`{"id":"chatcmpl-123","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"` + word + `"},"logprobs":null,"finish_reason":null}]}`)
	}
	for name, around := range map[string]*frame{"alone": nil, "in a stream": {}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				membersIn(chunks[i%2], nil, around)
			}
		})
	}
}
