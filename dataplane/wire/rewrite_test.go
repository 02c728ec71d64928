package wire

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		object  string
		members []string
		want    string
	}{
		"replaced where it is":  {`{"a":1, "b":"x","c":[ 1]}`, []string{"b", `null`}, `{"a":1,"b":null,"c":[ 1]}`},
		"added at the end":      {`{"a":1}`, []string{"b", `2`, "c", `{}`}, `{"a":1,"b":2,"c":{}}`},
		"to nothing":            {`{}`, []string{"a", `1`}, `{"a":1}`},
		"nothing":               {`{}`, nil, `{}`},
		"no object":             {``, []string{"a", `1`}, `{"a":1}`},
		"a key with escapes":    {`{"\u0061":1}`, []string{"a", `2`}, `{"\u0061":2}`},
		"twice there, both set": {`{"a":1,"a":2}`, []string{"a", `3`}, `{"a":3,"a":3}`},
	} {
		if got := string(With(gjson.Parse(c.object), c.members...)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestNamedIsOneEvent(t *testing.T) {
	t.Parallel()
	got := string(Named("a.b", "n", "1", "doc", "{\n \"x\":\r\n1}"))
	if want := "event: a.b\ndata: {\"type\":\"a.b\",\"n\":1,\"doc\":{  \"x\":  1}}\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
