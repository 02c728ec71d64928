package expect

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

func TestMembersAndElements(t *testing.T) {
	t.Parallel()
	doc := gjson.Parse(" {\"a\" : \"x\\n\\u00e9\\ud83d\\ude42\", \"k\\\"ey\":[1, -2.5e3 ,true,false,null,{\"n\":[]}],\n\"o\":{\"a\":{\"b\":\"deep\"}},\"last\":7 } ")
	var keys []string
	ForEach(doc, func(key string, v gjson.Result) bool {
		keys = append(keys, key+"="+v.Raw)
		return key != "o"
	})
	if got, want := len(keys), 3; got != want || keys[1] != `k"ey=[1, -2.5e3 ,true,false,null,{"n":[]}]` || keys[2] != `o={"a":{"b":"deep"}}` {
		t.Errorf("members %q", keys)
	}
	if got := Get(doc, "a").Str; got != "x\né🙂" {
		t.Errorf("text %q", got)
	}
	if got := Get(doc, "o", "a", "b").Str; got != "deep" {
		t.Errorf("path %q", got)
	}
	if got := Get(doc, "last"); got.Int() != 7 || got.Raw != "7" {
		t.Errorf("last %+v", got)
	}
	for _, names := range [][]string{{"none"}, {"last", "a"}, {"o", "x", "b"}, {"a", "a"}} {
		if got := Get(doc, names...); got.Exists() {
			t.Errorf("%q gives %+v", names, got)
		}
	}
	var types []gjson.Type
	Elements(Get(doc, `k"ey`), func(v gjson.Result) { types = append(types, v.Type) })
	if want := []gjson.Type{gjson.Number, gjson.Number, gjson.True, gjson.False, gjson.Null, gjson.JSON}; len(types) != len(want) || types[1] != want[1] || types[5] != want[5] {
		t.Errorf("types %v", types)
	}
	for _, none := range []gjson.Result{{}, gjson.Parse(`7`), gjson.Parse(`"a"`), gjson.Parse(`null`), gjson.Parse(`{}`), gjson.Parse(` [ ] `)} {
		ForEach(none, func(string, gjson.Result) bool {
			t.Errorf("%q has members", none.Raw)
			return true
		})
	}
}

// What is found in a document is what encoding/json finds; what is no JSON breaks nothing.
func FuzzForEach(f *testing.F) {
	for _, doc := range []string{`{"a":1,"b":[{"c":"d\\\"e"},2],"\u0061":null}`, `["\ud83d\ude42","\ud83d","\udead x"]`, `[[],{},"",0.1e-7]`, `[0,7,-7,-0,1.5,1e3,999999999999999,1234567890123456,12345678901234567890]`, `{`, `["`, `["\`, `{"a`, `{"a":`, `[}`, `{"a":}`, `[tru]`, `{"a"}`} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		if !scan.Valid([]byte(doc)) || !utf8.ValidString(doc) {
			everything(t, gjson.Result{Type: gjson.JSON, Raw: doc})
			return
		}
		var want any
		if err := json.Unmarshal([]byte(doc), &want); err != nil {
			return // a number beyond its range
		}
		a, err := json.Marshal(everything(t, gjson.Parse(doc)))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Fatalf("%s gives %s, want %s", doc, a, b)
		}
	})
}

// everything decodes a document by walking through it.
func everything(t *testing.T, v gjson.Result) any {
	switch {
	case v.IsObject():
		all := map[string]any{}
		ForEach(v, func(key string, v gjson.Result) bool {
			all[key] = everything(t, v)
			return true
		})
		return all
	case v.IsArray():
		all := []any{}
		ForEach(v, func(_ string, v gjson.Result) bool {
			all = append(all, everything(t, v))
			return true
		})
		return all
	}
	return v.Value()
}
