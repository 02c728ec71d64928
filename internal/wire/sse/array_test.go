package sse

import (
	"encoding/json"
	"strings"
	"testing"
)

// However a stream of events is cut, it becomes the same array.
func TestAnArrayOfEvents(t *testing.T) {
	t.Parallel()
	const stream = ": wait\n\ndata: {\"a\":1}\n\nevent: x\r\ndata: {\"b\":\r\ndata: \"é\"}\r\n\r\n: bye\ndata:{\"c\":[]}\n\ndata: [DONE]\n\n\n"
	const want = "[{\"a\":1},\r\n{\"b\":\n\"é\"},\r\n{\"c\":[]}\n]\n"
	for size := 1; size <= len(stream); size++ {
		var a Array
		var b strings.Builder
		for rest := stream; rest != ""; {
			n := min(size, len(rest))
			b.Write(a.Write([]byte(rest[:n])))
			rest = rest[n:]
		}
		b.Write(a.End())
		var got, expected []any
		if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
			t.Fatalf("%d bytes each: %v: %q", size, err, b.String())
		}
		if err := json.Unmarshal([]byte(want), &expected); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(got); string(again) != `[{"a":1},{"b":"é"},{"c":[]}]` {
			t.Errorf("%d bytes each: %q", size, b.String())
		}
	}
	var none Array
	if got := string(none.Write([]byte(": wait\n"))) + string(none.End()); got != "\n[]\n" {
		t.Errorf("an empty one is %q", got)
	}
}
