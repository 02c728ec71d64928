package wire

import "testing"

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
		`[{"finish_reason":"a","usage":{},"error":1}]`: {err: true, usage: true, finish: true},

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
