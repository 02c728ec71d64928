package keyword

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxDecoded bounds how much of a body Text looks at.
const maxDecoded = 2 << 20

// Text gives the text of an answer or of an error body as failure keywords see it:
// for JSON every string value with its escapes undone, one a line, else the body as it is.
// Names of fields are left out, and so are the values of id, object and role, which no
// model chose. The first 2 MiB count. The work is linear whatever the body holds, and a
// body that is cut off or malformed gives what can be read of it.
func Text(body []byte) string {
	body = bytes.TrimSpace(body[:min(len(body), maxDecoded)])
	if len(body) == 0 || body[0] != '{' && body[0] != '[' && body[0] != '"' {
		return string(body)
	}
	var out strings.Builder
	var key []byte // the field whose value comes next
	for i := 0; i < len(body); {
		c := body[i]
		if c != '"' {
			if c == ',' || c == '}' || c == '[' || c == ']' {
				key = nil
			}
			i++
			continue
		}
		end := stringEnd(body, i)
		raw := body[i:end]
		i = end
		if next := bytes.TrimLeft(body[i:min(len(body), i+16)], " \t\r\n"); len(next) > 0 && next[0] == ':' {
			key = raw
			continue
		}
		switch string(key) {
		case `"id"`, `"object"`, `"role"`:
		default:
			if out.Len() > 0 {
				out.WriteByte('\n')
			}
			writeDecoded(&out, raw)
		}
	}
	return out.String()
}

// stringEnd gives the offset behind the string that starts at i; the end of the body when
// it is cut off.
func stringEnd(body []byte, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// writeDecoded undoes a string's escapes; one that is no valid JSON comes as it is.
func writeDecoded(out *strings.Builder, raw []byte) {
	inner := bytes.Trim(raw, `"`)
	if bytes.IndexByte(raw, '\\') < 0 {
		out.Write(inner)
		return
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		out.Write(inner)
		return
	}
	out.WriteString(text)
}
