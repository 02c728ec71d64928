package http1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
)

// checkRequest refuses what would not arrive as it is meant, above all header values that
// could begin a line of their own.
func checkRequest(r *http.Request) error {
	if !httpfield.ValidName(r.Method) {
		return fmt.Errorf("http1: method %q is not valid", r.Method)
	}
	if host := hostOf(r); !httpfield.ValidValue(host) || host == "" {
		return errors.New("http1: the host is not valid")
	}
	if !httpfield.ValidValue(r.URL.RawQuery) || strings.Contains(r.URL.RawQuery, " ") {
		return errors.New("http1: the query is not valid")
	}
	for name, values := range r.Header {
		if !httpfield.ValidName(name) {
			return fmt.Errorf("http1: header name %q is not valid", name)
		}
		for _, v := range values {
			if !httpfield.ValidValue(v) {
				return fmt.Errorf("http1: the value of header %s is not valid", name) // it may be a secret
			}
		}
	}
	return nil
}

func hostOf(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// sender writes requests through a buffer that many connections share in turn.
type sender struct {
	bw   *bufio.Writer
	left int64 // bytes of the body that may still come
}

var senders = sync.Pool{New: func() any { return &sender{bw: bufio.NewWriterSize(nil, 16<<10)} }}

// send writes a request. A body that is not as long as announced is an error, and what is
// too much of it never sent.
func send(w io.Writer, r *http.Request) error {
	s := senders.Get().(*sender)
	s.bw.Reset(w)
	defer func() {
		s.bw.Reset(nil)
		senders.Put(s)
	}()
	chunked := r.Body != nil && r.Body != http.NoBody && r.ContentLength <= 0
	s.head(r, chunked)
	if r.Body != nil && r.Body != http.NoBody {
		if err := s.body(r, chunked); err != nil {
			return err
		}
	}
	return s.bw.Flush()
}

// head leaves errors to the flush, as bufio does.
func (s *sender) head(r *http.Request, chunked bool) {
	w := s.bw
	_, _ = w.WriteString(r.Method)
	_ = w.WriteByte(' ')
	_, _ = w.WriteString(r.URL.RequestURI())
	_, _ = w.WriteString(" HTTP/1.1\r\n")
	s.field("Host", hostOf(r))
	for name, values := range r.Header {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer":
			continue // ours to say
		}
		for _, v := range values {
			s.field(name, v)
		}
	}
	if r.Close {
		s.field("Connection", "close")
	}
	switch {
	case chunked:
		s.field("Transfer-Encoding", "chunked")
	case r.ContentLength > 0 || r.Method != http.MethodGet && r.Method != http.MethodHead:
		_, _ = w.WriteString("Content-Length: ")
		_, _ = w.Write(strconv.AppendInt(w.AvailableBuffer(), max(r.ContentLength, 0), 10))
		_, _ = w.WriteString("\r\n")
	}
	_, _ = w.WriteString("\r\n")
}

func (s *sender) field(name, value string) {
	_, _ = s.bw.WriteString(name)
	_, _ = s.bw.WriteString(": ")
	_, _ = s.bw.WriteString(value)
	_, _ = s.bw.WriteString("\r\n")
}

func (s *sender) body(r *http.Request, chunked bool) error {
	if chunked {
		w := httputil.NewChunkedWriter(s.bw)
		if _, err := io.Copy(w, r.Body); err != nil {
			return bodyError(err)
		}
		if err := w.Close(); err != nil {
			return err
		}
		_, err := s.bw.WriteString("\r\n")
		return err
	}
	s.left = r.ContentLength
	_, err := io.Copy(s, r.Body) // uses the body's WriteTo if it has one, else ReadFrom below
	if err != nil {
		return bodyError(err)
	}
	if s.left > 0 {
		return bodyError(fmt.Errorf("%d bytes are missing: %w", s.left, io.ErrUnexpectedEOF))
	}
	return nil
}

var errTooLong = errors.New("it is longer than declared")

// Write takes a part of the body.
func (s *sender) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		return 0, errTooLong
	}
	n, err := s.bw.Write(p)
	s.left -= int64(n)
	return n, err
}

// ReadFrom takes the whole body, through the buffer that is there.
func (s *sender) ReadFrom(body io.Reader) (int64, error) {
	n, err := s.bw.ReadFrom(io.LimitReader(body, s.left))
	s.left -= n
	if err != nil || s.left > 0 {
		return n, err
	}
	var one [1]byte
	if k, _ := io.ReadFull(body, one[:]); k > 0 {
		return n, errTooLong
	}
	return n, nil
}

func bodyError(err error) error { return fmt.Errorf("http1: send the request's body: %w", err) }
