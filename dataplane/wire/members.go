package wire

import "bytes"

// members says which members an event has, wherever in it, that it must be parsed for, and
// how much output it carries.
type members struct {
	err     bool  // error, with whatever value
	usage   bool  // usage, with an object: most upstreams send null until the end
	finish  bool  // finish_reason, with a text
	native  bool  // native_finish_reason, with a text
	filled  bool  // choices, with at least one
	service bool  // service_tier, with a text
	output  int64 // bytes of output text, of reasoning and of what tools are called with
	index   int   // which answer, call or block what follows belongs to, and one more; kept for Spoken only
}

// longestKey is the longest of the keys that membersOf knows.
const longestKey = len("native_finish_reason")

// membersOf finds them in one pass, from colon to colon. Quotes inside strings are escaped,
// so no key can be part of the output.
func membersOf(text []byte) members { return membersIn(text, nil, nil) }

// frame is what stands around the text of an event, and what that holds. The events of a stream mostly
// begin and end alike, so that it need not be read again.
type frame struct {
	text []byte // up to the colon of the delta, which is behind all that decides what the text holds
	from int    // where the search for this colon began
	has  members

	end    []byte // behind the first text; empty: none is known
	endHas members
}

// continues tells where the search goes on in an event that begins so.
func (f *frame) continues(text []byte) (from int, m members) {
	if f == nil || len(f.text) == 0 || !bytes.HasPrefix(text, f.text) {
		return 0, members{}
	}
	return f.from, f.has
}

// note keeps the beginning of an event in which the search from a place has found the colon of the delta,
// and no output before it.
func (f *frame) note(text []byte, from, colon int, has members) {
	if f != nil && colon < maxFrame && !bytes.Equal(f.text, text[:colon+1]) {
		f.text, f.from, f.has = append(f.text[:0], text[:colon+1]...), from, has
	}
}

// ends reports whether an event ends so.
func (f *frame) ends(rest []byte) bool {
	return f != nil && len(f.end) > 0 && bytes.Equal(f.end, rest)
}

// noteEnd keeps the end of an event that holds no more output. It must begin as what follows a value does:
// then no key in it reaches into the text before it.
func (f *frame) noteEnd(rest []byte, has members) {
	if f != nil && len(rest) > 0 && len(rest) <= maxFrame && (rest[0] == '}' || rest[0] == ',') {
		f.end, f.endHas = append(f.end[:0], rest...), has
	}
}

// maxFrame bounds the beginnings and the ends that are kept, in bytes each.
const maxFrame = 512

// with adds what another part of the event has.
func (m members) with(more members) members {
	return members{
		err: m.err || more.err, usage: m.usage || more.usage, finish: m.finish || more.finish, native: m.native || more.native,
		filled: m.filled || more.filled, service: m.service || more.service, output: m.output + more.output, index: more.index,
	}
}

// membersIn is membersOf which also notes where the output is, and what stands around it; both may be nil.
func membersIn(text []byte, spoken *Spoken, around *frame) (m members) {
	var texts, reasoning, reasoningContent int64 // OpenRouter and others send the same thought under several names
	var head members                             // what is before the first text, and that
	var end int                                  // where that text ends; 0: it has not come
	i, m := around.continues(text)
	for {
		n := bytes.IndexByte(text[i:], ':')
		if n < 0 {
			more := max(texts, reasoning, reasoningContent)
			if end > 0 && m.output+more == 0 {
				around.noteEnd(text[end:], m)
			}
			m.output += more
			return head.with(m)
		}
		key, from, colon := keyBefore(text[:i+n]), i, i+n
		i += n + 1
		switch string(key) {
		case "error":
			m.err = true
		case "usage", "usageMetadata", "usage_metadata", "timings":
			m.usage = m.usage || valueAt(text[i:]) == '{'
		case "eval_count": // Ollama's own
			m.usage = m.usage || valueAt(text[i:]) != 'n'
		case "finish_reason", "finishReason", "blockReason": // the last where Google refuses the prompt
			m.finish = m.finish || isFilled(text[i:], '"', '"')
		case "native_finish_reason":
			m.native = m.native || isFilled(text[i:], '"', '"')
		case "service_tier":
			m.service = m.service || valueAt(text[i:]) == '"'
		case "choices", "candidates":
			m.filled = m.filled || isFilled(text[i:], '[', ']')
		case "index", "output_index":
			m.index = spoken.noteIndex(text[i:], m.index)
		case "name": // which some repeat with each piece of the arguments
			n := countString(text[i:], &m.output)
			spoken.note(spokenName, m.index, i, i+n)
			i += n
		case "content", "refusal", "arguments", "transcript", "thinking", "partial_json", "delta":
			if string(key) == "delta" && head.output|m.output|texts|reasoning|reasoningContent == 0 {
				around.note(text, from, colon, head.with(m))
			}
			n := countString(text[i:], &m.output)
			spoken.note(spokenText, m.index, i, i+n)
			i += n
			if n > 0 && end == 0 && spoken == nil && texts|reasoning|reasoningContent == 0 {
				if around.ends(text[i:]) {
					return m.with(around.endHas)
				}
				head, m, end = m, members{index: m.index}, i
			}
		case "input", "args": // of a tool: an object at Anthropic and Google
			if valueAt(text[i:]) == '{' {
				i += countObject(text[i:], &m.output)
			} else {
				i += countString(text[i:], &m.output)
			}
		case "text":
			n := countString(text[i:], &texts)
			spoken.note(spokenParts, m.index, i, i+n)
			i += n
		case "reasoning":
			n := countString(text[i:], &reasoning)
			spoken.note(spokenReasoning, m.index, i, i+n)
			i += n
		case "reasoning_content", "reasoning_text":
			n := countString(text[i:], &reasoningContent)
			spoken.note(spokenReasoningContent, m.index, i, i+n)
			i += n
		}
	}
}

// keyBefore is the key that ends where a colon is; nil: none that matters.
func keyBefore(text []byte) []byte {
	end := len(text)
	for end > 0 && isSpace(text[end-1]) {
		end--
	}
	if end == 0 || text[end-1] != '"' {
		return nil
	}
	start := max(end-2-longestKey, 0)
	n := bytes.LastIndexByte(text[start:end-1], '"')
	if n < 0 {
		return nil
	}
	return text[start+n+1 : end-1]
}

// countString adds the length of the string that text begins with, and tells where it ends;
// 0: something else stands there.
func countString(text []byte, sum *int64) int {
	i := 0
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	if i == len(text) || text[i] != '"' {
		return 0
	}
	for i++; i < len(text) && text[i] != '"'; *sum++ {
		if text[i] != '\\' {
			i++
			continue
		}
		if i+3 < len(text) && text[i+1] == 'u' {
			*sum += escaped(text[i+2], text[i+3]) - 1
			i += 4
		}
		i += 2
	}
	return min(i+1, len(text))
}

// escaped is how many bytes the character takes whose four digits begin with these: 2 for each
// half of a pair.
func escaped(first, second byte) int64 {
	switch {
	case first == '0' && second == '0':
		return 1
	case first == '0' && second < '8', (first == 'd' || first == 'D') && second >= '8':
		return 2
	}
	return 3
}

// countObject is countString for an object.
func countObject(text []byte, sum *int64) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += countString(text[i:], sum) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// isFilled reports whether a value opens so and does not close at once.
func isFilled(text []byte, open, end byte) bool {
	for i, c := range text {
		if !isSpace(c) {
			next := valueAt(text[i+1:])
			return c == open && next != end && next != 0
		}
	}
	return false
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
