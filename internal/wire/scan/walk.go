package scan

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// What follows walks through a text that is known to be JSON, since it was checked as a whole before: it looks
// at no more than it must. Of what is no JSON it makes something or other, but never reads beyond the end.

// TextLength is how many bytes stand before the first quote, backslash or control character.
func TextLength(s string) int {
	return plainLength(unsafe.Slice(unsafe.StringData(s), len(s))) // which only reads
}

// Text gives what stands between the quotes of a string that begins at from, and where the string ends. plain
// says that no escapes are in it.
func Text(doc string, from int) (inner string, end int, plain bool) {
	end = textEnd(doc, from)
	inner = doc[from+1 : max(end-1, from+1)]
	return inner, min(end, len(doc)), strings.IndexByte(inner, '\\') < 0
}

// textEnd is where the string ends that begins at from, one behind the document where it does not. Quotes are looked for first: there are few of them, and
// an odd number of backslashes stands before one that is no end.
func textEnd(doc string, from int) int {
	for at := from + 1; ; at++ {
		n := strings.IndexByte(doc[at:], '"')
		if n < 0 {
			return len(doc) + 1
		}
		at += n
		first := at
		for first > from+1 && doc[first-1] == '\\' {
			first--
		}
		if (at-first)%2 == 0 {
			return at + 1
		}
	}
}

// ValueEnd is where the value ends that begins at from.
func ValueEnd(doc string, from int) int {
	depth := 0
	for i := from; i < len(doc); i++ {
		switch doc[i] {
		case '"':
			i = textEnd(doc, i)
			if depth == 0 {
				return min(i, len(doc))
			}
			i--
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return i + 1 + depth // what closes without having begun is not part of it
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return i
			}
		}
	}
	return len(doc)
}

// Count is how many objects a document holds, and how many commas outside of texts.
func Count(body []byte) (objects, commas int64) {
	doc := unsafe.String(unsafe.SliceData(body), len(body)) // nobody keeps it
	for i := 0; i < len(doc); i++ {
		switch doc[i] {
		case '{':
			objects++
		case ',':
			commas++
		case '"':
			i = textEnd(doc, i) - 1
		}
	}
	return objects, commas
}

// Space is where the next byte stands, at or behind from, that is neither white space nor the given one.
func Space(doc string, from int, other byte) int {
	for from < len(doc) {
		switch c := doc[from]; c {
		case ' ', '\n', '\r', '\t', other:
			from++
		default:
			return from
		}
	}
	return from
}

// Unquote is what the text between the quotes of a string says.
func Unquote(inner string) string {
	var b strings.Builder
	b.Grow(len(inner))
	for {
		n := TextLength(inner)
		b.WriteString(inner[:n])
		if inner = inner[n:]; inner == "" {
			return b.String()
		}
		if inner[0] != '\\' {
			b.WriteByte(inner[0])
			inner = inner[1:]
			continue
		}
		r, size := Unescape(inner)
		if size == 0 { // half a pair at the end
			r, size = utf8.RuneError, min(6, len(inner))
		}
		b.WriteRune(r)
		inner = inner[size:]
	}
}

// Unescape reads the escape sequence that a text begins with, of two surrogates where it takes two; size 0:
// more must come.
func Unescape(text string) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	switch c := text[1]; c {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'u':
	default:
		return rune(c), 2
	}
	if len(text) < 6 {
		return 0, 0
	}
	first, ok := codeUnit(text)
	switch {
	case !ok:
		return utf8.RuneError, 2
	case !utf16.IsSurrogate(first):
		return first, 6
	}
	next := text[6:]
	if len(next) < 6 && strings.HasPrefix(`\u`, next[:min(2, len(next))]) {
		return 0, 0
	}
	if second, ok := codeUnit(next); ok {
		if both := utf16.DecodeRune(first, second); both != utf8.RuneError {
			return both, 12
		}
	}
	return utf8.RuneError, 6
}

// codeUnit reads \uXXXX.
func codeUnit(text string) (r rune, ok bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	for _, c := range []byte(text[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
