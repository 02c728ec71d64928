package http1

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
)

// maxFields bounds the header lines of an answer.
const maxFields = 512

// head is the parsed status line and headers of an answer.
type head struct {
	status int
	text   string // such as "200 OK"
	minor  int    // of HTTP/1.x
	header http.Header
}

// errMalformed says that the upstream does not speak HTTP as it should.
func errMalformed(what string) error {
	return textproto.ProtocolError("http1: malformed answer: " + what)
}

// parseHead parses everything up to the blank line, that one left out. A bare LF ends a
// line too; nothing else is forgiven.
func parseHead(raw string) (head, error) {
	line, rest := cutLine(raw)
	h, err := parseStatus(line)
	if err != nil {
		return head{}, err
	}
	h.header, err = parseFields(rest)
	return h, err
}

// cutLine cuts off the first line, without its end.
func cutLine(s string) (line, rest string) {
	n := strings.IndexByte(s, '\n')
	if n < 0 {
		return s, ""
	}
	return strings.TrimSuffix(s[:n], "\r"), s[n+1:]
}

func parseStatus(line string) (head, error) {
	const version = "HTTP/1."
	if len(line) < len("HTTP/1.1 200") || line[:len(version)] != version || line[8] != ' ' {
		return head{}, errMalformed("no status line of HTTP/1")
	}
	h := head{minor: int(line[7]) - '0', text: line[9:]}
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return head{}, errMalformed("status line")
		}
		h.status = 10*h.status + int(c-'0')
	}
	if h.minor != 0 && h.minor != 1 || h.status < 100 || !httpfield.ValidValue(line) || len(line) > 12 && line[12] != ' ' {
		return head{}, errMalformed("status line")
	}
	return h, nil
}

// parseFields parses header lines. The values share one array: most names have one.
func parseFields(raw string) (http.Header, error) {
	n := strings.Count(raw, "\n")
	if n > maxFields {
		return nil, errMalformed("too many headers")
	}
	header := make(http.Header, n)
	values := make([]string, 0, n)
	for raw != "" {
		var line string
		line, raw = cutLine(raw)
		name, value, found := strings.Cut(line, ":")
		name, ok := httpfield.Name(name)
		if !found || !ok { // folded lines begin with a space
			return nil, errMalformed("header line")
		}
		if value = httpfield.Trim(value); !httpfield.ValidValue(value) {
			return nil, errMalformed("header value")
		}
		if all, more := header[name]; more {
			header[name] = append(all, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return header, nil
}

// framing says how the end of an answer's body is found.
type framing struct {
	chunked bool
	length  int64 // when it is not chunked; -1: until the connection closes
	persist bool  // the connection may be used again afterwards
}

// frame derives the framing from the head. What two readers could understand in two ways
// is refused.
func (h *head) frame(method string) (framing, error) {
	f := framing{length: -1, persist: h.persists()}
	encodings, lengths := h.header["Transfer-Encoding"], h.header["Content-Length"]
	if len(encodings) > 0 {
		if h.minor == 0 || len(encodings) > 1 || !strings.EqualFold(encodings[0], "chunked") {
			return f, errMalformed("transfer-encoding")
		}
		f.chunked = true
		if len(lengths) > 0 { // the encoding counts, but who sends both may mean anything
			delete(h.header, "Content-Length")
			f.persist = false
		}
	} else if len(lengths) > 0 {
		n, err := parseLength(lengths)
		if err != nil {
			return f, err
		}
		h.header["Content-Length"] = lengths[:1]
		f.length = n
	}
	if method == http.MethodHead || h.status < 200 || h.status == http.StatusNoContent || h.status == http.StatusNotModified {
		f.chunked, f.length = false, 0
	}
	f.persist = f.persist && (f.chunked || f.length >= 0)
	return f, nil
}

// parseLength accepts repetitions of one length, but not two different ones.
func parseLength(all []string) (int64, error) {
	for _, v := range all {
		if v != all[0] || v == "" {
			return 0, errMalformed("content-length")
		}
	}
	for i := range len(all[0]) {
		if c := all[0][i]; c < '0' || c > '9' {
			return 0, errMalformed("content-length")
		}
	}
	n, err := strconv.ParseInt(all[0], 10, 64)
	if err != nil {
		return 0, errMalformed("content-length")
	}
	return n, nil
}

// persists reads the Connection header.
func (h *head) persists() bool {
	keep := h.minor == 1
	for _, v := range h.header["Connection"] {
		for option := range strings.SplitSeq(v, ",") {
			switch option = strings.Trim(option, " \t"); {
			case strings.EqualFold(option, "close"):
				return false
			case strings.EqualFold(option, "keep-alive"):
				keep = true
			}
		}
	}
	return keep
}
