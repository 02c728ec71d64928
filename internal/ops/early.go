package ops

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// Early words, as JSON, what net/http answers to a request that never reaches a handler: its head
// is too large or broken, or its Expect is not 100-continue. line is how the request's first line begins, cut after
// about twenty bytes.
type Early func(line string, status int) []byte

// earlyBegin and earlyEnd are what such an answer of net/http's has, and no answer of a handler's:
// those have a date. Only the answer to an expectation has one too, and then nothing else.
var (
	earlyBegin    = []byte("HTTP/1.")
	earlyEnd      = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	unexpected    = []byte("417 Expectation Failed\r\nConnection: close\r\nDate: ")
	unexpectedEnd = []byte(" GMT\r\nContent-Length: 0\r\n\r\n")
)

// answer gives the whole answer in place of net/http's; nil when this is none of those.
func (e Early) answer(line string, theirs []byte) []byte {
	first, _, found := bytes.Cut(theirs, []byte("\r\n"))
	if !found || len(first) < len("HTTP/1.1 400") {
		return nil
	}
	expects := bytes.HasPrefix(theirs[len("HTTP/1.1 "):], unexpected) && bytes.HasSuffix(theirs, unexpectedEnd)
	if !expects && !bytes.HasPrefix(theirs[len(first):], earlyEnd) {
		return nil
	}
	status, err := strconv.Atoi(string(first[len("HTTP/1.1 "):][:3]))
	if err != nil {
		return nil
	}
	body := e(line, status)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}
