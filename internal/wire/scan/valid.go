package scan

import "strings"

// maxValidDepth bounds how deep what Valid takes may nest: what providers answer, and the texts that are JSON
// themselves, such as the arguments of a call.
const maxValidDepth = 256

// Valid reports whether a text is one JSON value. One that nests deeper than 256 levels is none: whoever
// wrote it could otherwise exhaust the stack.
func Valid(text []byte) bool {
	s := Scanner{b: text, limit: maxValidDepth}
	s.space()
	if s.skip(0) != nil {
		return false
	}
	s.space()
	return s.i == len(s.b)
}

// IsObject reports whether a text is a JSON object, as Valid takes it.
func IsObject(text string) bool { return opens(text, '{') && Valid([]byte(text)) }

// IsArray reports whether a text is a JSON array, as Valid takes it.
func IsArray(text string) bool { return opens(text, '[') && Valid([]byte(text)) }

func opens(text string, bracket byte) bool {
	text = strings.TrimLeft(text, " \n\r\t")
	return text != "" && text[0] == bracket
}
