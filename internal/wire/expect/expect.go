// Package expect reads values of JSON documents that have to be of some type, and says in words for
// whoever sent the document which is not.
package expect

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Object begins to read a document that was found to be JSON, in which no member of the outermost object
// stands twice: wire.ReadEnvelope checks requests, and answers are checked as they come. Reading it does not
// check it again. The error is a *scan.Error: it is no object.
func Object(doc []byte) (gjson.Result, error) {
	s := scan.New(doc)
	if !s.Open() {
		return gjson.Result{}, &scan.Error{Message: "the request body must be a JSON object"}
	}
	return gjson.Parse(string(doc)), nil
}

// Values reads values. null stands for a value that is not there. The first value that is of another
// type than it has to be is remembered, and what is read then is empty.
type Values struct{ wrong *scan.Error }

// Err is a *scan.Error that blames the first wrong value; nil: there was none.
func (v *Values) Err() error {
	if v.wrong == nil {
		return nil
	}
	return v.wrong
}

// Wrong blames a value. what says what it must be, such as "a string".
func (v *Values) Wrong(param, what string) {
	v.Blame(param, param+" must be "+what)
}

// Blame blames a value in other words.
func (v *Values) Blame(param, message string) {
	if v.wrong == nil {
		v.wrong = &scan.Error{Param: param, Message: message}
	}
}

// Text reads a string.
func (v *Values) Text(param string, r gjson.Result) string {
	if r.Type != gjson.String && r.Type != gjson.Null {
		v.Wrong(param, "a string")
	}
	if r.Type != gjson.String {
		return ""
	}
	return r.Str
}

// Number reads a number as it is written; empty: there is none.
func (v *Values) Number(param string, r gjson.Result) json.Number {
	if r.Type != gjson.Number && r.Type != gjson.Null {
		v.Wrong(param, "a number")
	}
	if r.Type != gjson.Number {
		return ""
	}
	return json.Number(r.Raw)
}

// Count reads a whole number that is not negative.
func (v *Values) Count(param string, r gjson.Result) int64 {
	const most = 1 << 53
	switch {
	case r.Type == gjson.Null:
		return 0
	case r.Type != gjson.Number || r.Num < 0 || r.Num > most || r.Num != float64(int64(r.Num)):
		v.Wrong(param, "a whole number that is not negative")
		return 0
	}
	return int64(r.Num)
}

// Bool reads true or false; nil: there is neither.
func (v *Values) Bool(param string, r gjson.Result) *bool {
	switch r.Type {
	case gjson.True, gjson.False:
		is := r.Type == gjson.True
		return &is
	case gjson.Null:
	default:
		v.Wrong(param, "true or false")
	}
	return nil
}

// Each calls found for each element of an array.
func (v *Values) Each(param string, r gjson.Result, found func(element gjson.Result)) {
	if !r.IsArray() && r.Type != gjson.Null {
		v.Wrong(param, "an array")
	}
	Elements(r, found)
}

// Members calls found for each member of an object. Keys are what they say, without escapes.
func (v *Values) Members(param string, r gjson.Result, found func(key string, value gjson.Result)) {
	switch {
	case r.IsObject():
		ForEach(r, func(key string, value gjson.Result) bool {
			found(key, value)
			return true
		})
	case r.Type != gjson.Null:
		v.Wrong(param, "an object")
	}
}

// Elements calls found for each element of an array. What is no array has none.
func Elements(r gjson.Result, found func(element gjson.Result)) {
	if !r.IsArray() {
		return
	}
	ForEach(r, func(_ string, element gjson.Result) bool {
		found(element)
		return true
	})
}
