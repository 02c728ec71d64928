// Package compose writes JSON by appending to one buffer. What it writes is one line, so that it can
// be the data of a server-sent event.
package compose

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Doc is a document that is being written. Every method writes a value: with its key inside an object, with
// an empty key inside an array and at the top. Commas come by themselves.
type Doc []byte

// Begin opens an object or an array: bracket is { or [.
func (d *Doc) Begin(key string, bracket byte) {
	d.key(key)
	*d = append(*d, bracket)
}

// End closes what Begin opened: bracket is } or ].
func (d *Doc) End(bracket byte) { *d = append(*d, bracket) }

// Str writes a string.
func (d *Doc) Str(key, value string) {
	d.key(key)
	*d = String(*d, value)
}

// Int writes a whole number.
func (d *Doc) Int(key string, value int64) {
	d.key(key)
	*d = strconv.AppendInt(*d, value, 10)
}

// Bool writes true or false.
func (d *Doc) Bool(key string, value bool) {
	d.key(key)
	*d = strconv.AppendBool(*d, value)
}

// Null writes null.
func (d *Doc) Null(key string) {
	d.key(key)
	*d = append(*d, "null"...)
}

// Raw writes a value that is JSON already; null where there is none.
func (d *Doc) Raw(key string, value json.RawMessage) {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		d.Null(key)
		return
	}
	d.key(key)
	from := len(*d)
	*d = append(*d, value...)
	if bytes.IndexByte(value, '\n') >= 0 || bytes.IndexByte(value, '\r') >= 0 { // only as white space can they stand in JSON
		for i := from; i < len(*d); i++ {
			if (*d)[i] == '\n' || (*d)[i] == '\r' {
				(*d)[i] = ' '
			}
		}
	}
}

func (d *Doc) key(name string) {
	if n := len(*d); n > 0 && (*d)[n-1] != '{' && (*d)[n-1] != '[' && (*d)[n-1] != ' ' {
		*d = append(*d, ',')
	}
	if name != "" {
		*d = append(String(*d, name), ':')
	}
}

const hex = "0123456789abcdef"

// String appends a string with its quotes. What is no UTF-8 becomes U+FFFD.
func String(to []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	to = append(to, '"')
	for {
		n := scan.TextLength(s)
		to = append(to, s[:n]...)
		if s = s[n:]; s == "" {
			return append(to, '"')
		}
		to = escape(to, s[0])
		s = s[1:]
	}
}

func escape(to []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(to, '\\', b)
	case '\n':
		return append(to, '\\', 'n')
	case '\r':
		return append(to, '\\', 'r')
	case '\t':
		return append(to, '\\', 't')
	}
	return append(to, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
}
