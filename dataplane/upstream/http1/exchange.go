package http1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// sendAtOnce is the largest body that the caller's goroutine writes itself, in bytes.
	// The buffers of two sockets hold it, so the write ends even if nobody reads.
	sendAtOnce = 64 << 10
	// afterSend is how long an answer may still come once sending the request has failed:
	// an upstream may refuse a body by answering and closing.
	afterSend = time.Second
	// sendRest is how long an upstream that has answered may take to read the rest of the
	// request, if the connection is to be used again.
	sendRest = 50 * time.Millisecond
	// maxInterim is how many 1xx answers may come before the real one.
	maxInterim = 5
)

// exchange is one request and its answer on one connection. It is also the answer's body.
type exchange struct {
	t    *Transport
	c    *conn
	ctx  context.Context
	stop func() bool // ends the watch over ctx
	resp http.Response

	// A large body is sent by a goroutine of its own, which ends before the exchange does.
	sent     chan struct{} // nil: it was sent before the answer was read
	sendErr  error         // to be read after sent is closed
	answered atomic.Bool   // the answer's headers are here

	framing framing
	left    int64   // of a body whose length is known
	chunks  chunked // of a chunked one
	err     error   // what every Read returns from now on
}

// begin sends the request on the connection, which it owns from now on, and reads the
// answer's head.
func begin(t *Transport, c *conn, r *http.Request) (*http.Response, error) {
	x := &exchange{t: t, c: c, ctx: r.Context()}
	x.resp.Request = r
	if x.ctx.Done() != nil {
		x.stop = context.AfterFunc(x.ctx, x.interrupt)
	}
	x.send()
	h, err := x.readHead()
	if err == nil {
		x.answered.Store(true)
		x.framing, err = h.frame(r.Method)
	}
	if err != nil {
		return nil, x.fail(err)
	}
	x.answer(h)
	return &x.resp, nil
}

// interrupt ends everything that waits when ctx is done. It runs in a goroutine of its own
// and touches only what may be touched from there.
func (x *exchange) interrupt() {
	x.c.close()
	_ = closeBody(x.resp.Request) // the cause of ctx is the error that counts
}

// send sends the request. How it ended is kept for fail: an answer may be there in spite
// of an error.
func (x *exchange) send() {
	r := x.resp.Request
	if r.Body != nil && (r.ContentLength <= 0 || r.ContentLength > sendAtOnce) && r.Body != http.NoBody {
		x.sent = make(chan struct{})
		go x.sendAside(r)
		return
	}
	x.sendErr = send(x.c.nc, r)
	if x.sendErr != nil {
		_ = x.c.nc.SetReadDeadline(time.Now().Add(afterSend)) // fails only if there is nothing to read
	}
	_ = closeBody(r) // it was read, or its error is noted
}

func (x *exchange) sendAside(r *http.Request) {
	defer close(x.sent)
	x.sendErr = send(x.c.nc, r)
	if x.sendErr != nil && !x.answered.Load() {
		_ = x.c.nc.SetReadDeadline(time.Now().Add(afterSend)) // as in send
	}
	_ = closeBody(r)
}

// readHead reads heads until one is no 1xx.
func (x *exchange) readHead() (head, error) {
	left := x.t.cfg.MaxHead
	for range maxInterim + 1 {
		raw, err := x.c.readHead(left)
		if err != nil {
			return head{}, err
		}
		left -= len(raw)
		h, err := parseHead(raw)
		if err != nil {
			return head{}, err
		}
		if h.status == http.StatusSwitchingProtocols {
			return head{}, errMalformed("101 was not asked for")
		}
		if h.status >= 200 {
			return h, nil
		}
	}
	return head{}, errMalformed("too many 1xx")
}

