package plainhttp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/internal/rawsocket"
)

// What a connection does. What is above that is the tick of the watch at which its request began, or was
// last sent something.
const (
	closed = -1
	idle   = 0
)

// conn is one connection. One goroutine serves it.
type conn struct {
	s      *Server
	nc     net.Conn
	tcp    *net.TCPConn      // of nc
	sock   *rawsocket.Socket // of tcp
	remote string
	in     input
	posted bool // the request before was a POST
	since  atomic.Int64

	reads, writes deadline

	mu     sync.Mutex
	cancel context.CancelFunc // of the request that is under way; guarded by mu
	ended  bool               // the client is gone, or nothing is served any more; guarded by mu
}

// serve serves requests until the connection is closed, or is another server's.
func (c *conn) serve() {
	handed := false
	defer func() {
		switch p := recover(); p {
		case nil, http.ErrAbortHandler: // how an answer is cut on purpose
		default:
			c.s.cfg.Log.Printf("http: panic serving %v: %v\n%s", c.remote, p, debug.Stack())
		}
		if !handed {
			_ = c.nc.Close()
		}
		c.in.Release()
		c.s.forget(c)
	}()
	for first := true; !c.s.stops.Load(); first = false {
		h, size, err := c.next(first)
		if errors.Is(err, errOther) {
			handed = c.handOver()
			return
		}
		if err != nil {
			return
		}
		if c.in.r += size; c.in.r == c.in.w {
			c.in.Release()
		}
		if !c.exchange(h) {
			return
		}
		c.since.Store(idle)
	}
}

// errOther says that another server must see what has come.
var errOther = errors.New("not an ordinary request")

// next waits for the next head. It stays unread.
func (c *conn) next(first bool) (h head, size int, err error) {
	now := time.Now()
	if c.in.lent == nil {
		wait := c.s.cfg.IdleTimeout
		if first {
			wait = c.s.cfg.HeadTimeout
		}
		c.reads.want(now.Add(wait))
		if err = c.fill(now); err != nil {
			return head{}, 0, err
		}
	}
	if !c.since.CompareAndSwap(idle, c.s.ticks.Load()+1) {
		return head{}, 0, net.ErrClosed
	}
	if c.posted {
		if err := c.skipLineEnds(); err != nil {
			return head{}, 0, err
		}
	}
	if c.in.r > 0 { // behind another request
		c.in.r, c.in.w = 0, copy(c.in.lent[:], c.in.unread())
	}
	for searched := 0; ; {
		b := c.in.unread()
		if b[0] != 'P' && b[0] != 'G' {
			return head{}, 0, errOther
		}
		if size = findHead(b, searched); size > 0 {
			break
		}
		if len(b) == len(c.in.lent) || isOdd(b) {
			return head{}, 0, errOther
		}
		if searched == 0 { // from now on it takes time
			c.reads.want(time.Now().Add(c.s.cfg.HeadTimeout))
		}
		searched = len(b)
		if err := c.more(); err != nil {
			return head{}, 0, err
		}
	}
	h, ok := parse(string(c.in.unread()[:size]))
	if !ok || c.s.cfg.Serves != nil && !c.s.cfg.Serves(h.url.Path) {
		return head{}, 0, errOther
	}
	return h, size, nil
}

// skipLineEnds takes what old clients send behind the body of a POST: line ends, of which net/http takes
// four bytes too.
func (c *conn) skipLineEnds() error {
	for skipped := 0; ; skipped++ {
		if c.in.r == c.in.w {
			c.in.r, c.in.w = 0, 0
			c.reads.want(time.Now().Add(c.s.cfg.HeadTimeout))
			if err := c.more(); err != nil {
				return err
			}
		}
		if b := c.in.lent[c.in.r]; skipped == 4 || b != '\r' && b != '\n' {
			return nil
		}
		c.in.r++
	}
}

// fill waits for bytes, and takes a buffer only when there are some.
func (c *conn) fill(now time.Time) (err error) {
	c.reads.begin(now)
	defer c.reads.end()
	for {
		if c.in.w, err = c.sock.ReadLent(&c.in); !c.reads.early(err) {
			return err
		}
	}
}

// read waits for bytes.
func (c *conn) read(p []byte) (n int, err error) {
	c.reads.begin(time.Now())
	defer c.reads.end()
	for {
		if n, err = c.sock.Read(p); n > 0 || !c.reads.early(err) {
			return n, err
		}
	}
}

// write sends all pieces.
func (c *conn) write(pieces [][]byte) (err error) {
	c.writes.begin(time.Now())
	defer c.writes.end()
	if len(pieces) == 1 {
		for rest, n := pieces[0], 0; ; rest = rest[n:] {
			if n, err = c.sock.Write(rest); !c.writes.early(err) {
				return err
			}
		}
	}
	rest := append(net.Buffers(nil), pieces...)
	for {
		if _, err = rest.WriteTo(c.tcp); !c.writes.early(err) {
			return err
		}
	}
}

// more reads more of a head.
func (c *conn) more() error {
	n, err := c.read(c.in.lent[c.in.w:])
	c.in.w += n
	switch {
	case n > 0:
		return nil
	case errors.Is(err, io.EOF):
		return errOther // it may be worth an answer
	}
	return err
}

// handOver gives the connection to the other server; false: it is closed already.
func (c *conn) handOver() bool {
	if c.nc.SetDeadline(time.Time{}) != nil {
		return false
	}
	c.s.other.handOver(&begun{Conn: c.nc, read: append([]byte(nil), c.in.unread()...)})
	return true
}

// closeIdle closes the connection if it waits for a request.
func (c *conn) closeIdle() {
	if c.since.CompareAndSwap(idle, closed) {
		_ = c.nc.Close()
	}
}

// exchange is what a request and its answer need beside the request itself, in one piece of memory.
type exchange struct {
	body body
	resp response
}

// exchange serves one request, and says whether another may follow. When it panics the answer is cut.
func (c *conn) exchange(h head) (again bool) {
	c.s.begin()
	defer c.s.active.Add(-1)
	c.posted = h.method == http.MethodPost
	ctx, cancel := context.WithCancel(c.s.base)
	defer cancel()
	c.setCancel(cancel)
	defer c.setCancel(nil)
	x := new(exchange)
	x.body.c, x.body.left = c, h.length
	r := (&http.Request{
		Method: h.method, URL: h.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h.header, Body: &x.body, ContentLength: h.length, Host: h.host, RemoteAddr: c.remote, RequestURI: h.target,
	}).WithContext(ctx)
	if h.length == 0 {
		r.Body = http.NoBody
	}
	c.reads.want(time.Now().Add(c.s.cfg.BodyTimeout))
	c.writes.want(time.Time{})
	x.resp = response{c: c, body: &x.body, header: make(http.Header, 8), length: unknown}
	defer x.end()
	c.s.cfg.Handler.ServeHTTP(&x.resp, r)
	return x.resp.finish()
}

// setCancel notes how to end the context of the request that is under way; nil: none is. It is no child of one of the
// connection: to join and leave a parent costs more than to make a context.
func (c *conn) setCancel(cancel context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel = cancel; c.ended && cancel != nil {
		cancel()
	}
}

// cancelRequests ends the contexts of the request that is under way and of all that follow.
func (c *conn) cancelRequests() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.cancel != nil {
		c.cancel()
	}
}

// errOver is told to who goes on with a request whose handler has returned.
var errOver = errors.New("http: the request is over")

// end lets nobody read or write any more: what follows on the connection is another request's.
func (x *exchange) end() {
	_ = x.body.Close() // it has nothing to tell
	x.resp.err = errOver
	x.resp.out.release()
}
