package plainhttp

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
)

// maxFields bounds the header fields of a head that is served here.
const maxFields = 64

// head is a request as far as its empty line.
type head struct {
	method, target, host string
	url                  *url.URL
	header               http.Header
	length               int64 // of the body
}

var (
	lineEnd = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
)

// parse reads a head that ends with its empty line. It takes only what can be read in one way: GET without
// a body or POST with a Content-Length, to a path, HTTP/1.1, with one Host, lines that end with CR LF, no space
// before a colon, no control character, and nothing that asks for more than an answer. ok is false for
// all else, which need not be wrong.
func parse(raw string) (h head, ok bool) {
	line, fields, ok := strings.Cut(raw, "\r\n")
	if !ok || !h.requestLine(line) {
		return head{}, false
	}
	n := strings.Count(fields, "\n") - 1 // the empty line
	if n < 1 || n > maxFields {
		return head{}, false
	}
	h.length = -1
	h.header = make(http.Header, n)
	values := make([]string, 0, n) // shared by all fields: most names have one
	for {
		line, fields, ok = strings.Cut(fields, "\r\n")
		switch {
		case !ok:
			return head{}, false
		case line == "":
			return h, fields == "" && h.host != "" && h.hasLength()
		}
		name, value, found := strings.Cut(line, ":")
		name, valid := httpfield.Name(name)
		if !found || !valid { // a folded line begins with a space
			return head{}, false
		}
		if value = httpfield.Trim(value); !httpfield.ValidValue(value) {
			return head{}, false
		}
		if !h.special(name, value) {
			return head{}, false
		}
		if name == "Host" {
			continue
		}
		if all, more := h.header[name]; more {
			h.header[name] = append(all, value)
			continue
		}
		values = append(values, value)
		h.header[name] = values[len(values)-1 : len(values) : len(values)]
	}
}

func (h *head) requestLine(line string) (ok bool) {
	var version string
	h.method, line, _ = strings.Cut(line, " ")
	h.target, version, ok = strings.Cut(line, " ")
	if !ok || version != "HTTP/1.1" || h.method != http.MethodPost && h.method != http.MethodGet {
		return false
	}
	if len(h.target) == 0 || h.target[0] != '/' || strings.HasPrefix(h.target, "//") {
		return false
	}
	for i := range len(h.target) {
		if c := h.target[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	var err error
	h.url, err = url.ParseRequestURI(h.target)
	return err == nil
}

// special takes the fields over that say how the request is to be read, and refuses those that ask for
// what is not served here.
func (h *head) special(name, value string) bool {
	switch name {
	case "Host":
		if h.host != "" || !isHost(value) {
			return false
		}
		h.host = value
	case "Content-Length":
		if h.length >= 0 || len(value) == 0 || len(value) > 15 {
			return false
		}
		h.length = 0
		for i := range len(value) {
			c := value[i]
			if c < '0' || c > '9' {
				return false
			}
			h.length = 10*h.length + int64(c-'0')
		}
	case "Connection":
		return strings.EqualFold(value, "keep-alive")
	case "Transfer-Encoding", "Expect", "Upgrade", "Trailer", "Te", "Http2-Settings", "Pragma", "Proxy-Connection":
		return false
	}
	return true
}

// hasLength says whether the length of the body is known as the method has it.
func (h *head) hasLength() bool {
	if h.method == http.MethodGet {
		ok := h.length < 0
		h.length = 0
		return ok
	}
	return h.length >= 0
}

// findHead gives the length of the head that b begins with, its empty line included; 0: it is not whole.
// searched is how much of b was looked at before.
func findHead(b []byte, searched int) int {
	from := max(searched-len(headEnd)+1, 0)
	if n := bytes.Index(b[from:], headEnd); n >= 0 {
		return from + n + len(headEnd)
	}
	return 0
}

// isOdd says whether what came of a head cannot become one that is served here: its first line is none, or
// a line ends without CR. Its client may be waiting for the answer.
func isOdd(b []byte) bool {
	line, _, whole := bytes.Cut(b, lineEnd)
	return whole && !new(head).requestLine(string(line)) || bytes.Count(b, lineEnd[1:]) != bytes.Count(b, lineEnd)
}

// isHost reports whether s is a name or an address, with or without a port.
func isHost(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._:[]", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
