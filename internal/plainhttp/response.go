package plainhttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
	"github.com/trunkline-ai/trunkline/internal/linger"
)

// unknown is the length of an answer whose handler does not say it.
const unknown = -1

// response is the answer to one request. Its handler's writes are held until they fill a buffer, are
// flushed, or are the whole answer.
type response struct {
	c       *conn
	body    *body // of the request
	header  http.Header
	status  int   // 0: no header was written yet
	length  int64 // that the handler has declared
	written int64
	endless bool // the handler wants none to be said
	typed   bool // the answer has a type, or needs none
	ended   bool // the head is, but for its framing
	sent    bool // the head is
	chunked bool
	last    bool // the connection ends with this answer
	linger  bool // and some of the request was not read
	err     error
	out     output
}

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter. Interim answers are not sent: nobody needs them.
func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	if w.status != 0 || status < http.StatusOK {
		return
	}
	w.status = status
	w.writeHead()
}

// Write implements http.ResponseWriter.
func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case len(b) == 0:
		return 0, nil
	case !bodyAllowed(w.status):
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(b))
	if w.length != unknown && w.written > w.length {
		return 0, http.ErrContentLength
	}
	w.endHead(b)
	if w.err == nil && !w.out.add(b) {
		w.send(b, false)
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(b), nil
}

// FlushError is what http.ResponseController calls.
func (w *response) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.err == nil && (!w.sent || w.out.held() > 0) {
		w.send(nil, false)
	}
	return w.err
}

// Flush implements http.Flusher.
func (w *response) Flush() { _ = w.FlushError() }

// SetReadDeadline is what http.ResponseController calls.
func (w *response) SetReadDeadline(t time.Time) error {
	w.c.reads.want(t)
	return nil
}

// SetWriteDeadline is what http.ResponseController calls.
func (w *response) SetWriteDeadline(t time.Time) error {
	w.c.writes.want(t)
	return nil
}

// finish sends what is left, and says whether another request may follow.
func (w *response) finish() (again bool) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.err == nil {
		w.send(nil, true)
	}
	if w.err != nil || w.length != unknown && w.written != w.length && bodyAllowed(w.status) {
		return false
	}
	if w.last && w.linger {
		w.lingerOn()
	}
	return !w.last
}

// lingerOn ends the answer's half of the connection, and takes what is left of the request off the other.
func (w *response) lingerOn() {
	if w.c.tcp.CloseWrite() == nil {
		linger.Default.Rest(readerFunc(w.body.rest), w.c.reads.want)
	}
}

// writeHead puts the head into the buffer, but for what says how long the answer is.
func (w *response) writeHead() {
	out := &w.out
	out.begin()
	out.text("HTTP/1.1 ")
	out.number(int64(w.status), 10)
	if text := http.StatusText(w.status); text != "" {
		out.text(" " + text)
	} else {
		out.text(" status code " + strconv.Itoa(w.status))
	}
	out.text("\r\n")
	w.typed = !bodyAllowed(w.status)
	dated := false
	for name, values := range w.header {
		switch name {
		case "Content-Length":
			w.declare(values)
			continue
		case "Transfer-Encoding":
			w.typed = true
			continue
		case "Connection":
			w.last = w.last || asksToClose(values)
			continue
		case "Content-Type", "Content-Encoding":
			w.typed = true
		case "Date":
			dated = true
		}
		if !httpfield.ValidName(name) {
			continue
		}
		for _, v := range values {
			out.field(name, v)
		}
	}
	if !dated {
		out.bytes(w.c.s.dateLine())
	}
	if w.length != unknown {
		out.text("Content-Length: ")
		out.number(w.length, 10)
		out.text("\r\n")
	}
}

// endHead ends the head, before the first bytes of the body, or none. If it has to say how long the answer
// is, it does so when that is known.
func (w *response) endHead(body []byte) {
	if w.ended {
		return
	}
	w.ended = true
	if !w.body.discard() { // clients may write all before they read
		w.last, w.linger = true, true
	}
	if w.last = w.last || w.c.s.stops.Load(); w.last {
		w.out.text("Connection: close\r\n")
	}
	if !w.typed && len(body) > 0 {
		w.out.field("Content-Type", http.DetectContentType(body))
	}
	w.out.endHead(w.framed())
}

// framed says whether the end of the answer is known without a word of ours.
func (w *response) framed() bool { return w.length != unknown || !bodyAllowed(w.status) }

func (w *response) declare(values []string) {
	switch {
	case len(values) == 0:
		w.endless = true
		return
	case !bodyAllowed(w.status):
		return
	}
	if n, err := strconv.ParseInt(values[0], 10, 64); err == nil && n >= 0 {
		w.length = n
	}
}

func asksToClose(values []string) bool {
	for _, v := range values {
		for option := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(option, " \t"), "close") {
				return true
			}
		}
	}
	return false
}

// send writes what is held and b to the connection. At the end of an answer final says so.
func (w *response) send(b []byte, final bool) {
	w.endHead(nil)
	if !w.framed() && !w.sent {
		if w.chunked = !final || w.endless; !w.chunked {
			w.out.frameLength()
		}
	}
	var pieces [4][]byte
	n := 0
	switch {
	case w.chunked:
		n = w.out.frameChunk(&pieces, b, !w.sent, final)
	case w.out.size() > 0:
		pieces[0] = w.out.all()
		n = 1
		if len(b) > 0 {
			pieces[1] = b
			n = 2
		}
	case len(b) > 0:
		pieces[0], n = b, 1
	}
	w.sent = true
	if n > 0 {
		if w.err = w.c.write(pieces[:n]); w.err != nil {
			w.c.cancelRequests() // for whatever else the request does
		} else if !final {
			w.c.seen()
		}
	}
	w.out.release()
}

// bodyAllowed says whether answers with a status have a body.
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// date is the line that tells the time, for one second.
type date struct {
	second int64
	line   []byte
}

func (s *Server) dateLine() []byte {
	now := time.Now()
	d := s.date.Load()
	if d == nil || d.second != now.Unix() {
		d = &date{now.Unix(), []byte("Date: " + now.UTC().Format(http.TimeFormat) + "\r\n")}
		s.date.Store(d)
	}
	return d.line
}