// readHead reads up to a blank line, which it leaves out. io.EOF means that not a byte came.
func (c *conn) readHead(limit int) (string, error) {
	if c.in.unread() == 0 { // wait before memory is taken
		if err := c.in.more(); err != nil {
			return "", err
		}
	}
	scratch := inputs.Get().(*[lentBuffer]byte)
	defer inputs.Put(scratch)
	text := scratch[:0]
	for {
		line, err := c.in.line()
		if len(text)+len(line) > limit {
			return "", errMalformed("headers larger than the limit")
		}
		// A line longer than the buffer comes in parts: the last of them is not blank.
		if n := len(text); n > 0 && text[n-1] == '\n' && (string(line) == "\r\n" || string(line) == "\n") {
			return string(text), nil
		}
		text = append(text, line...)
		if err == nil || errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && len(text) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
}

// answer fills in the response.
func (x *exchange) answer(h head) {
	resp := &x.resp
	resp.Status, resp.StatusCode, resp.Header = h.text, h.status, h.header
	resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.1", 1, h.minor
	if h.minor == 0 {
		resp.Proto = "HTTP/1.0"
	}
	resp.Close = !x.framing.persist
	resp.ContentLength = x.framing.length
	resp.Body = x
	switch {
	case x.framing.chunked:
		resp.ContentLength, resp.TransferEncoding = -1, chunkedEncoding
		delete(resp.Header, "Transfer-Encoding")
		x.chunks = chunked{in: &x.c.in}
	case x.framing.length == 0:
		x.end(io.EOF)
	default:
		x.left = x.framing.length
	}
}

var chunkedEncoding = []string{"chunked"}

// Read reads the answer's body.
func (x *exchange) Read(p []byte) (n int, err error) {
	if x.err != nil {
		return 0, x.err
	}
	switch {
	case x.framing.chunked:
		n, err = x.chunks.Read(p)
		if errors.Is(err, io.EOF) {
			err = x.trailer()
		}
	case x.left >= 0:
		if int64(len(p)) > x.left {
			p = p[:x.left]
		}
		n, err = x.c.in.Read(p)
		x.left -= int64(n)
		switch {
		case x.left == 0:
			err = io.EOF
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF
		}
	default: // until the connection closes
		n, err = x.c.in.Read(p)
	}
	if err != nil {
		x.end(err)
		err = x.err
	}
	return n, err
}

// Waiter gives a way to wait until the body of a response of ours has something to read; nil
// for other bodies.
func Waiter(body io.ReadCloser) func() {
	if x, ok := body.(*exchange); ok {
		return x.await
	}
	return nil
}

// await waits until Read has something to give, if only its error. Unlike a Read that
// waits, it needs no memory meanwhile, neither here nor of the caller.
func (x *exchange) await() {
	switch {
	case x.err != nil:
	case x.framing.chunked:
		x.chunks.await()
	case x.c.in.unread() == 0:
		_ = x.c.in.more() // an error is told by the next Read
	}
}

// trailer reads what follows the last chunk. Trailers are checked and dropped.
func (x *exchange) trailer() error {
	limit := x.t.cfg.MaxHead
	var raw []byte
	for {
		line, err := x.c.in.line()
		if err != nil {
			if errors.Is(err, bufio.ErrBufferFull) {
				return errMalformed("trailer")
			}
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		if string(line) == "\r\n" || string(line) == "\n" {
			if len(raw) > 0 {
				if _, err := parseFields(string(raw)); err != nil {
					return err
				}
			}
			return io.EOF
		}
		if raw = append(raw, line...); len(raw) > limit {
			return errMalformed("trailer larger than the limit")
		}
	}
}

// Close lets go of the answer. One that was not read to its end costs its connection.
func (x *exchange) Close() error {
	if x.err == nil {
		x.end(errClosed)
	}
	return nil
}

var errClosed = errors.New("http1: read of a closed body")

// end finishes the exchange, with io.EOF if the answer was read whole: then the connection
// goes back to the pool.
func (x *exchange) end(err error) {
	watched := x.stop == nil || x.stop() // false: interrupt runs or has run
	c := x.c
	if errors.Is(err, io.EOF) && watched && x.framing.persist && !x.resp.Request.Close && x.sentWhole() && c.in.unread() == 0 && c.in.err == nil {
		c.in.Release()
		x.t.pool.put(c)
	} else {
		c.close()
		c.in.Release()
		x.awaitSender()
	}
	if !watched && !errors.Is(err, io.EOF) && !errors.Is(err, errClosed) {
		err = context.Cause(x.ctx)
	}
	x.err = err
}

// sentWhole reports whether the upstream took the whole request, and waits a moment for
// that if it answered early.
func (x *exchange) sentWhole() bool {
	if x.sent != nil {
		late := time.NewTimer(sendRest)
		defer late.Stop()
		select {
		case <-x.sent:
		case <-late.C:
			return false
		}
	}
	return x.sendErr == nil
}

// awaitSender waits for the goroutine that sends the body. The connection is closed.
func (x *exchange) awaitSender() {
	if x.sent != nil {
		_ = closeBody(x.resp.Request) // should it wait for more of it
		<-x.sent
	}
}

// fail ends an exchange that has no answer and says why.
func (x *exchange) fail(err error) error {
	watched := x.stop == nil || x.stop()
	x.c.close()
	x.c.in.Release()
	x.awaitSender()
	switch {
	case !watched:
		return context.Cause(x.ctx)
	case x.sendErr != nil:
		return fmt.Errorf("http1: send request: %w", x.sendErr)
	}
	return fmt.Errorf("http1: read answer: %w", err)
}
