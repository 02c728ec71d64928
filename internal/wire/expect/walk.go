package expect

import (
	"bytes"
	"strconv"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// View is a document to look at without a copy: what is found in it shares its memory, and is gone with it.
func View(doc []byte) gjson.Result {
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 || doc[0] != '{' {
		return gjson.Result{}
	}
	return gjson.Result{Type: gjson.JSON, Raw: unsafe.String(unsafe.SliceData(doc), len(doc))}
}

// ForEach calls found for each member of an object, or for each element of an array without a key, until it
// returns false. The document is JSON, which was checked before.
func ForEach(r gjson.Result, found func(key string, value gjson.Result) bool) {
	w := walk{doc: r.Raw}
	for w.next(&r) {
		if !found(w.key(), w.value()) {
			return
		}
	}
}

// Get is the value of the first member of an object that has a name; of several names the first is that of an
// object which has the next. There is none where the document is something else.
func Get(r gjson.Result, names ...string) gjson.Result {
	for _, name := range names {
		r = member(&r, name)
	}
	return r
}

func member(r *gjson.Result, name string) gjson.Result {
	if !r.IsObject() {
		return gjson.Result{}
	}
	w := walk{doc: r.Raw}
	for w.next(r) {
		if w.key() == name {
			return w.value()
		}
		w.at = scan.ValueEnd(w.doc, w.at)
	}
	return gjson.Result{}
}

// walk goes through an object or an array, from value to value.
type walk struct {
	doc   string
	at    int    // where the value stands
	name  string // between its quotes; of an object
	plain bool   // there are no escapes in it
}

// next goes to the next value behind where the walk is; false: there is none.
func (w *walk) next(of *gjson.Result) bool {
	isObject := false
	switch {
	case of.Type != gjson.JSON || w.doc == "":
		return false
	case w.doc[0] == '{':
		isObject = true
	}
	w.at = scan.Space(w.doc, max(w.at, 1), ',')
	if w.at >= len(w.doc) || w.doc[w.at] == '}' || w.doc[w.at] == ']' {
		return false
	}
	if !isObject {
		return true
	}
	if w.doc[w.at] != '"' {
		return false
	}
	w.name, w.at, w.plain = scan.Text(w.doc, w.at)
	w.at = scan.Space(w.doc, w.at, ':')
	return w.at < len(w.doc)
}

func (w *walk) key() string {
	if w.plain || w.name == "" {
		return w.name
	}
	return scan.Unquote(w.name)
}

// value reads the value that the walk is at, and goes behind it. One that is no object or array and has nothing behind
// it was cut: it says nothing.
func (w *walk) value() (v gjson.Result) {
	from := w.at
	switch c := w.doc[from]; c {
	case '"':
		var plain bool
		v.Type = gjson.String
		if v.Str, w.at, plain = scan.Text(w.doc, from); !plain {
			v.Str = scan.Unquote(v.Str)
		}
	case '{', '[':
		v.Type = gjson.JSON
		w.at = scan.ValueEnd(w.doc, from)
	default:
		w.at = max(scan.ValueEnd(w.doc, from), from+1)
		switch c {
		case 't':
			v.Type = gjson.True
		case 'f':
			v.Type = gjson.False
		case 'n':
			v.Type = gjson.Null
		default:
			v.Type = gjson.Number
			v.Num = number(w.doc[from:w.at])
		}
	}
	if w.at >= len(w.doc) && v.Type != gjson.JSON {
		return gjson.Result{}
	}
	v.Raw = w.doc[from:w.at]
	return v
}

// exactly is up to how many digits a float holds every number of, some digits fewer than it is.
const exactly = 15

// number is the value of a number: nearly all are short and have neither a point nor a sign.
func number(text string) float64 {
	if len(text) <= exactly {
		n := 0
		for i := 0; ; i++ {
			if i == len(text) {
				return float64(n)
			}
			if text[i] < '0' || text[i] > '9' {
				break
			}
			n = 10*n + int(text[i]-'0')
		}
	}
	n, _ := strconv.ParseFloat(text, 64) // of one beyond its range, infinity
	return n
}
