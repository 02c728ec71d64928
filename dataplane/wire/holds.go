package wire

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/tidwall/gjson"
)

// kinds are what a request may hold beyond fields: the marks of each in its content.
var kinds = map[string][][]byte{
	"images":    {[]byte(`"image_url"`), []byte(`"input_image"`), []byte(`"image"`)},
	"audio":     {[]byte(`"input_audio"`), []byte(`"audio"`)},
	"files":     {[]byte(`"file"`), []byte(`"input_file"`), []byte(`"document"`)},
	"developer": {[]byte(`"developer"`)},
}

// plainValue is a value that is no text of anybody's.
var plainValue = regexp.MustCompile(`^(?:"[\w.-]{1,32}"|-?[0-9.eE+-]{1,24}|true|false)$`)

// Holds tells whether a request holds what targets may refuse: a field, as name or parent.name,
// or one of the kinds images, audio, files and developer. value is the field's value where it
// is short and plain, that of its type where it is an object; else empty.
func Holds(body []byte, parameter string) (value string, is bool) {
	if marks, ok := kinds[parameter]; ok {
		return "", slices.ContainsFunc(marks, func(m []byte) bool { return bytes.Contains(body, m) })
	}
	v := gjson.GetBytes(body, parameter)
	if !v.Exists() || v.Type == gjson.Null || v.IsArray() && v.Get("#").Int() == 0 {
		return "", false
	}
	if v.IsObject() {
		v = v.Get("type")
	}
	if plainValue.MatchString(v.Raw) {
		return v.Raw, true
	}
	return "", true
}
