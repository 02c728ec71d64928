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
	} {
		if got := membersOf([]byte(text)); got != want {
			t.Errorf("membersOf(%s) = %+v, want %+v", text, got, want)
		}
	}
}
