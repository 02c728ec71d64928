// Package httpfield judges and spells header fields as net/http does, several times as fast: every request
// passes here a few dozen times. Tests hold it to httpguts and textproto.
package httpfield

import (
	"encoding/binary"
	"net/http"
	"net/textproto"
	"unsafe"
)

// How a byte fits into a name as net/http spells it: letters that begin a word are capitals, others are not.
const (
	invalid = iota // it is part of no name
	respelt        // it is a letter of the other case
	fits
)

// letters tells it of each byte, at the beginning of a word (1) and elsewhere (0).
var letters = func() (all [2][256]uint8) {
	for c := range 256 {
		kind := uint8(invalid)
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			kind = fits
		default:
			for _, other := range "!#$%&'*+-.^_`|~" {
				if c == int(other) {
					kind = fits
				}
			}
		}
		all[0][c], all[1][c] = kind, kind
		switch {
		case 'a' <= c && c <= 'z':
			all[1][c] = respelt
		case 'A' <= c && c <= 'Z':
			all[0][c] = respelt
		}
	}
	return all
}()

// Name gives the name of a field as net/http spells it; ok is false for what cannot be one.
func Name(name string) (canonical string, ok bool) {
	switch name { // nearly all that there are
	case "Host", "Date", "Accept", "Server", "Connection", "User-Agent", "Content-Type", "Content-Length", "Authorization",
		"Accept-Encoding", "Accept-Language", "Cache-Control", "X-Request-Id", "Transfer-Encoding", "X-Forwarded-For", "Content-Encoding":
		return name, true
	}
	worst, begins := uint8(fits), 1
	for i := range len(name) {
		c := name[i]
		worst = min(worst, letters[begins][c])
		begins = 0
		if c == '-' {
			begins = 1
		}
	}
	switch {
	case worst == invalid || name == "":
		return "", false
	case worst == respelt:
		name = textproto.CanonicalMIMEHeaderKey(name)
	}
	return name, true
}

// ValidName reports whether a name can be that of a field.
func ValidName(name string) bool {
	worst := uint8(fits)
	for i := range len(name) {
		worst = min(worst, letters[0][name[i]])
	}
	return worst != invalid && name != ""
}

// Eight bytes are looked at together.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// ValidValue reports whether a value can be that of a field: it holds no control character but tabs.
func ValidValue(value string) bool {
	b := unsafe.Slice(unsafe.StringData(value), len(value)) // which is only read
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		del := w ^ ones*0x7f
		if ((w-ones*0x20)&^w|(del-ones)&^del)&highs != 0 && !plain(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return plain(b)
}

func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// Trim takes the white space around a value away.
func Trim(value string) string {
	for value != "" && isSpace(value[0]) {
		value = value[1:]
	}
	for value != "" && isSpace(value[len(value)-1]) {
		value = value[:len(value)-1]
	}
	return value
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// Get is the first value of a field, or empty, as http.Header's is. The name must be spelled as net/http does.
func Get(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
