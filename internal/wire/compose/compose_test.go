package compose

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestADocument(t *testing.T) {
	t.Parallel()
	var d Doc
	d.Begin("", '{')
	d.Str("a", "x\ny")
	d.Begin("list", '[')
	d.Int("", -1)
	d.Begin("", '{')
	d.End('}')
	d.Bool("", true)
	d.Null("")
	d.Begin("", '[')
	d.End(']')
	d.End(']')
	d.Raw("raw", json.RawMessage("{\r\n \"k\": 1\n}"))
	d.Raw("none", nil)
	d.Str("", "")
	d.End('}')
	const want = `{"a":"x\ny","list":[-1,{},true,null,[]],"raw":{   "k": 1 },"none":null,""}`
	if string(d) != want {
		t.Errorf("got  %s\nwant %s", d, want)
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\r\t\x00\x1f\x7f", "é世界🙂", "\xff\xfe", "\u2028", "a\xc3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := String(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil || strings.ContainsAny(string(got), "\n\r") {
			t.Fatalf("%q gives %s: %v", s, got, err)
		}
		if utf8.ValidString(s) && back != s || !utf8.ValidString(s) && !strings.ContainsRune(back, utf8.RuneError) {
			t.Fatalf("%q comes back as %q", s, back)
		}
	})
}
