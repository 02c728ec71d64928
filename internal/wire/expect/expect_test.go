package expect

import (
	"errors"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

func TestTheFirstWrongValueIsBlamed(t *testing.T) {
	t.Parallel()
	doc := gjson.Parse(`{"text":1,"number":"1","count":-1,"half":1.5,"bool":0,"array":{},"object":[],"null":null}`)
	for _, c := range []struct {
		name, message string
		read          func(v *Values, r gjson.Result)
	}{
		{"text", "text must be a string", func(v *Values, r gjson.Result) { v.Text("text", r) }},
		{"number", "number must be a number", func(v *Values, r gjson.Result) { v.Number("number", r) }},
		{"count", "count must be a whole number that is not negative", func(v *Values, r gjson.Result) { v.Count("count", r) }},
		{"half", "half must be a whole number that is not negative", func(v *Values, r gjson.Result) { v.Count("half", r) }},
		{"bool", "bool must be true or false", func(v *Values, r gjson.Result) { v.Bool("bool", r) }},
		{"array", "array must be an array", func(v *Values, r gjson.Result) { v.Each("array", r, func(gjson.Result) {}) }},
		{"object", "object must be an object", func(v *Values, r gjson.Result) { v.Members("object", r, func(string, gjson.Result) {}) }},
	} {
		var v Values
		c.read(&v, doc.Get("null"))
		c.read(&v, doc.Get("missing"))
		if err := v.Err(); err != nil {
			t.Errorf("%s: null gives %v", c.name, err)
		}
		c.read(&v, doc.Get(c.name))
		v.Wrong("later", "else")
		var err *scan.Error
		if !errors.As(v.Err(), &err) || err.Message != c.message || err.Param != c.name {
			t.Errorf("%s: %v", c.name, v.Err())
		}
	}
}

func TestOnlyAnObjectIsRead(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{"", "[]", "1", `"{"`, "null"} {
		if _, err := Object([]byte(doc)); err == nil {
			t.Errorf("%q is accepted", doc)
		}
	}
	r, err := Object([]byte(` {"a":"b"} `))
	if err != nil || r.Get("a").Str != "b" {
		t.Errorf("%v, %v", r, err)
	}
}
