package wire

import "bytes"

// members says which members an event has, wherever in it, that it must be parsed for.
type members struct {
	err    bool // error, with whatever value
	usage  bool // usage, with an object: most upstreams send null until the end
	finish bool // finish_reason, with a string
}

// membersOf finds them in one pass, from colon to colon. Quotes inside strings are escaped,
// so no key can be part of the output.
func membersOf(text []byte) (m members) {
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], ':')
		if n < 0 {
			return m
		}
		end := i + n
		i = end + 1
		for end > 0 && isSpace(text[end-1]) {
			end--
		}
		if end < len(keyError) || text[end-1] != '"' {
			continue
		}
		switch text[end-2] {
		case 'r':
			m.err = m.err || bytes.HasSuffix(text[:end], keyError)
		case 'e':
			m.usage = m.usage || bytes.HasSuffix(text[:end], keyUsage) && valueAt(text[i:]) == '{'
		case 'n':
			m.finish = m.finish || bytes.HasSuffix(text[:end], keyFinish) && valueAt(text[i:]) == '"'
		}
	}
}

// valueAt is the first byte of a value; 0: there is none.
func valueAt(text []byte) byte {
	for _, c := range text {
		if !isSpace(c) {
			return c
		}
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
