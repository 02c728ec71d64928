package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// request is the bytes of one request, made once and sent as they are, and what its answer
// must have.
type request struct {
	bytes  []byte
	stream bool
	has    string // in an answer that is no stream
	end    string // of a stream
}

// door is what a system wants in its requests; a peer may want another than Trunkline.
type door struct {
	path, key string
	model     string // of the request; * stands for the upstream's
}

var ownDoor = door{path: "/v1/chat/completions", key: clientKey, model: "*"}

// newRequest posts a body.
func newRequest(path, key string, body []byte) request {
	return request{bytes: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: gateway.test\r\n"+
		"Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, key, len(body), body)}
}

// chat asks for a chat completion with a body of about the given size.
func (d door) chat(model string, stream bool, bodySize int) request {
	model = strings.ReplaceAll(d.model, "*", model)
	const head, tail = `{"model":%q,"stream":%t,"messages":[{"role":"user","content":"`, `"}]}`
	body := fmt.Appendf(nil, head, model, stream)
	const text = "All work and no play makes the gateway a dull box. "
	for len(body)+len(tail) < bodySize {
		body = append(body, text[:min(len(text), bodySize-len(body)-len(tail))]...)
	}
	body = append(body, tail...)
	r := newRequest(d.path, d.key, body)
	r.stream, r.has, r.end = stream, `"choices"`, done
	return r
}

// answerTime bounds one answer, so that a system that hangs does not hang the bench.
const answerTime = 60 * time.Second

// client is one connection of the load generator. It speaks just enough HTTP/1.1 to be
// cheap, and checks every answer.
type client struct {
	address string
	conn    net.Conn
	br      *bufio.Reader
	buf     []byte
	first   func() // called at the first bytes of a stream; may be nil
}

func newClient(address string) *client {
	return &client{address: address, buf: make([]byte, 32<<10)}
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing is under way
		c.conn = nil
	}
}

func (c *client) read(r io.Reader) { c.br = bufio.NewReader(r) }

// do sends a request and reads the answer to its end. chunks is the number of events of a
// stream. After an error the next request gets a new connection.
func (c *client) do(r request) (chunks int, err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := c.send(r); err != nil {
		return 0, err
	}
	return c.answer(r)
}

// refused sends a request that must be answered with a 500.
func (c *client) refused(r request) (err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := c.send(r); err != nil {
		return err
	}
	length, err := c.head("HTTP/1.1 500")
	if err != nil {
		return err
	}
	if length < 0 {
		return errors.New("the error has no length")
	}
	_, err = c.br.Discard(int(length))
	return err
}

func (c *client) send(r request) (err error) {
	if c.conn == nil {
		if c.conn, err = net.Dial("tcp", c.address); err != nil {
			return err
		}
		c.read(c.conn)
	}
	if err := c.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	_, err = c.conn.Write(r.bytes)
	return err
}

func (c *client) answer(r request) (chunks int, err error) {
	length, err := c.head("HTTP/1.1 200")
	if err != nil {
		return 0, err
	}
	if r.stream {
		return c.events(r.end)
	}
	return 0, c.plain(length, r.has)
}

// head reads status and headers; a length below zero means a chunked body.
func (c *client) head(want string) (length int64, err error) {
	line, err := c.br.ReadSlice('\n')
	if err != nil {
		return 0, fmt.Errorf("read status: %w", err)
	}
	status := strings.TrimSpace(string(line))
	if !strings.HasPrefix(status, want) {
		rest, _ := c.br.Peek(c.br.Buffered()) // for the message only
		return 0, fmt.Errorf("answered %q: %.300s", status, rest)
	}
	length = -1
	for {
		line, err := c.br.ReadSlice('\n')
		if err != nil {
			return 0, fmt.Errorf("read headers: %w", err)
		}
		if len(line) <= 2 {
			return length, nil
		}
		if name := []byte("content-length:"); len(line) > len(name) && bytes.EqualFold(line[:len(name)], name) {
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(line[len(name):])), 10, 64); err != nil {
				return 0, fmt.Errorf("read headers: %w", err)
			}
		}
	}
}

// plain reads an answer that is not streamed.
func (c *client) plain(length int64, has string) error {
	var body io.Reader = io.LimitReader(c.br, length)
	if length < 0 {
		body = httputil.NewChunkedReader(c.br)
	}
	n, err := io.ReadFull(body, c.buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read answer: %w", err)
	}
	if !bytes.Contains(c.buf[:n], []byte(has)) || length >= 0 && int64(n) != length {
		return fmt.Errorf("the answer is not whole: %.200s", c.buf[:n])
	}
	if length < 0 {
		return c.blankLine()
	}
	return nil
}

// events reads a stream and counts its events. It must end as such a stream ends by itself.
func (c *client) events(end string) (chunks int, err error) {
	body := httputil.NewChunkedReader(c.br)
	tail := make([]byte, len(end)) // the last bytes so far
	var previous byte
	for {
		n, err := body.Read(c.buf)
		if n > 0 {
			if chunks == 0 && c.first != nil {
				c.first()
			}
			got := c.buf[:n]
			chunks += bytes.Count(got, []byte("\n\n"))
			if previous == '\n' && got[0] == '\n' {
				chunks++
			}
			previous = got[n-1]
			if n >= len(tail) {
				copy(tail, got[n-len(tail):])
			} else {
				copy(tail, tail[n:])
				copy(tail[len(tail)-n:], got)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return chunks, fmt.Errorf("read stream: %w", err)
		}
	}
	if string(tail) != end {
		return chunks, fmt.Errorf("the stream does not end with %q but with %q", strings.TrimSpace(end), tail)
	}
	return chunks, c.blankLine()
}

// done ends a stream of chat completions.
const done = "\ndata: [DONE]\n\n"

// blankLine reads the end of a chunked body.
func (c *client) blankLine() error {
	line, err := c.br.ReadSlice('\n')
	if err != nil || len(bytes.TrimSpace(line)) > 0 {
		return fmt.Errorf("read the end of a chunked body: %q, %w", line, err)
	}
	return nil
}
