package wire

import (
	"bytes"
	"slices"
	"strings"
)

// Files inside a prompt, such as images, are base64 and no text: each counts as so many
// tokens, or as many as its bytes would be if it is smaller.
const fileTokens = 1000

// minFile is the length of a string from which it may be a file.
const minFile = 512

// fileMarks are what stands beside files: ";base64," in a data URL, "type":"base64" at
// Anthropic, input_audio at OpenAI, inlineData or inline_data at Google.
var fileMarks = [][]byte{[]byte("base64"), []byte("input_audio"), []byte(`"inline`)}

// PromptTokens guesses how many tokens a JSON request is: four bytes of it to a token.
func PromptTokens(body []byte) int64 {
	n := int64(len(body))
	var files int64
	for i := 0; ; {
		start := bytes.IndexByte(body[i:], '"')
		if start < 0 {
			return n/4 + files
		}
		start += i + 1
		end := stringEnd(body, start)
		if end-start >= minFile && isFile(body[start:end]) {
			if files == 0 && !slices.ContainsFunc(fileMarks, func(mark []byte) bool { return bytes.Contains(body, mark) }) {
				return n / 4
			}
			n -= int64(end - start)
			files += min(int64(end-start)/4, fileTokens)
		}
		i = min(end+1, len(body))
	}
}

// stringEnd finds the quote that ends a string; the end of the text if there is none.
func stringEnd(text []byte, start int) int {
	for i := start; ; {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return len(text)
		}
		i += n
		escapes := 0
		for i-1-escapes >= start && text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
		i++
	}
}

// isFile reports whether a long string is base64, as such or in a data URL. Its beginning and
// its end tell: text of that length has spaces or points.
func isFile(s []byte) bool {
	if bytes.HasPrefix(s, []byte("data:")) {
		comma := bytes.IndexByte(s[:min(len(s), 128)], ',')
		if comma < 0 || !bytes.HasSuffix(s[:comma], []byte(";base64")) {
			return false
		}
		s = s[comma+1:]
	}
	const looked = 256
	return len(s) > 0 && isBase64(s[:min(len(s), looked)]) && isBase64(s[max(len(s)-looked, 0):])
}

// base64Bytes are the letters of both alphabets of base64, and what escapes and fills it.
const base64Bytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\"

var isBase64Byte = func() (set [256]bool) {
	for i := range set {
		set[i] = strings.IndexByte(base64Bytes, byte(i)) >= 0
	}
	return set
}()

func isBase64(s []byte) bool {
	for _, c := range s {
		if !isBase64Byte[c] {
			return false
		}
	}
	return true
}
